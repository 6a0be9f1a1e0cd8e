# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What every script begins with: where things are, how to speak, how many jobs.
set -euo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
log_dir=build/log
jobs=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# run_quietly NAME COMMAND…: the output goes to build/log/NAME.log and is shown only if the command fails.
run_quietly() {
    local log="$log_dir/$1.log"
    shift
    mkdir -p "$log_dir"
    if "$@" >"$log" 2>&1 </dev/null; then
        return 0
    fi
    say "failed: $*"
    tail -n 25 "$log"
    say "(all of it: $log)"
    return 1
}

source scripts/lib/limit.sh
source scripts/lib/mbedtls.sh

# configure_preset PRESET: in build/PRESET, with TLS if mbedTLS can be had.
configure_preset() {
    if has ninja && [ ! -f "build/$1/CMakeCache.txt" ]; then
        export CMAKE_GENERATOR=Ninja
    fi
    mbedtls_options "$1"
    local more=()
    [ "$1" = dev ] || more=(-DFIRTH_PLANTED_BUGS=OFF) # they are looked for once, in the dev build
    run_quietly "$1-configure" cmake --preset "$1" "${mbedtls_cmake[@]}" "${more[@]}"
}

# build_preset PRESET [TARGET…]: configures it, and builds all of it or these.
build_preset() {
    local targets=()
    [ $# -eq 1 ] || targets=(--target "${@:2}")
    configure_preset "$1" && run_quietly "$1-build" within cmake --build --preset "$1" --parallel "$jobs" "${targets[@]}"
}
