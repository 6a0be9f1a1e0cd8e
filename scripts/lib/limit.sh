# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A run with a time limit: FIRTH_TEST_UNTIL, in seconds since 1970; without it there is none. What the time does not
# suffice for is ended, and said to be left out: a slow machine runs less, and not longer.

time_left() {
    echo $((${FIRTH_TEST_UNTIL:-9999999999} - $(date +%s)))
}

time_is_up() {
    [ "$(time_left)" -le 0 ]
}

# within COMMAND…: ended with all that it started when the time is up, and not begun if it is already; was_cut says so.
was_cut=
within() {
    local status=0
    if [ -z "${FIRTH_TEST_UNTIL:-}" ]; then
        "$@"
        return
    fi
    if time_is_up; then
        status=124
    else
        timeout --kill-after=10 "$(time_left)" "$@" || status=$?
    fi
    [[ $status != @(124|137) ]] || ! time_is_up || was_cut=yes
    return "$status"
}

# results_of_cut LOG: the verdicts of the programs that ctest had run when it was ended. Those it was running are no more
# than ended too.
results_of_cut() {
    sed -n -E -e '/Subprocess (terminated|killed)/d' \
        -e 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) \.* +Passed .*/PASS \1/p' \
        -e 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) \.*\*\*\*(Not Run|Skipped).*/SKIP \1: as its log says/p' \
        -e 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) \.*(.*)\*\*\*([A-Za-z]+).*/FAIL \1: \3/p' "$1"
}
