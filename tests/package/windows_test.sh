#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Firth for Windows as others get it: a static library, and a DLL with its import library. Both are installed and moved,
# and a consumer of each is built by CMake and by pkg-config, and run under Wine. scripts/test.d/windows.sh, which has
# started Wine, calls it; FIRTH_TEST_MBEDTLS_SOURCE is the source of mbedTLS, if there is any.
# shellcheck source=tests/package/common.sh
source "$(dirname "$0")/common.sh"
# shellcheck source=tests/package/installing.sh
source "$source_dir/tests/package/installing.sh"

export CMAKE_TOOLCHAIN_FILE=$source_dir/cmake/toolchains/windows-mingw.cmake
consumer_cc=x86_64-w64-mingw32-gcc-win32
program_suffix=.exe
of_other_systems='firth_(backend_(epoll|kqueue|lwip|poll)|lwip_[a-z_]+|freertos_[a-z_]+)'
systems='kernel32\.dll|msvcrt\.dll|ws2_32\.dll|iphlpapi\.dll|bcrypt\.dll|crypt32\.dll|advapi32\.dll'
dll=libfirth.dll
moved=$work_dir/moved

tables() {
    x86_64-w64-mingw32-objdump -p "$1"
}

needed_by() {
    tables "$1" | sed -n 's/^.*DLL Name: //p'
}

# depends_on PROGRAM KIND: on the DLL of Firth or not, and on nothing else but the system's.
depends_on() {
    local needed
    needed=$(needed_by "$1" | grep -vixE "$systems" | paste -sd' ')
    echo "$1 needs $(needed_by "$1" | paste -sd' ')"
    case $2 in
    shared) [ "$needed" = "$dll" ] ;;
    static) [ -z "$needed" ] ;;
    esac
}

# A DLL lies beside its program, and there has to be one exactly if the program is not whole.
run_consumer() {
    local folder output status=0
    folder=$(dirname "$1")
    if needed_by "$1" | grep -qx "$dll"; then
        if wine "$PWD/$1" >/dev/null 2>&1 </dev/null; then
            echo "$1 runs without the DLL it is linked to"
            return 1
        fi
        cp "$(find "$moved/shared" "$work_dir/first/shared" -name "$dll" 2>/dev/null | head -n 1)" "$folder/"
    fi
    output=$(wine "$PWD/$1" </dev/null | tr -d '\r'; exit "${PIPESTATUS[0]}") || status=$?
    rm -f "$folder/$dll"
    [ "$output" = "firth $version works" ] && [ "$status" -eq 0 ]
}

exported_names() {
    tables "$1" | awk '/^\[Ordinal\/Name Pointer\] Table/ { here = 1; next } here && !NF { exit } here { print $NF }'
}

# The consumer by the compiler alone, as a program that has no CMake: the import library says what the DLL has.
links_by_the_import_library() {
    quietly "$consumer_cc" -std=c11 -I"$moved/shared/include" "$consumer_dir/consumer.c" -o plain.exe \
        "$moved/shared/lib/libfirth.dll.a" && depends_on plain.exe shared && run_consumer plain.exe
}

tls=(-DFIRTH_TLS=OFF)
consumer_options=()
symbol=()
if [ -n "${FIRTH_TEST_MBEDTLS_SOURCE:-}" ]; then
    tls=(-DFIRTH_TLS=ON -DFIRTH_MBEDTLS_SOURCE="$FIRTH_TEST_MBEDTLS_SOURCE")
    consumer_options=(-DFIRTH_COMPONENTS=tls -DFIRTH_SYMBOL=firth_tls_start_at)
    symbol=(-DFIRTH_SYMBOL=firth_tls_start_at)
else
    echo "SKIP consumers_have_tls: there is no source of mbedTLS"
fi

for kind in static shared; do
    check "installs_$kind" build_and_install "$kind" "$kind" "$work_dir/first/$kind" -DFIRTH_CONFORMANCE=OFF "${tls[@]}"
done
mkdir -p moved && mv first/* moved/

check installed_files_hold_no_path_of_the_build holds_no_path_of_the_build "$moved"
check the_dll_lies_where_programs_do test -f "$moved/shared/bin/$dll"
check the_dll_exports_public_names_only exports_public_names "$moved/shared/bin/$dll" "$moved/shared/include"
check the_dll_needs_the_systems_alone depends_on "$moved/shared/bin/$dll" static
check a_static_consumer_needs_the_systems_dlls_alone find_kind static "$moved/static" "${consumer_options[@]}"
check a_consumer_of_the_dll_needs_it find_kind shared "$moved/shared" "${consumer_options[@]}"
check a_consumer_links_by_the_import_library links_by_the_import_library
if command -v pkg-config >/dev/null 2>&1; then
    check pkg_config_links_static pkg_config_kind static "$moved/static" -static "${symbol[@]}"
    check pkg_config_links_shared pkg_config_kind shared "$moved/shared" "${symbol[@]}"
else
    echo "SKIP pkg_config: pkg-config is not installed"
fi
finish
