#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The test of the conformance kit against bugs inside Firth's own backends: mutants/NAME.sed says how a source file is
# spoilt, and which case has to fail then - one that passes on the same backend unspoilt.
# Usage: mutants_test.sh FOLDER_OF_PROGRAMS BACKEND KIT [ARGUMENT…]: the kit on that backend, and what it is to be given.
set -uo pipefail
export LC_ALL=C

programs=$1
backend=$2
kit=$3
shift 3
scripts=$(cd "$(dirname "$0")/mutants" && pwd)
failures=0

say() {
    printf '%s %s\n' "$1" "$2"
    [ "$1" = PASS ] || failures=$((failures + 1))
}

# header SCRIPT KEY
header() {
    sed -n "s/^# $2: //p" "$1"
}

# A bug that corrupts memory may end the program instead: with one case asked for, that is this case's finding.
judge() {
    local name=$1 finder=$2 what=$3 status output finding
    shift 3
    output=$("$programs/mutant_$name" "$@" --limit-s 5 "$finder" 2>&1)
    status=$?
    finding=$(grep -m 1 "^FAIL $finder: " <<<"$output")
    if [ "$status" -eq 1 ] && [ -n "$finding" ]; then
        say PASS "the_kit_finds_$name, by ${finding#FAIL }"
    elif [ "$status" -gt 128 ]; then
        say PASS "the_kit_finds_$name, by $finder: the program died of signal $((status - 128))"
    else
        tail -n 5 <<<"$output" | sed 's/^/    /'
        say FAIL "the_kit_finds_$name: exit code $status from $finder, though $what"
    fi
}

for script in "$scripts"/*.sed; do
    name=$(basename "$script" .sed)
    finder=$(header "$script" finder)
    [[ " $(header "$script" on) " == *" $backend "* ]] || continue
    if ! output=$("$kit" "$@" --limit-s 5 "$finder" 2>&1) || ! grep -q "^PASS $finder$" <<<"$output"; then
        say FAIL "the_kit_finds_$name: without the bug $finder does not pass either: $(tail -n 1 <<<"$output")"
    else
        judge "$name" "$finder" "$(header "$script" bug)" "$@"
    fi
done
[ "$failures" -eq 0 ]
