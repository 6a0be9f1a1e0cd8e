#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The test of the conformance kit: it passes on a good backend behind the table that plants bugs, and for each bug the
# case named in planted.h fails - one that has just passed without it, so that it fails for the bug and nothing else.
# Usage: planted_test.sh PROGRAM BACKEND
set -uo pipefail
export LC_ALL=C

program=$1
backend=$2
failures=0

# The simulator's sockets are no descriptors and raise no signals, its wakes and waits are its own, and no report of its
# is on the way anywhere; and what a bug does there may be the seed's choice.
seeds=()
elsewhere=" "
if [ "$backend" = sim ]; then
    seeds=(--seeds 5)
    elsewhere=" cancel-loses-bytes stale-event signal-raised poll-never-waits poll-rounds-down wake-once client-twice"
    elsewhere+=" descriptor-leaked "
fi

# the_kit BUG LIMIT [CASE]
the_kit() {
    local bug=$1 limit_s=$2
    shift 2
    "$program" "$backend" --bug "$bug" --quick --limit-s "$limit_s" "${seeds[@]}" "$@" 2>&1
}

say() {
    printf '%s %s\n' "$1" "$2"
    [ "$1" = PASS ] || failures=$((failures + 1))
}

# With the kit failing on a good backend nothing that follows would prove anything.
if output=$(the_kit none 60); then
    say PASS the_kit_passes_without_a_bug
else
    grep -v '^PASS ' <<<"$output"
    exit 1
fi

# In the simulator a seed decides everything: the command that a failure prints shows it again, to the letter.
shows_it_again() {
    local again=${1##*; again with: }
    [ "$backend" != sim ] || grep -qxF -e "$1" <<<"$(bash -c "$again" 2>&1)"
}

while IFS=: read -r bug finder what; do
    [[ $bug = none || $elsewhere == *" $bug "* ]] && continue
    if ! output=$(the_kit none 5 "$finder"); then
        say FAIL "the_kit_finds_$bug: without the bug $finder does not pass either: $(tail -n 1 <<<"$output")"
        continue
    fi
    output=$(the_kit "$bug" 5 "$finder")
    status=$?
    finding=$(grep -m 1 "^FAIL $finder: " <<<"$output")
    if [ "$status" -eq 1 ] && [ -n "$finding" ] && ! shows_it_again "$finding"; then
        say FAIL "the_kit_finds_$bug: its command does not show it again: $finding"
    elif [ "$status" -eq 1 ] && [ -n "$finding" ]; then
        say PASS "the_kit_finds_$bug, by ${finding#FAIL }"
    else
        tail -n 5 <<<"$output" | sed 's/^/    /'
        say FAIL "the_kit_finds_$bug: exit code $status from $finder, though $what"
    fi
done < <("$program" --bugs)
[ "$failures" -eq 0 ]
