#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Names on a board: names_test.sh BOARD, whose firmware is built. QEMU asks the name server of this machine, so this machine
# is for that time a namespace with loopback alone, whose name server is the test's own: nobody else is asked.
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../../scripts/lib/common.sh"
source scripts/lib/firmware.sh

work=build/firmware-test
name_port=9010

may_enter() {
    has unshare && has ip && unshare --map-root-user --mount --net true 2>/dev/null
}

# Inside: the server, somebody who greets, the board.
inside() {
    local status=0 pids=()
    ip link set lo up
    printf 'nameserver 127.0.0.1\n' >"$work/resolv.conf"
    mount --bind "$work/resolv.conf" "$(realpath /etc/resolv.conf)"
    "$work/name_server" >"$work/name_server.log" &
    pids+=($!)
    printf 'hello, board\n' | nc -N -l 127.0.0.1 $name_port >/dev/null &
    pids+=($!)
    for _ in {1..50}; do
        grep -q ready "$work/name_server.log" && break
        sleep 0.1
    done
    firmware_command "$1" tests/baremetal/baremetal_names ipv4=on $name_port
    timeout 120 "${firmware_qemu[@]}" </dev/null || status=$?
    kill "${pids[@]}" 2>/dev/null || true
    return "$status"
}

main() {
    if [ "${2:-}" = inside ]; then
        inside "$1"
        return
    fi
    mkdir -p "$work"
    if ! may_enter; then
        printf 'SKIP names: namespaces are not permitted here\n'
        return 0
    fi
    cc -std=c11 -D_GNU_SOURCE -O1 -Wall -Wextra -o "$work/name_server" tests/baremetal/name_server.c
    unshare --map-root-user --mount --net "$0" "$1" inside
}

main "$@"
