#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A configuration that cannot work is refused at once, and says why.
# shellcheck source=tests/package/common.sh
source "$(dirname "$0")/common.sh"

unset CMAKE_PREFIX_PATH # an mbedTLS for the other tests may be there

configure() {
    rm -rf build
    cmake -S "$source_dir" -B build -DFIRTH_TESTS=OFF -DFIRTH_EXAMPLES=OFF -DFIRTH_MBEDTLS_FETCHED= "$@"
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
check a_backend_that_is_not_written_yet_is_refused refuses 'the backend "io_uring" is not part of Firth' \
    configure -DFIRTH_BACKEND=io_uring
check a_refusal_names_what_there_is refuses 'On Linux this version has: epoll, poll, sim' \
    configure -DFIRTH_BACKEND=io_uring
check the_backend_of_windows_is_refused_elsewhere refuses 'the backend "iocp" does not run on Linux' \
    configure -DFIRTH_BACKEND=iocp
check a_backend_of_another_system_is_refused refuses 'the backend "epoll" does not run on FreeBSD' \
    configure -DFIRTH_BACKEND=epoll -DCMAKE_SYSTEM_NAME=FreeBSD
check lwip_without_its_source_says_what_helps refuses 'scripts/fetch-lwip' \
    configure -DFIRTH_BACKEND=lwip -DFIRTH_LWIP_FETCHED=
check a_folder_without_lwip_is_refused refuses 'is no source of lwIP 2.2' \
    configure -DFIRTH_BACKEND=lwip -DFIRTH_LWIP_SOURCE="$source_dir"
check an_unknown_extra_backend_is_refused refuses 'FIRTH_EXTRA_BACKENDS: there is no backend "nonsense"' \
    configure '-DFIRTH_EXTRA_BACKENDS=poll;nonsense'
check an_unknown_context_is_refused refuses 'it takes auto, assembly or ucontext' configure -DFIRTH_CONTEXT=fibers
check an_unknown_assertion_setting_is_refused refuses 'it takes auto, ON or OFF' configure -DFIRTH_ASSERTIONS=maybe
check an_odd_sanitizer_is_refused refuses 'it takes what -fsanitize= takes' configure '-DFIRTH_SANITIZE=a b'
check tests_without_cmocka_say_what_to_install refuses 'libcmocka-dev on Debian' configure_without_cmocka

# an_mbedtls FOLDER VERSION: headers and libraries as far as a configuration looks at them.
an_mbedtls() {
    local name
    mkdir -p "$1/include/mbedtls" "$1/lib"
    printf '#define MBEDTLS_VERSION_STRING         "%s"\n' "$2" >"$1/include/mbedtls/build_info.h"
    printf '#include <mbedtls/build_info.h>\n' >"$1/include/mbedtls/ssl.h"
    for name in mbedtls mbedx509 mbedcrypto; do
        : >"$1/lib/lib$name.a"
    done
}

# a_whole_mbedtls FOLDER VERSION: one that the program of a configuration links with.
a_whole_mbedtls() {
    an_mbedtls "$1" "$2"
    cat >>"$1/include/mbedtls/ssl.h" <<'END'
#define MBEDTLS_THREADING_C
typedef struct mbedtls_ssl_context { int state; } mbedtls_ssl_context;
static inline void mbedtls_ssl_init(mbedtls_ssl_context *ssl) { ssl->state = 0; }
END
    for name in mbedtls mbedx509 mbedcrypto; do
        printf '!<arch>\n' >"$1/lib/lib$name.a"
    done
}

# has_nothing_against FOLDER: configures with what lies in the folder, and says of no vulnerability.
has_nothing_against() {
    local output
    output=$(with_files "$1" -DFIRTH_TLS=ON 2>&1) || return 1
    ! grep -F vulnerabilities <<<"$output"
}

# a_package FOLDER VERSION: the CMake package of such an mbedTLS.
a_package() {
    mkdir -p "$1/lib/cmake/MbedTLS"
    : >"$1/lib/cmake/MbedTLS/MbedTLSConfig.cmake"
    printf 'set(PACKAGE_VERSION %s)\n' "$2" >"$1/lib/cmake/MbedTLS/MbedTLSConfigVersion.cmake"
}

# with_files FOLDER OPTION…: configures with what lies in the folder and no package that the machine may have.
with_files() {
    local folder=$1
    shift
    configure -DCMAKE_PREFIX_PATH="$folder" -DCMAKE_DISABLE_FIND_PACKAGE_MbedTLS=ON "$@"
}

an_mbedtls old 2.28.3
rm old/include/mbedtls/build_info.h
printf '#define MBEDTLS_VERSION_STRING         "2.28.3"\n' >old/include/mbedtls/version.h
an_mbedtls elderly 3.5.2
a_whole_mbedtls first 3.6.0
a_whole_mbedtls mended 3.6.7
an_mbedtls next 4.1.0
an_mbedtls single 3.6.7
a_package packaged 3.5.2
mkdir -p headers/include && cp -r single/include/mbedtls headers/include/
mkdir -p old-source/library old-source/include && cp -r old/include/mbedtls old-source/include/
tar cjf other.tar.bz2 single
: >old-source/library/ssl_tls.c

check an_unknown_tls_setting_is_refused refuses 'it takes auto, ON or OFF' configure -DFIRTH_TLS=maybe
check mbedtls_2_28_is_refused refuses "2.28.3 in $work_dir/old/include (too old)" \
    with_files "$work_dir/old" -DFIRTH_TLS=ON
check mbedtls_3_5_is_refused refuses "3.5.2 in $work_dir/elderly/include (too old)" \
    with_files "$work_dir/elderly" -DFIRTH_TLS=ON
check a_refusal_of_mbedtls_says_what_is_needed refuses 'needs mbedTLS 3.6.0 or newer' \
    with_files "$work_dir/old" -DFIRTH_TLS=ON
check a_refusal_of_mbedtls_says_what_to_do refuses '-DFIRTH_MBEDTLS_SOURCE=<folder>' \
    with_files "$work_dir/old" -DFIRTH_TLS=ON
check mbedtls_4_is_refused refuses 'newer than this version of Firth knows' \
    with_files "$work_dir/next" -DFIRTH_TLS=ON
check an_old_package_of_mbedtls_is_refused refuses '3.5.2 in' configure -DFIRTH_TLS=ON \
    -DMbedTLS_ROOT="$work_dir/packaged" -DCMAKE_PREFIX_PATH="$work_dir/old" -DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF
check headers_of_mbedtls_without_libraries_are_refused refuses 'headers without libraries' \
    with_files "$work_dir/headers" -DFIRTH_TLS=ON -DCMAKE_FIND_ROOT_PATH="$work_dir/headers" \
    -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY
check an_mbedtls_without_threads_is_refused refuses 'built without MBEDTLS_THREADING_C' \
    with_files "$work_dir/single" -DFIRTH_TLS=ON
check a_folder_without_the_source_of_mbedtls_is_refused refuses 'there is no source of mbedTLS in' \
    configure -DFIRTH_MBEDTLS_SOURCE="$work_dir/single"
check an_old_source_of_mbedtls_is_refused refuses 'is too old. Firth needs 3.6.0 or newer' \
    configure -DFIRTH_MBEDTLS_SOURCE="$work_dir/old-source"
check an_odd_record_length_is_refused refuses 'it takes 512 to 16384 bytes' configure -DFIRTH_TLS_OUT_CONTENT_LEN=20000
check a_download_of_other_bytes_is_refused refuses a7e8bcbec0e6f761 with_files "$work_dir/old" -DFIRTH_TLS=ON \
    -DFIRTH_MBEDTLS_DOWNLOAD=ON -DFIRTH_MBEDTLS_URL="file://$work_dir/other.tar.bz2"

with_first=(-DCMAKE_PREFIX_PATH="$work_dir/first" -DCMAKE_DISABLE_FIND_PACKAGE_MbedTLS=ON -DFIRTH_TLS=ON)
check mbedtls_3_6_0_is_taken says 'TLS by mbedTLS 3.6.0 (installed)' "${with_first[@]}"
check what_is_known_against_an_old_mbedtls_is_told says CVE-2025-27810 "${with_first[@]}"
check nothing_is_told_against_one_that_is_mended has_nothing_against "$work_dir/mended"
check without_mbedtls_there_is_no_tls_and_it_is_told says 'Firth is built without TLS' \
    -DCMAKE_PREFIX_PATH="$work_dir/old" \
    -DCMAKE_DISABLE_FIND_PACKAGE_MbedTLS=ON
check tls_can_be_left_out says 'no TLS' -DFIRTH_TLS=OFF
check the_choice_is_told says 'backends poll (the first is the default)' -DFIRTH_BACKEND=poll \
    -DFIRTH_EXTRA_BACKENDS=none
check the_default_is_the_best_backend says 'backends epoll, poll, sim (the first is the default)'
check ucontext_can_be_chosen says 'context switch ucontext' -DFIRTH_CONTEXT=ucontext
finish
