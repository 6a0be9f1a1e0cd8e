#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A Firth with TLS, installed and moved, gives its consumers mbedTLS: one that is installed, with a CMake package and
# without, and one that was built as a part of Firth.
# FIRTH_TEST_MBEDTLS is the prefix of an installed one, FIRTH_TEST_MBEDTLS_SOURCE its source.
# shellcheck source=tests/package/common.sh
source "$(dirname "$0")/common.sh"
# shellcheck source=tests/package/installing.sh
source "$source_dir/tests/package/installing.sh"

installed=${FIRTH_TEST_MBEDTLS:-}
source=${FIRTH_TEST_MBEDTLS_SOURCE:-}
unset CMAKE_PREFIX_PATH PKG_CONFIG_PATH # each test says itself what there is
with_tls=(-DFIRTH_TLS=ON -DFIRTH_CONFORMANCE=OFF -DFIRTH_MBEDTLS_FETCHED=)

# A function that needs all of mbedTLS; without it a consumer links nothing of TLS.
symbol=firth_tls_start_at
consumer_options=(-DFIRTH_COMPONENTS=tls -DFIRTH_SYMBOL="$symbol")

# has_mbedtls PROGRAM: inside, or as a library that it loads.
has_mbedtls() {
    nm "$1" | grep ' [TtU] mbedtls_ssl_handshake$' >/dev/null
}

# find_tls KIND PREFIX MBEDTLS [CMAKE_OPTION…]: by find_package, where CMake is told of that mbedTLS; a static one
# brings it along.
find_tls() {
    local kind=$1 prefixes="$2;$3"
    shift 3
    find_kind "$kind" "$prefixes" "${consumer_options[@]}" "$@" || return 1
    [ "$kind" = shared ] || has_mbedtls consumer-static/consumer
}

# pkg_config_tls KIND PREFIX MBEDTLS
pkg_config_tls() {
    PKG_CONFIG_PATH=$3/lib/pkgconfig pkg_config_kind "$1" "$2" -DFIRTH_SYMBOL="$symbol" || return 1
    [ "$1" = shared ] || has_mbedtls pc-static
}

# check_installation NAME KIND MBEDTLS CMAKE_OPTION…: MBEDTLS is where consumers are told that it is; none: nowhere.
check_installation() {
    local name=$1 kind=$2 mbedtls=$3 moved=$work_dir/moved/$1
    shift 3
    check "$name"/installs build_and_install "$name" "$kind" "$work_dir/first/$name" "${with_tls[@]}" "$@"
    mkdir -p moved && mv "first/$name" moved/
    check "$name"/holds_no_path_of_the_build holds_no_path_of_the_build "$moved" "-L$work_dir/bare/lib "
    check "$name"/the_header_is_there test -e "$moved/include/firth/tls.h"
    check "$name"/find_package_finds_it find_tls "$kind" "$moved" "$mbedtls"
    if command -v pkg-config >/dev/null 2>&1; then
        check "$name"/pkg_config_links_it pkg_config_tls "$kind" "$moved" "$mbedtls"
    fi
    [ "$kind" = static ] ||
        check "$name"/exports_public_names_only exports_public_names "$moved/lib/libfirth.so" "$moved/include"
}

# The same mbedTLS without what tells CMake and pkg-config of it.
strip_package() {
    mkdir bare && cp -r "$installed/include" "$installed/lib" bare/ && rm -rf bare/lib/cmake bare/lib/pkgconfig
}

check_installed() {
    export LD_LIBRARY_PATH=$installed/lib # where the loader does not look, if its libraries are shared
    check_installation installed-static static "$installed" -DCMAKE_PREFIX_PATH="$installed"
    check_installation installed-shared shared none -DCMAKE_PREFIX_PATH="$installed"
    check a_static_firth_says_that_mbedtls_is_missing refuses 'its TLS needs mbedTLS 3.6.0 or newer' \
        find_kind static "$work_dir/moved/installed-static" -DCMAKE_DISABLE_FIND_PACKAGE_MbedTLS=ON \
        -DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF
    check a_subproject_takes_an_installed_one consume subproject -DHOW=add_subdirectory -DFIRTH_SOURCE="$source_dir" \
        -DFIRTH_TLS=ON -DFIRTH_SYMBOL="$symbol" -DCMAKE_PREFIX_PATH="$installed"
    check a_bare_mbedtls_is_made strip_package
    check_installation bare-static static "$work_dir/bare" -DCMAKE_PREFIX_PATH="$work_dir/bare" \
        -DCMAKE_DISABLE_FIND_PACKAGE_MbedTLS=ON
}

check_vendored() {
    check_installation vendored-static static none -DFIRTH_MBEDTLS_SOURCE="$source"
    check_installation vendored-shared shared none -DFIRTH_MBEDTLS_SOURCE="$source"
    check vendored-static/its_licence_is_there test -s moved/vendored-static/share/doc/firth/LICENSE.mbedtls
    check both_kinds_go_into_one_prefix sh -c "cmake --install build-vendored-static --prefix '$work_dir/both' &&
        cmake --install build-vendored-shared --prefix '$work_dir/both'"
    check the_static_one_of_both_links find_tls static "$work_dir/both" none -DBUILD_SHARED_LIBS=OFF
    check fetched_as_a_part_it_builds_mbedtls consume fetch -DHOW=FetchContent -DFIRTH_SOURCE="$source_dir" \
        -DFIRTH_TLS=ON -DFIRTH_SYMBOL="$symbol" -DFETCHCONTENT_SOURCE_DIR_MBEDTLS="$source"
}

if [ -n "$installed" ]; then
    check_installed
else
    echo 'SKIP installed: there is no mbedTLS 3.6 that is installed'
fi
if [ -n "$source" ]; then
    check_vendored
else
    echo 'SKIP vendored: there is no source of mbedTLS 3.6'
fi
finish
