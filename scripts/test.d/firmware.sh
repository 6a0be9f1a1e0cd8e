#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Firmware, built and run on each board that QEMU has: the examples answer this machine over a forwarded port, and end when
# they are told to, and none has grown beyond its limits.
# packages: gcc-arm-none-eabi:arm-none-eabi-gcc qemu-system-arm libnewlib-arm-none-eabi netcat-openbsd:nc openssl
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/firmware.sh
source scripts/lib/firmware_server.sh

kit_passes_least=150 # cases of the conformance kit
failed=0
board=
server=
server_port=

pass() {
    printf 'PASS %s: %s\n' "$board" "$1"
}

fail() {
    printf 'FAIL %s: %s\n' "$board" "$1"
    failed=1
}

# takes_no_more PROGRAM: its log is $work/log.
takes_no_more() {
    local told
    if told=$(firmware_memory "$1" "$work/log"); then
        pass "$1 takes no more memory than it may: $told"
    else
        fail "$1 takes no more memory than it may: $told"
    fi
}

test_greeting() {
    local text
    if ! start sockets-server tcp 9002 '*' 9002; then
        fail 'sockets-server starts'
        return
    fi
    text=$(printf 'Ada\nGrace\n' | timeout 20 nc -N 127.0.0.1 "$here") || true
    if [ "$text" = $'Please enter your name\nHello, Ada!\nHello, Grace!' ]; then
        pass 'sockets-server greets'
    else
        fail "sockets-server greets: it said: $text"
    fi
    if stop && grep -q '^Server stopped' "$work/log"; then
        pass 'sockets-server ends at Ctrl-C with exit code 0'
    else
        fail 'sockets-server ends at Ctrl-C with exit code 0'
    fi
    takes_no_more sockets-server
}

# most_with CLIENTS: prints what sockets-server took of the arena at most while that many were connected at a time; nothing if
# one of them was not greeted.
most_with() {
    local client descriptors=() descriptor line
    start sockets-server tcp 9002 '*' 9002 >&2 || return 0
    for ((client = 0; client < $1; client++)); do
        exec {descriptor}<>"/dev/tcp/127.0.0.1/$here"
        descriptors+=("$descriptor")
        read -r -t 20 line <&"$descriptor" || break
        [ "$line" = 'Please enter your name' ] || break
    done
    for descriptor in "${descriptors[@]}"; do
        exec {descriptor}>&-
    done
    if stop && [ "$client" = "$1" ]; then
        sed -n 's/^memory: at most \([0-9]*\) of .*/\1/p' "$work/log"
    fi
}

# What a connection takes besides its task's stack, of 4608 bytes: of Firth's own, not of lwIP's pools.
test_connections() {
    local one four each
    one=$(most_with 1)
    four=$(most_with 4)
    each=$(((${four:-0} - ${one:-0}) / 3 - 4608))
    if ((each > 0 && each <= 1024)); then
        pass "a connection takes $each bytes besides its stack, of 1024"
    else
        fail "a connection takes at most 1024 bytes besides its stack: sockets-server took ${one:-?} with one, ${four:-?} with four"
    fi
}

test_echo() {
    if ! start echo-server tcp 9003 '*' 9003; then
        fail 'echo-server starts'
        return
    fi
    head -c 1048576 /dev/urandom >"$work/sent"
    timeout 60 nc -N 127.0.0.1 "$here" <"$work/sent" >"$work/received" || true
    if cmp "$work/sent" "$work/received"; then
        pass '1 MiB comes back from echo-server bit for bit'
    else
        fail '1 MiB comes back from echo-server bit for bit'
    fi
    stop || fail 'echo-server ends at Ctrl-C with exit code 0'
    takes_no_more echo-server
}

test_datagrams() {
    local text
    if ! start udp-echo udp 9004 '*' 9004; then
        fail 'udp-echo starts'
        return
    fi
    exec 8<>"/dev/udp/127.0.0.1/$here"
    printf 'a datagram' >&8
    text=$(timeout 10 head -c 10 <&8) || true
    exec 8>&-
    if [ "$text" = 'a datagram' ]; then
        pass 'udp-echo sends a datagram back'
    else
        fail 'udp-echo sends a datagram back'
    fi
    stop || fail 'udp-echo ends at Ctrl-C with exit code 0'
    takes_no_more udp-echo
}

# asks VERSION NAME: what a client that believes this certificate alone is told.
asks() {
    printf '%s\n\n' "$2" | timeout 30 openssl s_client "$1" -connect "127.0.0.1:$here" -verify_return_error -quiet \
        -CAfile build/firmware-identity/certificate.pem 2>>"$work/client" || true
}

test_tls_server() {
    local version ok=true waiting=() client
    if ! start sockets-server-tls tcp 9443 certificate.pem key.pem '*' 9443; then
        fail 'sockets-server-tls starts'
        return
    fi
    for version in -tls1_2 -tls1_3; do
        if [ "$(asks $version Ada)" = $'Please enter your name\nHello, Ada!\nGoodbye' ]; then
            pass "sockets-server-tls greets a client of OpenSSL's ($version)"
        else
            fail "sockets-server-tls greets a client of OpenSSL's ($version)"
        fi
    done
    for client in 1 2 3 4; do
        asks -tls1_3 "client $client" >"$work/client-$client" &
        waiting+=($!)
    done
    wait "${waiting[@]}"
    for client in 1 2 3 4; do
        grep -q "Hello, client $client!" "$work/client-$client" || ok=false
    done
    if $ok; then
        pass 'four clients by TLS at a time'
    else
        fail 'four clients by TLS at a time'
    fi
    stop || fail 'sockets-server-tls ends at Ctrl-C with exit code 0'
    takes_no_more sockets-server-tls
}

# The server that it asks is OpenSSL's, at the one address that QEMU lets it reach.
test_tls_client() {
    local status=0 version
    for version in -tls1_2 -tls1_3; do
        start_tls_server "$version"
        firmware_command "$board" examples/sockets-client-tls \
            "restrict=on,guestfwd=tcp:10.0.2.100:4433-tcp:127.0.0.1:$server_port" 10.0.2.100 4433 certificate.pem
        timeout 60 "${firmware_qemu[@]}" >"$work/log" 2>&1 </dev/null || status=$?
        if [ "$status" = 0 ] && grep -q '</HTML>' "$work/log"; then
            pass "sockets-client-tls verifies a server of OpenSSL's and reads its page ($version)"
        else
            fail "sockets-client-tls verifies a server of OpenSSL's and reads its page ($version): exit code $status"
        fi
        takes_no_more sockets-client-tls
        stop_tls_server
    done
}

test_tls() {
    if [ "$firmware_tls" = ON ]; then
        test_tls_server
        test_tls_client
        test_tls_faults
    else
        printf 'SKIP %s: TLS: %s\n' "$board" "$firmware_tls_why"
    fi
}

# selftest WORD: its output is in $work/log, its exit code the result.
selftest() {
    firmware_command "$board" tests/baremetal/baremetal_selftest restrict=on "$1"
    timeout 60 "${firmware_qemu[@]}" >"$work/log" 2>&1 </dev/null
}

# Those whose words are results.
test_basics() {
    local word
    for word in switch clock arena lent; do
        selftest "$word" || fail "selftest $word: ended with exit code $?"
        sed -n "s/\r$//; s/^\(PASS\|FAIL\) /\1 $board: /p" "$work/log"
        ! grep -q '^FAIL' "$work/log" || failed=1
    done
}

# ends_in_report WORD PATTERN WHAT: the end that it comes to is that.
ends_in_report() {
    local status=0
    selftest "$1" || status=$?
    if [ "$status" = 255 ] && grep -q "^$2" "$work/log"; then
        pass "$3"
    else
        fail "$3: exit code $status: $(head -n 1 "$work/log")"
    fi
}

test_reports() {
    ends_in_report overflow 'firth: stack overflow in task deep spawned at .*, stack of [0-9]* bytes' \
        'an overflow of a stack names its task'
    ends_in_report main-overflow 'firth: overflow of the main stack' 'an overflow of the main stack is told'
    ends_in_report null 'firth: fault in task main spawned at ' 'a write through NULL names its task'
    ends_in_report malloc 'firth: malloc(3) of the C library' 'malloc(3) is refused'
}

# The kit on the board's own loopback. Each case is told; what is asked here is that most of them were run, and its exit code.
test_conformance() {
    local status=0 passed failed
    firmware_command "$board" tests/baremetal/conformance/baremetal_conformance restrict=on
    timeout 900 "${firmware_qemu[@]}" >"$work/log" 2>&1 </dev/null || status=$?
    tr -d '\r' <"$work/log" | sed -n "s/^\(PASS\|FAIL\|SKIP\) /\1 $board: kit: /p"
    passed=$(grep -c '^PASS' "$work/log") || true
    failed=$(grep -c '^FAIL' "$work/log") || true
    if [ "$status" = 0 ] && [ "$failed" = 0 ] && [ "$passed" -ge "$kit_passes_least" ] &&
        grep -q "^lwip: $passed passed, 0 failed" "$work/log"; then
        pass "the conformance kit: $(grep '^lwip: ' "$work/log" | tr -d '\r')"
    else
        fail "the conformance kit: exit code $status, $passed passed of at least $kit_passes_least: $(tail -n 1 "$work/log")"
    fi
}

# faults NETWORK WORD: told as the selftest's; its output is in $work/log.
faults() {
    firmware_command "$board" tests/baremetal/baremetal_faults "restrict=on,$1" "$2"
    : >"$work/log"
    timeout 300 "${firmware_qemu[@]}" >"$work/log" 2>&1 </dev/null &
    qemu_pid=$!
}

# results WORD: of a program that ends by itself, once it has.
results() {
    local status=0
    wait "$qemu_pid" || status=$?
    [ "$status" = 0 ] || fail "faults $1: ended with exit code $status: $(tail -n 1 "$work/log")"
    sed -n "s/\r$//; s/^\(PASS\|FAIL\) /\1 $board: /p" "$work/log"
    ! grep -q '^FAIL' "$work/log" || failed=1
}

# cable on|off: by QEMU's monitor.
cable() {
    printf 'set_link cable %s\n' "$1" | timeout 10 nc -N -U "$work/monitor" >/dev/null || fail "the cable is $1"
}

test_faults() {
    local echo='guestfwd=tcp:10.0.2.100:7-cmd:cat' word
    rm -f "$work/monitor"
    firmware_monitor="unix:$work/monitor,server=on,wait=off"
    faults "$echo" link
    firmware_monitor=none
    wait_for '^ask: unplug' && cable off && wait_for '^ask: plug' 60 && cable on
    results link
    for word in loss pools; do
        faults "$echo" "$word"
        results "$word"
    done
}

test_names() {
    local status=0
    timeout 150 tests/baremetal/names_test.sh "$board" >"$work/log" 2>&1 || status=$?
    [ "$status" = 0 ] || fail "names: exit code $status: $(tail -n 1 "$work/log")"
    sed -n "s/\r$//; s/^\(PASS\|FAIL\|SKIP\) /\1 $board: /p" "$work/log"
    ! grep -q '^FAIL' "$work/log" || failed=1
}

# One that serves TLS, on this machine, at server_port; its pid is server.
start_tls_server() {
    server_port=$((32000 + RANDOM % 700))
    : >"$work/server" # the one before said what is waited for
    openssl s_server "$@" -accept "127.0.0.1:$server_port" -cert build/firmware-identity/certificate.pem \
        -key build/firmware-identity/key.pem -www -max_send_frag 2048 >"$work/server" 2>&1 </dev/null &
    server=$!
    for _ in {1..50}; do
        grep -q ACCEPT "$work/server" && break
        sleep 0.1
    done
}

stop_tls_server() {
    kill "$server"
    wait "$server" 2>/dev/null || true
}

test_tls_faults() {
    start_tls_server
    faults "guestfwd=tcp:10.0.2.100:4433-cmd:nc -N 127.0.0.1 $server_port" tls # more than one connection, one by one
    results tls
    stop_tls_server
}

# The command of README.md.
test_command() {
    local text
    here=$((20000 + RANDOM % 12000))
    rm -f "$work/serial"
    mkfifo "$work/serial"
    PORT=$here timeout 600 scripts/firmware run sockets-server <"$work/serial" >"$work/log" 2>&1 &
    qemu_pid=$!
    exec 9>"$work/serial"
    if wait_for '^Server is' 600; then
        text=$(printf 'Ada\n' | timeout 20 nc -N 127.0.0.1 "$here") || true
    fi
    if stop && [ "${text:-}" = $'Please enter your name\nHello, Ada!' ]; then
        pass 'scripts/firmware run sockets-server'
    else
        fail "scripts/firmware run sockets-server: $(tail -n 1 "$work/log")"
    fi
}

# The sizes on the first board, beside their limits.
test_sizes() {
    if scripts/firmware size >"$work/sizes"; then
        pass 'flash and RAM of all components are within their limits'
    else
        fail "flash and RAM of all components are within their limits: $(grep -E 'over|no limit' "$work/sizes" | tr '\n' ';')"
    fi
}

# text_of BUILD PROGRAM: its bytes of code and constants.
text_of() {
    arm-none-eabi-size "build/$1/examples/$2.elf" | awk 'END { print $1 }'
}

test_without_names() {
    local less=0
    if CFLAGS=-DLWIP_DNS=0 firmware_build_plain mps2-an385 nameless sockets-server; then
        less=$(($(text_of mps2-an385-plain sockets-server) - $(text_of mps2-an385-nameless sockets-server)))
    fi
    if ((less >= 4096)); then
        pass "without names, LWIP_DNS=0, sockets-server takes $less bytes of flash less"
    else
        fail "without names, LWIP_DNS=0, sockets-server takes $less bytes of flash less, 4096 at least"
    fi
}

# With all left out that may be, the same examples still do what they do.
test_small() {
    board=mps2-an385-small
    firmware_build "$board" sockets-server-tls sockets-client-tls || fail 'builds'
    test_tls_server
    test_tls_client
}

main() {
    firmware_is_ready firmware || return 0
    mkdir -p "$work"
    for board in "${firmware_boards[@]}"; do
        if ! firmware_build "$board" all; then
            fail 'builds'
            continue
        fi
        pass 'builds without a warning'
        test_basics
        test_reports
        test_greeting
        test_connections
        test_echo
        test_datagrams
        test_tls
        if [ "${CI:-}" = true ]; then
            printf 'SKIP %s: the conformance kit, which takes two minutes: left out where CI is true\n' "$board"
        else
            test_conformance
        fi
        if [ "${CI:-}" = true ] && [ "$board" != "${firmware_boards[0]}" ]; then
            printf 'SKIP %s: faults and names, which the first board has: left out where CI is true\n' "$board"
        else
            test_faults
            test_names
        fi
    done
    [ "$firmware_tls" != ON ] || test_small
    board=mps2-an385
    test_command
    test_sizes
    if [ "${CI:-}" = true ]; then
        printf 'SKIP %s: a build without names: left out where CI is true\n' "$board"
    else
        test_without_names
    fi
    return "$failed"
}

main "$@"
