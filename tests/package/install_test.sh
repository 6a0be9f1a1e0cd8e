#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs Firth without TLS, moves the installation, and builds and runs a consumer of it in every way a consumer may
# come. tls_test.sh does this with TLS.
# shellcheck source=tests/package/common.sh
source "$(dirname "$0")/common.sh"
# shellcheck source=tests/package/installing.sh
source "$source_dir/tests/package/installing.sh"

check installs_static build_and_install static static "$work_dir/first/static" -DFIRTH_TLS=OFF
check installs_shared build_and_install shared shared "$work_dir/first/shared" -DFIRTH_TLS=OFF
check installs_both_into_one_prefix sh -c "cmake --install build-static --prefix '$work_dir/first/both' &&
    cmake --install build-shared --prefix '$work_dir/first/both'"
mkdir moved
mv first/* moved/
moved=$work_dir/moved

check installed_files_hold_no_path_of_the_build holds_no_path_of_the_build "$moved"
check find_package_finds_static find_kind static "$moved/static"
check find_package_finds_shared find_kind shared "$moved/shared"
check find_package_takes_the_component_static find_kind static "$moved/both" -DFIRTH_COMPONENTS=static
check find_package_takes_the_component_shared find_kind shared "$moved/both" -DFIRTH_COMPONENTS=shared
check find_package_heeds_build_shared_libs find_kind static "$moved/both" -DBUILD_SHARED_LIBS=OFF
check find_package_accepts_the_same_minor_version find_kind static "$moved/static" \
    -DFIRTH_WANTED_VERSION="${version%.*}"
check find_package_refuses_another_minor_version refuses "$version" find_kind static "$moved/static" \
    -DFIRTH_WANTED_VERSION="${version%%.*}.99"
check find_package_refuses_the_component_tls refuses 'was built without TLS' \
    find_kind static "$moved/static" -DFIRTH_COMPONENTS=tls
check the_header_of_tls_is_left_out test ! -e "$moved/static/include/firth/tls.h"
check find_package_refuses_an_unknown_component refuses 'firth' find_kind static "$moved/static" \
    -DFIRTH_COMPONENTS=teapot
if command -v pkg-config >/dev/null 2>&1; then
    check pkg_config_links_static pkg_config_kind static "$moved/static"
    check pkg_config_links_shared pkg_config_kind shared "$moved/shared"
else
    echo "SKIP pkg_config: pkg-config is not installed"
fi
check add_subdirectory_builds consume subdirectory -DHOW=add_subdirectory -DFIRTH_SOURCE="$source_dir" \
    -DFIRTH_TLS=OFF
check fetch_content_builds consume fetch -DHOW=FetchContent -DFIRTH_SOURCE="$source_dir" -DFIRTH_TLS=OFF
check fetch_content_builds_shared consume fetch-shared -DHOW=FetchContent -DFIRTH_SOURCE="$source_dir" \
    -DBUILD_SHARED_LIBS=ON -DFIRTH_TLS=OFF
check shared_library_exports_public_names_only exports_public_names "$moved/shared/lib/libfirth.so" \
    "$moved/shared/include"
check shared_library_is_named_by_major_version sh -c "readelf -d '$moved/shared/lib/libfirth.so' |
    grep 'SONAME.*\[libfirth\.so\.${version%%.*}\]'"
finish
