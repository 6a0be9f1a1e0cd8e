#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# lwIP's network, on its loopback: the conformance kit on it, all built with sanitizers.
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/lwip.sh

main() {
    if ! lwip_provide; then
        printf 'SKIP lwip: no lwIP 2.2; %s\n' "$lwip_why"
        return 0
    fi
    build_preset lwip || {
        printf 'FAIL lwip: does not build\n'
        return 1
    }
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 build/lwip/tests/subjects/conformance_lwip | sed 's|^\(PASS\|FAIL\|SKIP\) |\1 lwip/|'
}

main "$@"
