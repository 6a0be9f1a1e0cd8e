#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# macOS, on both its processors: library, TLS, conformance kit, tests and examples are compiled with the library's warnings
# as errors, and linked. Nothing of it is run here.
# packages: npm
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/zig.sh

main() {
    local failed=0
    if ! find_zig; then
        printf 'SKIP macos: neither compiled nor linked: %s\n' "$zig_why"
        return 0
    fi
    export FIRTH_ZIG=$zig
    mbedtls_provide
    build_by_zig macos-aarch64 macOS || failed=1
    build_by_zig macos-x86_64 macOS || failed=1
    return "$failed"
}

main "$@"
