#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs Firth, moves the installation, and builds and runs a consumer of it in every way a consumer may come.
# shellcheck source=tests/package/common.sh
source "$(dirname "$0")/common.sh"
consumer_dir=$source_dir/tests/package/consumer

# build_and_install KIND PREFIX
build_and_install() {
    local shared=OFF
    [ "$1" = static ] || shared=ON
    quietly cmake -S "$source_dir" -B "build-$1" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS="$shared" \
        -DFIRTH_TESTS=OFF -DFIRTH_EXAMPLES=OFF -DCMAKE_INSTALL_PREFIX="$2" -DCMAKE_INSTALL_LIBDIR=lib &&
        quietly cmake --build "build-$1" --parallel "$jobs" &&
        quietly cmake --install "build-$1"
}

# consume NAME CMAKE_OPTION…: configures, builds and runs the consumer by CMake.
consume() {
    local name=$1
    shift
    quietly cmake -S "$consumer_dir" -B "consumer-$name" -DCMAKE_BUILD_TYPE=Release "$@" &&
        quietly cmake --build "consumer-$name" --parallel "$jobs" &&
        run_consumer "$(find "consumer-$name" -type f -name consumer -perm -u+x)"
}

run_consumer() {
    [ "$("$1")" = "firth $version works" ]
}

# find_kind KIND PREFIX [CMAKE_OPTION…]: by find_package; the program depends on libfirth.so if and only if KIND is shared.
find_kind() {
    local kind=$1 prefix=$2
    shift 2
    rm -rf "consumer-$kind"
    consume "$kind" -DHOW=find_package -DCMAKE_PREFIX_PATH="$prefix" "$@" && depends_on "consumer-$kind/consumer" "$kind"
}

# depends_on PROGRAM KIND
depends_on() {
    local needed
    needed=$(readelf -d "$1" | grep -c 'NEEDED.*libfirth\.so\.0' || true)
    case $2 in
    shared) [ "$needed" -eq 1 ] ;;
    static) [ "$needed" -eq 0 ] ;;
    esac
}

# pkg_config_kind KIND PREFIX
pkg_config_kind() {
    local flags option=
    [ "$1" = shared ] || option=--static
    # shellcheck disable=SC2086 # no option is no word
    flags=$(PKG_CONFIG_PATH=$2/lib/pkgconfig pkg-config --cflags --libs $option "firth = $version") || return 1
    # shellcheck disable=SC2086 # the flags are words
    quietly cc -std=c11 "$consumer_dir/consumer.c" -o "pc-$1" $flags -Wl,-rpath,"$2/lib" || return 1
    depends_on "pc-$1" "$1" && run_consumer "./pc-$1"
}

# The shared library shows the public functions and nothing else, and has all that the headers declare.
exports_public_names() {
    local exported declared
    exported=$(nm -D --defined-only "$1" | awk '{ print $3 }' | grep -v '^_' | sort -u)
    declared=$(cat "$2"/firth/*.h | tr '\n' ' ' | sed 's|/\*[^/]*\*/| |g' | tr ';{}' '\n' |
        sed -nE 's/.*FIRTH_API[^(]*[ *](firth_[a-z0-9_]+)( *\(.*)?$/\1/p' | sort -u)
    if grep -v '^firth_' <<<"$exported"; then
        echo "are exported and do not begin with firth_"
        return 1
    fi
    [ -n "$declared" ] || return 1
    # A backend that this build was not asked for is declared and absent; all of this system's are in.
    if comm -23 <(echo "$declared") <(echo "$exported") | grep .; then
        echo "are declared and not exported"
        return 1
    fi
}

holds_no_path_of_the_build() {
    ! grep -rF -e "$source_dir" -e "$work_dir" "$1" --include='*.cmake' --include='*.pc' --include='*.h'
}

version=$(sed -nE 's/^#define FIRTH_VERSION_(MAJOR|MINOR|PATCH) +([0-9]+)$/\2/p' "$source_dir/include/firth/version.h" |
    paste -sd.)

check installs_static build_and_install static "$work_dir/first/static"
check installs_shared build_and_install shared "$work_dir/first/shared"
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
check find_package_refuses_an_unknown_component refuses 'firth' find_kind static "$moved/static" \
    -DFIRTH_COMPONENTS=teapot
if command -v pkg-config >/dev/null 2>&1; then
    check pkg_config_links_static pkg_config_kind static "$moved/static"
    check pkg_config_links_shared pkg_config_kind shared "$moved/shared"
else
    echo "SKIP pkg_config: pkg-config is not installed"
fi
check add_subdirectory_builds consume subdirectory -DHOW=add_subdirectory -DFIRTH_SOURCE="$source_dir"
check fetch_content_builds consume fetch -DHOW=FetchContent -DFIRTH_SOURCE="$source_dir"
check fetch_content_builds_shared consume fetch-shared -DHOW=FetchContent -DFIRTH_SOURCE="$source_dir" \
    -DBUILD_SHARED_LIBS=ON
check shared_library_exports_public_names_only exports_public_names "$moved/shared/lib/libfirth.so" \
    "$moved/shared/include"
check shared_library_is_named_by_major_version sh -c "readelf -d '$moved/shared/lib/libfirth.so' |
    grep 'SONAME.*\[libfirth\.so\.${version%%.*}\]'"
finish
