#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Windows on 64-bit ARM: library, TLS, conformance kit and examples are compiled with the library's warnings as errors, and
# linked. Nothing of it is run here.
# packages: npm
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/zig.sh

main() {
    if ! find_zig; then
        printf 'SKIP windows-aarch64: neither compiled nor linked: %s\n' "$zig_why"
        return 0
    fi
    export FIRTH_ZIG=$zig
    build_by_zig windows-aarch64 'Windows on ARM' "they use pthread.h, which zig has none of for Windows"
}

main "$@"
