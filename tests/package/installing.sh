# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of installations share: how Firth is installed, and how a consumer is built against it and run.
version=$(sed -nE 's/^#define FIRTH_VERSION_(MAJOR|MINOR|PATCH) +([0-9]+)$/\2/p' "$source_dir/include/firth/version.h" |
    paste -sd.)
consumer_dir=$source_dir/tests/package/consumer

# What another system's test of installations sets otherwise.
consumer_cc=cc
program_suffix=

# build_and_install NAME KIND PREFIX [CMAKE_OPTION…]: in build-NAME.
build_and_install() {
    local name=$1 kind=$2 prefix=$3 shared=OFF
    shift 3
    [ "$kind" = static ] || shared=ON
    quietly cmake -S "$source_dir" -B "build-$name" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS="$shared" \
        -DFIRTH_TESTS=OFF -DFIRTH_EXAMPLES=OFF -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib "$@" &&
        quietly cmake --build "build-$name" --parallel "$jobs" &&
        quietly cmake --install "build-$name"
}

# consume NAME CMAKE_OPTION…: configures, builds and runs the consumer by CMake.
consume() {
    local name=$1
    shift
    quietly cmake -S "$consumer_dir" -B "consumer-$name" -DCMAKE_BUILD_TYPE=Release "$@" &&
        quietly cmake --build "consumer-$name" --parallel "$jobs" &&
        run_consumer "$(find "consumer-$name" -type f -name "consumer$program_suffix" -perm -u+x)"
}

run_consumer() {
    [ "$("$1")" = "firth $version works" ]
}

# find_kind KIND PREFIX [CMAKE_OPTION…]: by find_package; the program depends on libfirth.so if and only if KIND is shared.
find_kind() {
    local kind=$1 prefix=$2
    shift 2
    rm -rf "consumer-$kind"
    consume "$kind" -DHOW=find_package -DCMAKE_PREFIX_PATH="$prefix" "$@" &&
        depends_on "consumer-$kind/consumer$program_suffix" "$kind"
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

# pkg_config_kind KIND PREFIX [CC_OPTION…]
pkg_config_kind() {
    local kind=$1 prefix=$2 flags option=
    shift 2
    [ "$kind" = shared ] || option=--static
    # shellcheck disable=SC2086 # no option is no word
    flags=$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig:${PKG_CONFIG_PATH:-} pkg-config --cflags --libs $option "firth = $version") || return 1
    # shellcheck disable=SC2086 # the flags are words
    quietly "$consumer_cc" -std=c11 "$@" "$consumer_dir/consumer.c" -o "pc-$kind$program_suffix" $flags \
        -Wl,-rpath,"$prefix/lib" || return 1
    depends_on "pc-$kind$program_suffix" "$kind" && run_consumer "./pc-$kind$program_suffix"
}

# What is declared everywhere, and is in a build whose system it is of, or that asks for it: backends, lwIP, FreeRTOS.
of_other_systems='firth_(backend_(iocp|kqueue|lwip)|lwip_[a-z_]+|freertos_[a-z_]+)'

# exported_names LIBRARY
exported_names() {
    nm -D --defined-only "$1" | awk '{ print $3 }' | grep -v '^_'
}

# The shared library shows the public functions and nothing else, and has all that the headers declare.
exports_public_names() {
    local exported declared
    exported=$(exported_names "$1" | sort -u)
    declared=$(cat "$2"/firth/*.h | tr '\n' ' ' | sed 's|/\*[^/]*\*/| |g' | tr ';{}' '\n' |
        sed -nE 's/.*FIRTH_API[^(]*[ *](firth_[a-z0-9_]+)( *\(.*)?$/\1/p' | grep -vxE "$of_other_systems" | sort -u)
    if grep -v '^firth_' <<<"$exported"; then
        echo "are exported and do not begin with firth_"
        return 1
    fi
    [ -n "$declared" ] || return 1
    if comm -23 <(echo "$declared") <(echo "$exported") | grep .; then
        echo "are declared and not exported"
        return 1
    fi
}

# holds_no_path_of_the_build FOLDER [TEXT]: but for that text, which may hold one.
holds_no_path_of_the_build() {
    ! grep -rF -e "$source_dir" -e "$work_dir" "$1" --include='*.cmake' --include='*.pc' --include='*.h' |
        grep -vF -- "${2:-no such exception}" | grep .
}
