#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a request costs whatever the machine's speed: instructions of the server and of Firth, system calls, allocations;
# against the limits in bench/limits. A cost that grew by more than 2 % fails; one that fell may be written down there.
# packages: valgrind strace
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"

bin=build/bench/bench
work=build/cost
failed=0

# run MODE OPERATIONS COMMAND…: one connection, so that every run is the same; pp100 has its hundred.
run() {
    local mode=$1 operations=$2 connections=1
    shift 2
    [ "$mode" = pp100 ] && connections=100
    timeout 300 "$bin/load" --connections "$connections" --operations "$operations" "$mode" "$@" "$bin/server_firth" \
        >/dev/null
}

# instructions MODE OPERATIONS: "INSTRUCTIONS ALLOCATIONS" of the whole run.
instructions() {
    run "$1" "$2" valgrind --quiet --tool=callgrind --callgrind-out-file="$work/callgrind" || return 1
    awk -v program=/server_firth -f scripts/lib/callgrind.awk "$work/callgrind"
}

system_calls() {
    run "$1" "$2" strace -f -c -o "$work/strace" || return 1
    awk '$NF == "total" { print $4 }' "$work/strace"
}

# judge MODE WHAT NUMBER LIMIT
judge() {
    if awk "BEGIN { exit !($3 <= $4 * 1.02) }"; then
        echo "PASS cost/$1: $2: $3 (limit $4)"
    else
        echo "FAIL cost/$1: $2: $3 is more than $4 and 2 %"
        failed=1
    fi
}

# per_request ALL_OF_FIRST ALL_OF_SECOND: what start and end cost is in both.
per_request() {
    awk "BEGIN { printf \"%.2f\", ($2 - $1) / 2000 }"
}

# limit_of COMPILER MODE WHAT: from bench/limits; empty if there is none.
limit_of() {
    awk -v compiler="$1" -v mode="$2" -v what="$3" '$1 == compiler && $2 == mode && $3 == what { print $4 }' bench/limits
}

measure_by_valgrind() {
    local short long limit
    if ! short=$(instructions "$1" 1000) || ! long=$(instructions "$1" 3000); then
        echo "FAIL cost/$1: the load generator was not answered under Valgrind"
        failed=1
        return 0
    fi
    judge "$1" allocations "$(per_request "${short#* }" "${long#* }")" "$(limit_of any "$1" allocations)"
    limit=$(limit_of "$(compiler)" "$1" instructions)
    if [ -n "$limit" ]; then
        judge "$1" instructions "$(per_request "${short% *}" "${long% *}")" "$limit"
    else
        echo "SKIP cost/$1: instructions: bench/limits has none for $(compiler)"
    fi
}

measure_by_strace() {
    local short long
    if ! short=$(system_calls "$1" 1000) || ! long=$(system_calls "$1" 3000); then
        echo "FAIL cost/$1: the load generator was not answered under strace"
        failed=1
    else
        judge "$1" 'system calls' "$(per_request "$short" "$long")" "$(limit_of any "$1" calls)"
    fi
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

modes_with() {
    awk -v what="$1" '$1 == "any" && $3 == what { print $2 }' bench/limits
}

main() {
    local mode
    build_preset bench || return 1
    mkdir -p "$work"
    if has valgrind; then
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
    else
        echo "SKIP cost: system calls: strace is not installed, or may not trace"
    fi
    return "$failed"
}

main "$@"
