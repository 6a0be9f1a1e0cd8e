# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the package tests share. Each is called with the source folder and a folder to work in, which it empties, and
# prints one line for each thing it tests.
set -uo pipefail
export LC_ALL=C

source_dir=$(cd "$1" && pwd)
mkdir -p "$2"
work_dir=$(cd "$2" && pwd)
rm -rf "${work_dir:?}"/*
cd "$work_dir" || exit 1
jobs=$(nproc 2>/dev/null || echo 2)
failures=0
if command -v ninja >/dev/null 2>&1; then
    export CMAKE_GENERATOR=Ninja
fi

# check NAME COMMAND…: passes if the command succeeds.
check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        printf 'PASS %s\n' "$name"
    else
        printf '%s\nFAIL %s\n' "$output" "$name"
        failures=$((failures + 1))
    fi
}

# refuses TEXT COMMAND…: the command fails, and says TEXT however it breaks its lines.
refuses() {
    local text=$1 output
    shift
    if output=$("$@" 2>&1); then
        printf 'it did not fail: %s\n' "$*"
        return 1
    fi
    printf '%s\n' "$output"
    tr -s ' \n' '  ' <<<"$output" | grep -F -- "$text" >/dev/null
}

# quietly COMMAND…: the output only if it fails.
quietly() {
    local output
    output=$("$@" 2>&1) || {
        printf '%s\n' "$output"
        return 1
    }
}

finish() {
    [ "$failures" -eq 0 ]
    exit
}
