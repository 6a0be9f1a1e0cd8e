#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tests of tests/tcp whose peers are plain sockets, with Firth on lwIP and those peers on the kernel's TCP, over a TAP
# device in a network namespace of its own: suite_test.sh TESTS, the folder with tcp_…_test. See kernel.c.
# shellcheck source=tests/lwip/tap.sh
source "$(dirname "$0")/tap.sh"
set -uo pipefail
export LC_ALL=C FIRTH_TEST_BACKEND=lwip FIRTH_TEST_KERNEL="${lwip[ipv4]} ${kernel[ipv4]}"

folder=$1
programs=(accept bind cancel close connect flush happy_eyeballs lines reset stalled)
failures=0

# What is left out, and why: PROGRAM CASE WHY.
left_out() {
    cat <<'END'
accept flood_of_clients_does_not_starve_the_other_tasks more clients are to wait than lwIP's backlog, a byte, may count
bind ipv6_only_is_what_the_builder_says_and_never_the_system it asks the system of a descriptor
bind port_that_somebody_listens_on_is_in_use the system's code, which lwIP has not
bind system_port_needs_permission lwIP has no permissions
bind reuse_port_lets_two_servers_share_a_port_and_both_get_clients lwIP has no reuse_port
bind backlog_is_what_the_builder_says it asks the system of a descriptor
bind scope_id_of_a_link_local_address_survives_the_round_trip it names interfaces of the system's
cancel cancelled_close_still_runs_to_its_linger_deadline lwIP's buffers are not filled to the last byte, so its last ones may fit
close close_wakes_a_suspended_reader_and_writer_with_closed lwIP's buffers are not filled to the last byte, so its last ones may fit
close close_with_a_peer_that_never_reads_ends_at_the_linger_deadline lwIP's buffers are not filled to the last byte, so its last ones may fit
connect connect_to_a_closed_port_is_refused_within_a_second the system's code, which is lwIP's own there
connect connect_to_oneself_is_refused the port that nobody has is one of the kernel's
connect connect_binds_the_local_address_it_is_given lwIP's loopback has no other address
connect connect_takes_a_name lwIP's resolver knows no localhost of this network
flush ten_small_writes_between_two_suspensions_leave_as_one_segment it asks the system how many segments left
flush ten_small_writes_before_a_flush_leave_as_one_segment it asks the system how many segments left
flush error_of_a_flush_on_one_s_behalf_is_told_by_the_next_call a reset comes when lwIP takes the frame, not at once
happy_eyeballs loser_that_connects_in_the_end_is_closed lwIP's sockets are no descriptors, which it counts
reset bytes_that_arrived_before_a_reset_are_read_before_it the kernel throws away what it has not sent yet
END
}

# cases PROGRAM LOG: PASS, FAIL or SKIP for each case that cmocka names.
cases() {
    sed -n -e "s/^\[       OK \] /PASS $1: /p" -e "s/^\[  SKIPPED \] /SKIP $1: /p" "$2"
    sed -n -e "s/^\[ RUN      \] //p" "$2" | while read -r name; do
        grep -qx "\[\(       OK \|  SKIPPED \)\] $name" "$2" || printf 'FAIL %s: %s: see the output\n' "$1" "$name"
    done
}

# run PROGRAM
run() {
    local log status=0 without
    log=$(mktemp)
    without=$(left_out | awk -v of="$1" '$1 == of { printf "%s ", $2 }')
    left_out | awk -v of="$1" '$1 == of { name = $2; sub(/^[^ ]+ +[^ ]+ +/, ""); print "SKIP tcp_" of "_test: " name ": " $0 }'
    FIRTH_TEST_WITHOUT=$without timeout 120 "$folder/tcp_$1_test" >"$log" 2>&1 </dev/null || status=$?
    cases "tcp_$1_test" "$log"
    if [ "$status" -ne 0 ]; then
        failures=$((failures + 1))
        grep -q '^\[  FAILED  \]' "$log" || printf 'FAIL tcp_%s_test: ended with exit code %s\n' "$1" "$status"
        cat "$log" >&2
    fi
    rm -f "$log"
}

if [ -z "${FIRTH_TAP_TEST_INSIDE:-}" ]; then
    if ! why=$(may_enter); then
        printf 'SKIP tests/tcp with the kernel: %s\n' "$why"
        exit 77
    fi
    FIRTH_TAP_TEST_INSIDE=1 exec unshare -n bash "$0" "$@"
fi
make_network
for program in "${programs[@]}"; do
    run "$program"
done
exit "$((failures > 0))"
