#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/check finds what it is there to find: each fault is put into a copy of the tree, and has to be reported with
# its file and line.
# packages: clang-format shellcheck
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

fresh_copy() {
    rm -rf "${copy:?}"/tree
    mkdir "$copy/tree"
    tar -cf - --exclude=./build --exclude=./.git . | tar -C "$copy/tree" -xf -
}

# expect NAME CHECK FILE TEXT: the check names the file with a line, and TEXT.
expect() {
    local name=$1 output
    if output=$(cd "$copy/tree" && bash "scripts/check.d/$2.sh" 2>&1); then
        printf 'FAIL %s: nothing was found\n' "$name"
    elif ! grep -E "^$3:[0-9]+:.*" <<<"$output" | grep -qF -- "$4"; then
        printf '%s\nFAIL %s: not the finding it should be\n' "$output" "$name"
    else
        printf 'PASS %s\n' "$name"
    fi
}

# fault NAME CHECK FILE TEXT: appends standard input to FILE of a fresh copy and expects the finding.
fault() {
    fresh_copy
    mkdir -p "$(dirname "$copy/tree/$3")"
    cat >>"$copy/tree/$3"
    expect "$@"
}

repeat() {
    local i
    for ((i = 0; i < $1; i++)); do
        printf '%s\n' "$2"
    done
}

fault bad_format_is_found format core/base/version.c 'clang-format' <<<'int   spaced ;'
fault a_long_file_is_found size core/fault.c 'more than 400 lines' < <(repeat 401 '/* a line */')
fault a_long_function_is_found size core/fault.c 'the function has 71 lines' < <(
    printf 'void f(void)\n{\n'
    repeat 69 '    g();'
    printf '}\n'
)
fault a_header_that_needs_another_is_found headers include/firth/fault.h 'does not compile alone as c11' \
    <<<'extern size_t fault;'
fault a_header_that_is_no_cpp_is_found headers include/firth/fault.h 'does not compile alone as c++17' \
    <<<'extern int new;'
fault a_function_without_comment_is_found headers include/firth/fault.h 'no comment above' <<'END'
#include <firth/export.h>
/* Has one. */
FIRTH_API void firth_commented(void);

FIRTH_API void firth_uncommented(void);
END
fault a_system_header_in_core_is_found layers core/base/version.c 'core may not include' <<<'#include <unistd.h>'
fault mbedtls_beyond_its_adapter_is_found layers core/tls/fault.c 'core may not include' <<<'#include <mbedtls/ssl.h>'
fault a_system_header_in_the_adapter_is_found layers core/tls/mbedtls/fault.c 'the engine may not include' \
    <<<'#include <unistd.h>'
fault an_include_of_mbedtls_beside_the_adapter_is_found layers core/tls/mbedtls/fault.c 'only the adapter may include' \
    <<<'#include <mbedtls/ssl.h>'
fault a_version_of_mbedtls_beside_the_adapter_is_found layers core/tls/mbedtls/fault.c "only the adapter may ask" \
    <<<'#if MBEDTLS_VERSION_MAJOR < 4'
fault a_platform_in_core_is_found layers core/base/version.c 'core may not ask' <<<'#ifdef __linux__'
fault a_backend_that_knows_another_is_found layers backends/epoll/fault.c 'a backend may not include' \
    <<<'#include "backends/poll/poll.h"'
fault a_port_that_knows_a_backend_is_found layers ports/posix/fault.c 'a port may not include' \
    <<<'#include "backends/readiness/reactor.h"'
fault an_internal_public_header_is_found layers include/firth/fault.h 'a public header may not include' \
    <<<'#include "core/base/list.h"'
fault an_example_with_internals_is_found layers examples/fault.c 'an example may include' \
    <<<'#include "core/base/list.h"'
fault a_file_without_licence_is_found repository core/fault.c 'no SPDX' <<<'int fault;'
fault a_path_of_a_machine_is_found repository docs/fault.md 'a path of a machine' <<<"see /""home/somebody/firth"
fault a_dead_link_is_found repository docs/fault.md 'no such file: nowhere.md' <<<'[text](nowhere.md)'
fault a_source_that_is_not_built_is_found repository core/fault.c 'not in core/CMakeLists.txt' <<<'int fault;'
fault an_outdated_page_of_options_is_found options docs/options.md 'is not what the tables say' <<<'one more line'
fault a_script_that_does_not_parse_is_found shell scripts/fault.sh 'syntax error' \
    < <(printf '#!/bin/bash\n# SPDX\nif true; then\n')
fault a_careless_script_is_found shell scripts/fault.sh 'SC2086' \
    < <(printf '#!/bin/bash\nname=%s1\nrm %sname\n' '$' '$')
