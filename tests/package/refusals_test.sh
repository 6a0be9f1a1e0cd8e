#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A configuration that cannot work is refused at once, and says why.
# shellcheck source=tests/package/common.sh
source "$(dirname "$0")/common.sh"

configure() {
    rm -rf build
    cmake -S "$source_dir" -B build -DFIRTH_TESTS=OFF -DFIRTH_EXAMPLES=OFF "$@"
}

# says TEXT OPTION…: is accepted and says TEXT.
says() {
    local text=$1 output
    shift
    output=$(configure "$@" 2>&1) || {
        printf '%s\n' "$output"
        return 1
    }
    printf '%s\n' "$output"
    grep -qF -- "$text" <<<"$output"
}

# A machine where cmocka is not to be found.
configure_without_cmocka() {
    rm -rf build
    cmake -S "$source_dir" -B build -DFIRTH_CMOCKA_LIBRARY=FIRTH_CMOCKA_LIBRARY-NOTFOUND \
        -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON -DCMAKE_FIND_ROOT_PATH="$work_dir/nowhere" \
        -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY
}

check an_unknown_backend_is_refused refuses 'FIRTH_BACKEND: there is no backend "nonsense"' \
    configure -DFIRTH_BACKEND=nonsense
check a_backend_that_is_not_written_yet_is_refused refuses 'the backend "kqueue" is not part of Firth' \
    configure -DFIRTH_BACKEND=kqueue
check a_refusal_names_what_there_is refuses 'On Linux this version has: epoll, poll, sim' configure -DFIRTH_BACKEND=iocp
check a_backend_of_another_system_is_refused refuses 'the backend "epoll" does not run on FreeBSD' \
    configure -DFIRTH_BACKEND=epoll -DCMAKE_SYSTEM_NAME=FreeBSD
check an_unknown_extra_backend_is_refused refuses 'FIRTH_EXTRA_BACKENDS: there is no backend "nonsense"' \
    configure '-DFIRTH_EXTRA_BACKENDS=poll;nonsense'
check an_unknown_context_is_refused refuses 'it takes auto, assembly or ucontext' configure -DFIRTH_CONTEXT=fibers
check an_unknown_assertion_setting_is_refused refuses 'it takes auto, ON or OFF' configure -DFIRTH_ASSERTIONS=maybe
check an_odd_sanitizer_is_refused refuses 'it takes what -fsanitize= takes' configure '-DFIRTH_SANITIZE=a b'
check tests_without_cmocka_say_what_to_install refuses 'libcmocka-dev on Debian' configure_without_cmocka

check the_choice_is_told says 'backends poll (the first is the default)' -DFIRTH_BACKEND=poll \
    -DFIRTH_EXTRA_BACKENDS=none
check the_default_is_the_best_backend says 'backends epoll, poll, sim (the first is the default)'
check ucontext_can_be_chosen says 'context switch ucontext' -DFIRTH_CONTEXT=ucontext
finish
