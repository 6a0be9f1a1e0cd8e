#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/lib/limit.sh: what a run of the tests does when its time is up.
# shellcheck source=tests/package/common.sh
source "$(dirname "$0")/common.sh"
# shellcheck source=scripts/lib/limit.sh
source "$source_dir/scripts/lib/limit.sh"
command -v timeout >/dev/null || exit 77

now() {
    date +%s
}

without_a_limit_a_command_runs() {
    unset FIRTH_TEST_UNTIL
    within touch ran && [ -e ran ] && [ -z "$was_cut" ] && ! within false && [ -z "$was_cut" ]
}

in_time_a_command_has_its_own_status() {
    FIRTH_TEST_UNTIL=$(($(now) + 60))
    within sh -c 'exit 3'
    [ $? -eq 3 ] && [ -z "$was_cut" ]
}

after_it_nothing_is_begun() {
    FIRTH_TEST_UNTIL=$(now)
    ! within touch begun && [ ! -e begun ] && [ -n "$was_cut" ]
}

# And so is what it started in turn, which else would hold the other end of the pipe for a minute.
a_command_is_ended_with_what_it_started() {
    FIRTH_TEST_UNTIL=$(($(now) + 2))
    (within sh -c 'sleep 60 & touch started; wait' | cat) || true
    [ -e started ] && [ "$(now)" -lt "$((FIRTH_TEST_UNTIL + 30))" ]
}

# The log of a ctest that was ended in the middle.
what_had_been_found_out_counts() {
    cat >log <<'END'
      Start  1: first_test
 1/20 Test  #1: first_test ...............   Passed    0.10 sec
 2/20 Test  #2: second/of_test ...........***Failed    1.20 sec
[ RUN      ] a_case
 3/20 Test  #3: third_test ...............***Skipped   0.00 sec
 4/20 Test  #4: fourth_test ..............***Exception: SegFault  0.30 sec
 5/20 Test  #5: fifth_test ...............Subprocess terminated***Exception:   0.48 sec
END
    cat >expected <<'END'
PASS first_test
FAIL second/of_test: Failed
SKIP third_test: as its log says
FAIL fourth_test: Exception
END
    diff -u expected <(results_of_cut log)
}

check without_a_limit_a_command_runs without_a_limit_a_command_runs
check in_time_a_command_has_its_own_status in_time_a_command_has_its_own_status
check after_it_nothing_is_begun after_it_nothing_is_begun
check a_command_is_ended_with_what_it_started a_command_is_ended_with_what_it_started
check what_had_been_found_out_counts what_had_been_found_out_counts
finish
