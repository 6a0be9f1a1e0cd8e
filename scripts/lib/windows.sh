# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What a build for Windows needs on this machine: the cross compiler, Wine with a prefix of its own, and cmocka.
source scripts/lib/packages.sh
source scripts/lib/debian_source.sh

windows_prefix=build/deps/windows # cmocka for Windows is installed there
wine_prefix=build/wine
windows_why= # after a failure

# build_cmocka FOLDER: that source, static, into windows_prefix.
build_cmocka() {
    local build=$root/build/deps/cmocka-windows-build
    rm -rf "$build"
    run_quietly cmocka-windows cmake -S "$1" -B "$build" -DCMAKE_BUILD_TYPE=Release -DWITH_STATIC_LIB=ON \
        -DUNIT_TESTING=OFF -DWITH_EXAMPLES=OFF \
        -DCMAKE_TOOLCHAIN_FILE="$root/cmake/toolchains/windows-mingw.cmake" &&
        run_quietly cmocka-windows cmake --build "$build" --parallel "$jobs" &&
        mkdir -p "$windows_prefix"/{include,lib} &&
        cp "$1"/include/cmocka*.h "$windows_prefix/include/" &&
        cp "$(find "$build/src" -name 'libcmocka*.a' ! -name '*.dll.a' | head -n 1)" "$windows_prefix/lib/libcmocka.a" &&
        rm -rf "$build"
}

# provide_windows: false with windows_why if something cannot be had.
provide_windows() {
    install_missing optional gcc-mingw-w64-x86-64-win32:x86_64-w64-mingw32-gcc-win32 wine:wine dpkg-dev:dpkg-source
    if ! has x86_64-w64-mingw32-gcc-win32; then
        windows_why='there is no x86_64-w64-mingw32-gcc-win32'
    elif ! has wine; then
        windows_why='there is no wine'
    elif [ ! -f "$windows_prefix/include/cmocka.h" ]; then
        say 'Fetching and building cmocka for Windows'
        if ! debian_source_suites='bookworm trixie' fetch_debian_source cmocka '1\.1\.5' build/deps; then
            windows_why="its tests need cmocka, whose source could not be fetched: $debian_source_why"
        elif ! build_cmocka "$root/build/deps/$debian_source_folder"; then
            windows_why='cmocka does not build'
        fi
    fi
    [ -z "$windows_why" ]
}

# start_wine: a prefix, and a server that stays until stop_wine, so that a test takes milliseconds to start. Without
# winedbg, behind which one crash in six ends with exit code 0. The first program of Wine's starts services that keep
# its output open for ever, so it has none. In a locale without UTF-8 it has no name for a file with an é in its.
start_wine() {
    export LC_ALL=C.UTF-8
    export WINEPREFIX=$root/$wine_prefix WINEDEBUG=-all WINEDLLOVERRIDES='winedbg.exe=d;mscoree=;mshtml='
    mkdir -p "$WINEPREFIX"
    wineserver -k >/dev/null 2>&1 || true
    wineserver -w </dev/null >/dev/null 2>&1
    wineserver -p </dev/null >/dev/null 2>&1
    wine wineboot </dev/null >/dev/null 2>&1
    wine winecfg /v win10 </dev/null >/dev/null 2>&1
}

stop_wine() {
    wineserver -k >/dev/null 2>&1 || true
}
