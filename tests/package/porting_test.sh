#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# docs/porting.md leads to a backend that passes the kit: its own commands, taken from the page, are run in a copy of the
# source tree. The backend they make is then broken, and the kit that they built has to notice.
# shellcheck source=tests/package/common.sh
source "$(dirname "$0")/common.sh"

# The page's blocks, one behind the other, as one script.
extract_commands() {
    awk '
        inside && /^```$/ { inside = 0; next }
        inside { print; next }
        $0 == "```sh port" { inside = 1 }' "$source_dir/docs/porting.md"
}

copy_sources() {
    mkdir -p copy && tar -C "$source_dir" --exclude=./build --exclude=./.git -cf - . | tar -C copy -xf -
}

follow_the_page() {
    (cd copy && bash -euo pipefail "$work_dir/commands.sh") >page.log 2>&1 || {
        tail -n 30 page.log
        return 1
    }
}

# The kit ran the new backend, and not one of Firth's own.
ran_the_new_backend() {
    grep -E '^mine: [1-9][0-9]* passed, 0 failed' page.log
}

# break_and_run SED_EXPRESSION: in a copy of the new backend.
break_and_run() {
    rm -rf copy/build/broken
    cp -r copy/build/mine copy/build/broken
    rm -rf copy/build/broken/build
    cp copy/build/mine/backends/mine/mine.c before.c
    sed -i "$1" copy/build/broken/backends/mine/mine.c
    ! cmp -s before.c copy/build/broken/backends/mine/mine.c || {
        echo "the expression changes nothing: $1"
        return 1
    }
    (cd copy/build/broken && quietly cmake -S . -B build -DCMAKE_PREFIX_PATH="$PWD/../sdk" -DCMAKE_BUILD_TYPE=Debug &&
        quietly cmake --build build --parallel "$jobs") || return 1
    copy/build/broken/build/kit --quick --limit-s 5 --first-failure >broken.log 2>&1
    [ $? -eq 1 ] && grep '^FAIL ' broken.log
}

extract_commands >commands.sh
check the_page_has_commands test -s commands.sh
check the_source_tree_is_copied copy_sources
check the_pages_commands_make_a_backend_that_passes_the_kit follow_the_page
check the_kit_ran_the_new_backend ran_the_new_backend
check the_kit_finds_that_what_is_readable_is_not_reported break_and_run 's/(POLLIN | POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)/(POLLERR)/'
check the_kit_finds_a_wait_that_spins break_and_run 's/(nfds_t)list->count, timeout_ms)/(nfds_t)list->count, 0)/'
finish
