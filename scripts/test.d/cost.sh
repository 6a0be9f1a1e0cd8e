#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a request or a datagram costs whatever the machine's speed: instructions of the server and of Firth, system calls,
# allocations; against the limits in bench/limits. A cost that grew by more than 2 % fails; one that fell may be written
# down there.
# Over TLS also against the hand-written loop of the same mbedTLS: transfers of a handshake, and the heap of a connection,
# also with an mbedTLS of 4 KiB outgoing records.
# packages: valgrind strace
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"

bin=build/bench/bench
short=build/bench-short # outgoing records of 4 KiB
work=build/cost
failed=0

# The programs of a mode: over TLS and for datagrams they have names of their own.
load_of() {
    case $1 in
    tls-*) echo "$bin/load_tls" ;;
    udp-*) echo "$bin/load_udp" ;;
    *) echo "$bin/load" ;;
    esac
}

# server_of MODE SERVER
server_of() {
    case $1 in
    tls-*) echo "$bin/server_$2_tls" ;;
    udp-*) echo "$bin/server_$2_udp" ;;
    *) echo "$bin/server_$2" ;;
    esac
}

# connections_of MODE: one where that will do, so that every run is the same. With many, all that are ready have arrived while
# the slowed server was at the others, and a task hands over to the next.
connections_of() {
    case $1 in
    *pp100) echo 100 ;;
    pp1000) echo 1000 ;;
    pipe) echo 16 ;;
    *) echo 1 ;;
    esac
}

# run MODE OPERATIONS COMMAND…: a mode that ends in -batch is the one before that, with a server that moves many datagrams by
# one call. Whether the next datagram is there before the server asks for it would be chance: of one in flight it never is.
run() {
    local mode=$1 operations=$2 batch=() pause_us=0
    shift 2
    [[ $mode = *-batch ]] && batch=(--batch)
    [[ $mode != udp-pp ]] || pause_us=500
    timeout 300 "$(load_of "$mode")" --connections "$(connections_of "$mode")" --operations "$operations" \
        --pause-us "$pause_us" "${mode%-batch}" "$@" "${batch[@]}" >/dev/null
}

# Before each receive of these the server is held back for a millisecond, so that it always finds a whole buffer, or batch.
is_held() {
    [[ $1 = bulk1 || $1 = sink1 || $1 = udp-sink-batch ]]
}

hold_back=(-e 'inject=recvfrom,recvmmsg:delay_enter=1000')

# The numbers of operations of the two runs that are compared: of datagrams whole rounds (32), of bulk MiB.
operations_of() {
    case $1 in
    udp-sink-batch) echo 1024 9216 ;;
    udp-*) echo 1024 3072 ;;
    pp1000) echo 10000 20000 ;;
    pipe) echo 20000 40000 ;;
    bulk1 | sink1) echo 25 75 ;;
    *) echo 1000 3000 ;;
    esac
}

# Firth's functions: over TLS, mbedTLS is in the same program.
list_functions() {
    nm --defined-only build/bench/libfirth.a | awk '$2 ~ /^[tT]$/ { print $3 }' >"$work/functions"
}

# instructions MODE OPERATIONS: "INSTRUCTIONS ALLOCATIONS" of the whole run.
instructions() {
    local server only='' held=()
    server=$(server_of "$1" firth)
    ! is_held "$1" || held=(strace -f -c -o "$work/strace" "${hold_back[@]}")
    run "$1" "$2" "${held[@]}" valgrind --quiet --tool=callgrind --callgrind-out-file="$work/callgrind" "$server" ||
        return 1
    [[ $1 != tls-* ]] || only=$work/functions
    awk -v program="/${server##*/}" -v only="$only" -f scripts/lib/callgrind.awk "$work/callgrind"
}

system_calls() {
    local held=()
    ! is_held "$1" || held=("${hold_back[@]}")
    run "$1" "$2" strace -f -c -o "$work/strace" "${held[@]}" "$(server_of "$1" firth)" || return 1
    awk '$NF == "total" { print $4 }' "$work/strace"
}

# transfers MODE OPERATIONS SERVER: those that move bytes.
transfers() {
    run "$1" "$2" strace -f -c -e trace=read,write,readv,writev,sendto,recvfrom,sendmsg,recvmsg -o "$work/strace" \
        "$(server_of "$1" "$3")" || return 1
    awk '$NF == "total" { print $4 }' "$work/strace"
}

# is_within NUMBER LIMIT: true too if there is no limit.
is_within() {
    [ -z "$2" ] || awk "BEGIN { exit !($1 <= $2 * 1.02) }"
}

# judge MODE WHAT NUMBER LIMIT
judge() {
    if is_within "$3" "$4"; then
        echo "PASS cost/$1: $2: $3 (limit $4)"
    else
        echo "FAIL cost/$1: $2: $3 is more than $4 and 2 %"
        failed=1
    fi
}

# per_request ALL_OF_FIRST ALL_OF_SECOND FIRST SECOND: what start and end cost is in both.
per_request() {
    awk "BEGIN { printf \"%.3f\", ($2 - $1) / ($4 - $3) }"
}

# limit_of COMPILER MODE WHAT: from bench/limits; empty if there is none.
limit_of() {
    awk -v compiler="$1" -v mode="$2" -v what="$3" '$1 == compiler && $2 == mode && $3 == what { print $4 }' bench/limits
}

# Where the load generator is kept waiting for a processor, less arrives together, and that costs more. So what is beyond a
# limit is measured again, twice at most: a change that costs more does so each time.
attempts='1 2 3'

# run_under_valgrind MODE: sets executed and allocated, of a request.
run_under_valgrind() {
    local short long few many
    read -r few many <<<"$(operations_of "$1")"
    short=$(instructions "$1" "$few") && long=$(instructions "$1" "$many") || return 1
    executed=$(per_request "${short% *}" "${long% *}" "$few" "$many")
    allocated=$(per_request "${short#* }" "${long#* }" "$few" "$many")
}

measure_by_valgrind() {
    local executed allocated limit most_allocated
    limit=$(limit_of "$(compiler)" "$1" instructions)
    most_allocated=$(limit_of any "$1" allocations)
    if is_held "$1" && ! can_trace; then
        echo "SKIP cost/$1: instructions and allocations: strace is not installed, or may not trace"
        return 0
    fi
    for _ in $attempts; do
        if ! run_under_valgrind "$1"; then
            echo "FAIL cost/$1: the load generator was not answered under Valgrind"
            failed=1
            return 0
        fi
        ! is_within "$executed" "$limit" || ! is_within "$allocated" "$most_allocated" || break
    done
    judge "$1" allocations "$allocated" "$most_allocated"
    if [ -n "$limit" ]; then
        judge "$1" instructions "$executed" "$limit"
    else
        echo "SKIP cost/$1: instructions: bench/limits has none for $(compiler)"
    fi
}

measure_by_strace() {
    local short long few many calls limit
    read -r few many <<<"$(operations_of "$1")"
    limit=$(limit_of any "$1" calls)
    for _ in $attempts; do
        if ! short=$(system_calls "$1" "$few") || ! long=$(system_calls "$1" "$many"); then
            echo "FAIL cost/$1: the load generator was not answered under strace"
            failed=1
            return 0
        fi
        calls=$(per_request "$short" "$long" "$few" "$many")
        ! is_within "$calls" "$limit" || break
    done
    judge "$1" 'system calls' "$calls" "$limit"
}

# transfers_of MODE SERVER: of a connection, or empty.
transfers_of() {
    local short long
    short=$(transfers "$1" 50 "$2") && long=$(transfers "$1" 150 "$2") && awk "BEGIN { print ($long - $short) / 100 }"
}

# measure_handshake MODE SHARE: transfers of a connection that handshakes and ends, against that share of the loop's.
measure_handshake() {
    local ours theirs
    if ! ours=$(transfers_of "$1" firth) || ! theirs=$(transfers_of "$1" epoll); then
        echo "FAIL cost/$1: the load generator was not answered under strace"
        failed=1
    else
        judge "$1" "transfers, the loop having $theirs" "$ours" "$(awk "BEGIN { print $2 * $theirs }")"
    fi
}

# heap_of MODE SERVER: bytes of an idle connection, or empty.
heap_of() {
    "$bin/load_tls" --connections 100 "$1" "$(server_of "$1" "$2")" | sed -n 's/.* heap_bytes=\([0-9]*\).*/\1/p'
}

# measure_heap MODE BYTES WHAT: of an idle connection, against the loop's and that many more.
measure_heap() {
    local ours theirs
    ours=$(heap_of "$1" firth)
    theirs=$(heap_of "$1" epoll)
    if [ -z "$ours" ] || [ -z "$theirs" ]; then
        echo "FAIL cost/$1: the load generator was not answered"
        failed=1
    elif [ "$ours" -le $((theirs + $2)) ]; then
        echo "PASS cost/$1: $3: $ours bytes (the loop $theirs, limit $2 more)"
    else
        echo "FAIL cost/$1: $3: $ours bytes are more than the loop's $theirs and $2"
        failed=1
    fi
}

# build_short: the benchmark over TLS with shorter outgoing records, which needs the source of mbedTLS.
build_short() {
    run_quietly bench-short-configure cmake --preset bench -B "$short" -DFIRTH_PLANTED_BUGS=OFF -DFIRTH_TLS=ON \
        -DFIRTH_MBEDTLS_SOURCE="$(readlink -f "$mbedtls_link")" -DFIRTH_TLS_OUT_CONTENT_LEN=4096 &&
        run_quietly bench-short-build cmake --build "$short" --parallel "$jobs" --target bench_cost
}

measure_short_heap() {
    local mode full bin=$bin
    [ -x "$bin/load_tls" ] || return 0
    if [ ! -e "$mbedtls_link/library" ]; then
        echo "SKIP cost: heap with 4 KiB outgoing records: mbedTLS is installed here, and its source is not"
        return 0
    elif ! build_short; then
        echo "FAIL cost: heap with 4 KiB outgoing records: mbedTLS does not build with them"
        failed=1
        return 0
    fi
    for mode in $(modes_with heap); do
        full=$(heap_of "$mode" firth)
        bin=$short/bench
        measure_heap "$mode" "$(limit_of any "$mode" heap)" 'heap with 4 KiB outgoing records'
        if [ "$(heap_of "$mode" firth)" -gt $((full - 12000)) ]; then
            echo "FAIL cost/$mode: heap with 4 KiB outgoing records is not 12000 bytes less than $full"
            failed=1
        fi
        bin=build/bench/bench
    done
}

can_trace() {
    has strace && strace -o /dev/null true 2>/dev/null
}

# The compiler that built the benchmark: another one makes other code of the same sources.
compiler() {
    local path
    path=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' build/bench/CMakeCache.txt)
    case $("$path" --version | head -n 1) in
    *clang*) printf 'clang-%s-%s\n' "$("$path" -dumpversion | cut -d. -f1)" "$(uname -m)" ;;
    *) printf 'gcc-%s-%s\n' "$("$path" -dumpversion | cut -d. -f1)" "$(uname -m)" ;;
    esac
}

# Those of them that were built.
modes_with() {
    local mode
    awk -v what="$1" '$1 == "any" && $3 == what { print $2 }' bench/limits | while read -r mode; do
        [ ! -x "$(load_of "$mode")" ] || echo "$mode"
    done
}

main() {
    local mode
    build_preset bench bench_cost || return 1
    mkdir -p "$work"
    [ -x "$bin/load_tls" ] || echo "SKIP cost: TLS: built without it"
    for mode in $(modes_with heap); do
        measure_heap "$mode" "$(limit_of any "$mode" heap)" heap
    done
    measure_short_heap
    if has valgrind; then
        list_functions
        for mode in $(modes_with allocations); do
            measure_by_valgrind "$mode"
        done
    else
        echo "SKIP cost: instructions and allocations: valgrind is not installed"
    fi
    if can_trace; then
        for mode in $(modes_with calls); do
            measure_by_strace "$mode"
        done
        for mode in $(modes_with transfers); do
            measure_handshake "$mode" "$(limit_of any "$mode" transfers)"
        done
    else
        echo "SKIP cost: system calls: strace is not installed, or may not trace"
    fi
    return "$failed"
}

main "$@"
