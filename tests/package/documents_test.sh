#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the documents show is true: every C program in README.md and docs/*.md compiles without a warning, and links if
# it has a main; every shell block whose fence says "sh run" runs, in a copy of the source tree. So does one whose fence
# says "sh run tls" where there is a source of mbedTLS.
#
# A C block without #include is taken for the inside of a file that includes <firth/firth.h>; one whose fence says
# "c body", for the inside of a task's function.
# shellcheck source=tests/package/common.sh
source "$(dirname "$0")/common.sh"

# extract_blocks FENCE DOCUMENT NAME: writes each block to NAME-<line of its fence>.
extract_blocks() {
    awk -v fence="$1" -v name="$3" '
        block != "" && /^```$/ { close(block); block = ""; next }
        block != "" { print > block; next }
        $0 == "```" fence { block = name "-" FNR; printf "" > block }' "$2"
}

wrap_file() {
    printf '#include <firth/firth.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n'
    cat "$1"
}

wrap_body() {
    printf 'int body(firth_scope *scope, void *argument);\nint body(firth_scope *scope, void *argument)\n{\n' | wrap_file -
    cat "$1"
    printf '(void)scope;\n(void)argument;\nreturn FIRTH_OK;\n}\n'
}

compile() {
    local object=(-c -o /dev/null)
    if grep -q 'int main(' "$1"; then
        object=(-o "${1%.c}" -L library -lfirth -pthread)
        [ -z "${FIRTH_TEST_MBEDTLS:-}" ] ||
            object+=(-L "$FIRTH_TEST_MBEDTLS/lib" -lmbedtls -lmbedx509 -lmbedcrypto)
    fi
    cc -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -Wno-unused-variable \
        -Wno-unused-but-set-variable -Wno-unused-function -DFIRTH_STATIC -I "$source_dir/include" "$1" "${object[@]}"
}

build_library() {
    quietly cmake -S "$source_dir" -B library -DCMAKE_BUILD_TYPE=Debug -DFIRTH_TESTS=OFF -DFIRTH_EXAMPLES=OFF &&
        quietly cmake --build library --parallel "$jobs"
}

check_programs() {
    local document=$1 name=$2 block
    extract_blocks c "$source_dir/$document" "$name-c"
    extract_blocks 'c body' "$source_dir/$document" "$name-body"
    for block in "$name-c"-* "$name-body"-*; do
        [ -e "$block" ] || continue
        if [[ $block == "$name-body"-* ]]; then
            wrap_body "$block" >"$block.c"
        elif grep -q '^#include' "$block"; then
            cp "$block" "$block.c"
        else
            wrap_file "$block" >"$block.c"
        fi
        check "$document:${block##*-} compiles" compile "$block.c"
    done
}

check_commands() {
    local document=$1 name=$2 block
    extract_blocks 'sh run' "$source_dir/$document" "$name-run"
    extract_blocks 'sh run tls' "$source_dir/$document" "$name-tls"
    for block in "$name-run"-* "$name-tls"-*; do
        [ -e "$block" ] || continue
        if [[ $block == "$name-tls"-* && -z ${FIRTH_TEST_MBEDTLS_SOURCE:-} ]]; then
            printf 'SKIP %s\n' "$document:${block##*-} runs: there is no source of mbedTLS here"
            continue
        fi
        rm -rf copy
        mkdir copy
        tar -C "$source_dir" --exclude=./build --exclude=./.git -cf - . | tar -C copy -xf -
        check "$document:${block##*-} runs" env -C copy bash -euo pipefail "$work_dir/$block"
    done
}

export FIRTH_MBEDTLS_SOURCE=${FIRTH_TEST_MBEDTLS_SOURCE:-}
check library_for_the_documents_builds build_library
while IFS= read -r path; do
    document=${path#"$source_dir/"}
    name=$(tr '/.' '__' <<<"$document")
    check_programs "$document" "$name"
    check_commands "$document" "$name"
done < <(find "$source_dir/README.md" "$source_dir/docs" -name '*.md')
finish
