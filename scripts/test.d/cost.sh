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

# run MODE OPERATIONS COMMAND…: one connection, so that every run is the same.
run() {
    local mode=$1 operations=$2
    shift 2
    timeout 300 "$bin/load" --connections 1 --operations "$operations" "$mode" "$@" "$bin/server_firth" >/dev/null
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

# measure MODE INSTRUCTIONS CALLS ALLOCATIONS: the last three are the limits for one request.
measure() {
    local short long
    if ! short=$(instructions "$1" 1000) || ! long=$(instructions "$1" 3000); then
        echo "FAIL cost/$1: the load generator was not answered under Valgrind"
        failed=1
        return 0
    fi
    judge "$1" instructions "$(per_request "${short% *}" "${long% *}")" "$2"
    judge "$1" allocations "$(per_request "${short#* }" "${long#* }")" "$4"
    if ! can_trace; then
        echo "SKIP cost/$1: system calls: strace is not installed, or may not trace"
    elif ! short=$(system_calls "$1" 1000) || ! long=$(system_calls "$1" 3000); then
        echo "FAIL cost/$1: the load generator was not answered under strace"
        failed=1
    else
        judge "$1" 'system calls' "$(per_request "$short" "$long")" "$3"
    fi
}

can_trace() {
    has strace && strace -o /dev/null true 2>/dev/null
}

# The limits are of one compiler: another one makes other code of the same sources.
compiler() {
    printf '%s-%s-%s\n' gcc "$(gcc -dumpversion | cut -d. -f1)" "$(uname -m)"
}

main() {
    local mode numbers
    if ! has valgrind; then
        echo "SKIP cost: valgrind is not installed"
        return 0
    fi
    if ! grep -q "^$(compiler) " bench/limits; then
        echo "SKIP cost: bench/limits has none for $(compiler)"
        return 0
    fi
    build_preset bench || return 1
    mkdir -p "$work"
    while read -r mode numbers; do
        # shellcheck disable=SC2086 # three numbers
        measure "$mode" $numbers
    done < <(sed -n "s/^$(compiler) //p" bench/limits)
    return "$failed"
}

main "$@"
