#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a round trip of the plain echo and a TLS handshake cost on a Cortex-M3 in QEMU, in instructions, beside servers
# written by hand on the same lwIP and mbedTLS (tests/baremetal/raw), against the shares in tests/baremetal/cost_limits.
# Two runs are compared, so that start and end cancel out; waiting is not counted.
# packages: gcc-arm-none-eabi:arm-none-eabi-gcc qemu-system-arm libnewlib-arm-none-eabi openssl python3
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/firmware.sh

work=build/firmware-cost
board=mps2-an385
python=/usr/bin/python3
failed=0
qemu_pid=

stop_qemu() {
    [ -z "$qemu_pid" ] || kill "$qemu_pid" 2>/dev/null || true
}

# ranges_of PROGRAM: what waits for the next interrupt, as the plugin's arguments.
ranges_of() {
    local low size name
    arm-none-eabi-nm --print-size "build/$board/$1.elf" | while read -r low size _ name; do
        if [[ $name = @(fth_lwip_platform_wait|firth_baremetal_sleep|firth_baremetal_tick) ]]; then
            printf ',low=%x,high=%x' "$((0x$low & ~1))" "$(((0x$low & ~1) + 0x$size))"
        fi
    done
}

# count WHAT PROGRAM PORT N [ARGUMENT…]: sets counted, the instructions of a whole run. False: no answer.
count() {
    local what=$1 program=$2 port=$3 operations=$4 here tries
    shift 4
    here=$((20000 + RANDOM % 12000))
    rm -f "$work/counted" "$work/log"
    firmware_command "$board" "$program" "hostfwd=tcp:127.0.0.1:$here-:$port" "$@"
    timeout 300 "${firmware_qemu[@]}" -plugin "$work/count.so,out=$work/counted$(ranges_of "$program")" \
        >"$work/log" 2>&1 </dev/null &
    qemu_pid=$!
    for ((tries = 0; tries < 200; tries++)); do
        grep -qs '^Server is' "$work/log" && break
        sleep 0.1
    done
    timeout 250 "$python" tests/baremetal/raw/client.py "$what" "$here" "$operations" >>"$work/log" 2>&1 || tries=200
    kill "$qemu_pid" 2>/dev/null || true # QEMU ends in order, and the plugin writes
    wait "$qemu_pid" || true
    qemu_pid=
    counted=$(cat "$work/counted" 2>/dev/null)
    [ "$tries" -lt 200 ] && [ -n "$counted" ]
}

# least WHAT PROGRAM PORT N [ARGUMENT…]: sets counted too. Whoever is kept waiting pays some hundred instructions for each
# millisecond all the same, so of a short operation that run counts which waited least.
least() {
    local few='' attempt
    for attempt in 1 2 3 4; do
        [ "$attempt" = 1 ] || [ "$1" = echo ] || break
        count "$@" || return 1
        if [ -z "$few" ] || [ "$counted" -lt "$few" ]; then few=$counted; fi
    done
    counted=$few
}

# cost_of WHAT PROGRAM PORT N [ARGUMENT…]: sets cost, the instructions of one operation, from N and 3 N.
cost_of() {
    local few counted
    least "$@" || return 1
    few=$counted
    least "$1" "$2" "$3" "$((3 * $4))" "${@:5}" || return 1
    cost=$(((counted - few) / (2 * $4)))
}

# compare WHAT N RAW PROGRAM PORT [ARGUMENT…]
compare() {
    local what=$1 operations=$2 raw=$3 program=$4 port=$5 cost by_hand share limit
    shift 5
    if ! cost_of "$what" "$raw" "$port" "$operations" || ! by_hand=$cost ||
        ! cost_of "$what" "$program" "$port" "$operations" "$@"; then
        printf 'FAIL firmware_cost: %s: a server did not answer: %s\n' "$what" "$(tail -n 1 "$work/log")"
        failed=1
        return
    fi
    limit=$(awk -v what="$what" '$1 == what { print $2 }' tests/baremetal/cost_limits)
    share=$(awk "BEGIN { printf \"%.3f\", $cost / $by_hand }")
    if awk "BEGIN { exit !($share <= $limit) }"; then
        printf 'PASS firmware_cost: %s: %s instructions, by hand %s: %s (limit %s)\n' "$what" "$cost" "$by_hand" \
            "$share" "$limit"
    else
        printf 'FAIL firmware_cost: %s: %s instructions, by hand %s: %s is more than %s\n' "$what" "$cost" "$by_hand" \
            "$share" "$limit"
        failed=1
    fi
}

# takes_plugin: QEMU starts with it, and stays until it is ended.
takes_plugin() {
    local status=0
    timeout 2 qemu-system-arm -M "$board" -display none -monitor none -serial none -nic none -S \
        -plugin "$work/count.so,out=$work/probe" </dev/null || status=$?
    [ "$status" = 124 ] && [ -s "$work/probe" ]
}

main() {
    firmware_is_ready firmware_cost || return 0
    trap stop_qemu EXIT
    mkdir -p "$work"
    gcc -std=gnu11 -O2 -shared -fPIC -o "$work/count.so" tests/baremetal/raw/count.c || return 1
    if ! takes_plugin; then
        printf 'SKIP firmware_cost: all of it: this QEMU takes no such plugin\n'
        return 0
    fi
    if ! firmware_build "$board" all; then
        printf 'FAIL firmware_cost: builds\n'
        return 1
    fi
    compare echo 1000 tests/baremetal/raw_echo examples/echo-server 9003 '*' 9003
    if [ "$firmware_tls" = ON ]; then
        for version in tls1.2 tls1.3; do
            compare "$version" 10 tests/baremetal/raw_tls examples/sockets-server-tls 9443 certificate.pem key.pem \
                '*' 9443
        done
    else
        printf 'SKIP firmware_cost: TLS: %s\n' "$firmware_tls_why"
    fi
    return "$failed"
}

main "$@"
