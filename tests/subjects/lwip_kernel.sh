#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# lwip_kernel.sh KIT connects|accepts [--tls]: the kit with lwIP at one end of each connection and the kernel's TCP at the
# other, over a TAP device in a network namespace of its own. See lwip_kernel.c.
# shellcheck source=tests/lwip/tap.sh
source "$(dirname "$0")/../lwip/tap.sh"
set -euo pipefail
export LC_ALL=C FIRTH_TEST_KERNEL="${lwip[ipv4]} ${kernel[ipv4]} ${lwip[ipv6]} ${kernel[ipv6]}"

# Cases of the table, of servers, options and clocks alone: they run on either backend by itself.
left_out=(
    the_table_has_every_slot_it_needs
    a_selector_can_be_opened_and_closed_many_times
    an_attempt_at_accept_without_a_client_would_wait
    a_socket_without_a_connection_has_no_peer
    sockets_that_are_opened_and_closed_unused_leave_nothing
    port_0_becomes_a_real_port
    a_port_that_somebody_listens_on_is_in_use
    an_address_of_another_machine_is_not_available
    closing_a_server_wakes_accept_and_frees_the_port_ten_times
    a_sleep_is_never_early
    a_sleep_does_not_spin
    sleepers_wake_in_the_order_of_their_deadlines
    another_thread_ends_the_longest_wait
    no_wake_of_a_thousand_is_lost
    a_wake_before_the_wait_ends_the_wait
    a_very_long_wait_does_not_spin
)

if [ -z "${FIRTH_TAP_TEST_INSIDE:-}" ]; then
    if ! why=$(may_enter); then
        printf 'SKIP the kit with the kernel, lwIP %s: %s\n' "$2" "$why"
        exit 77
    fi
    FIRTH_TAP_TEST_INSIDE=1 exec unshare -n bash "$0" "$@"
fi
make_network
ip link set lo down # so that there is no other way
ip -6 address show dev tap0 2>/dev/null | grep -q "${kernel[ipv6]}/" ||
    FIRTH_TEST_KERNEL="${lwip[ipv4]} ${kernel[ipv4]} 100::2 100::1" # which neither end has (RFC 6666), so there is no IPv6
# The ports that the kernel gives are none of lwIP's, which are from 49152 on: the kit sees both ends at one address, and two
# that have the same port there for one that is connected to itself.
(echo 32768 49151 >/proc/sys/net/ipv4/ip_local_port_range) 2>/dev/null || {
    printf 'SKIP the kit with the kernel, lwIP %s: the range of ports of its own network cannot be set\n' "$2"
    exit 77
}

mapfile -t cases < <("$1" "$2" --list | grep -vxF "$(printf '%s\n' "${left_out[@]}")")
printf 'SKIP %s: nothing of it crosses a wire\n' "${left_out[@]}"
exec "$@" --limit-s 20 "${cases[@]}"
