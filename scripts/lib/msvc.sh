# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What can be told here, without Microsoft's compiler and its SDK, of whether that compiler takes the code: clang reads it for
# MSVC's target, where __GNUC__ is not defined, with the headers of mingw-w64, and with warnings as errors.
source scripts/lib/packages.sh

msvc_flags=(--target=x86_64-pc-windows-msvc -fms-compatibility -fms-extensions -fmsc-version=1935 -Iinclude -I.
    -DFIRTH_BUILDING -DFIRTH_HAS_TLS=1 -DNOMINMAX -DWIN32_LEAN_AND_MEAN -D_WIN32_WINNT=0x0A00
    "-DMBEDTLS_USER_CONFIG_FILE=\"$root/cmake/mbedtls_user_config.h\"")
msvc_warnings=(-Wall -Wextra -Wpedantic -Wvla -Werror) # clang-cl's /W4 is the first two

# msvc_prelude FILE: what mingw-w64 thinks of attributes when no gcc is there, and places where clang does not take them.
msvc_prelude() {
    cat >"$1" <<'END'
#include <_mingw.h>
#undef __attribute__
#undef __MINGW_ATTRIB_NORETURN
#define __MINGW_ATTRIB_NORETURN
#undef __MINGW_ATTRIB_DEPRECATED
#define __MINGW_ATTRIB_DEPRECATED
END
}

# msvc_sources BUILD: those of library and examples that that build for Windows has.
msvc_sources() {
    grep -o '"file": "[^"]*\.c"' "$1/compile_commands.json" | sed "s|^\"file\": \"$root/||; s|\"\$||" |
        grep -E '^(core|ports|backends|examples)/' | sort -u
}

# gnu_constructs FILE: lines of ours that are left for the compiler, and that only GNU C has.
gnu_constructs() {
    clang -std=c11 "${msvc_flags[@]}" -E "$1" | awk -v file="$1" '
        /^# [0-9]+ "/ { ours = ($3 ~ /^"(\.\/)?(core|ports|backends|include|examples)\//); next }
        ours && /__attribute__|__builtin_|__asm__|__extension__|__typeof|__label__/ &&
            !/__builtin_(offsetof|va_)/ { print file ": " $0 }'
}

# mbedtls_for_msvc LOG: prints the files of mbedTLS's own that do not compile.
mbedtls_for_msvc() {
    local file
    for file in "$mbedtls_link"/library/*.c; do
        clang -std=c11 "${msvc_flags[@]}" -isystem "$mbedtls_link/library" -w -fsyntax-only "$file" >>"$1" 2>&1 ||
            printf ' %s' "$(basename "$file")"
    done
}

# check_msvc BUILD FOLDER: lines of a part.
check_msvc() {
    local build=$1 folder=$2 file language sources headers_failed='' failed='' found='' log
    log=$folder/msvc.log
    if ! has clang; then
        printf 'SKIP windows/msvc: there is no clang\n'
        return
    fi
    mkdir -p "$folder"
    : >"$log"
    msvc_prelude "$folder/prelude.h"
    # MSVC has no pthread.h: mbedTLS is read with ours.
    msvc_flags+=(-include "$folder/prelude.h" -isystem ports/windows/mbedtls -isystem /usr/x86_64-w64-mingw32/include
        -isystem "$mbedtls_link/include")
    for file in include/firth/*.h; do
        for language in c:c11 c++:c++17; do
            echo "#include \"$file\"" | clang -x "${language%:*}" -std="${language#*:}" "${msvc_flags[@]}" \
                "${msvc_warnings[@]}" -fsyntax-only - >>"$log" 2>&1 || headers_failed+=" $file"
        done
    done
    mapfile -t sources < <(msvc_sources "$build" && echo ports/windows/mbedtls/locks.c)
    [[ ${sources[*]} = *core/tls/mbedtls/* ]] || printf 'SKIP windows/msvc: TLS: the build has none\n'
    for file in "${sources[@]}"; do
        clang -std=c11 "${msvc_flags[@]}" "${msvc_warnings[@]}" -fsyntax-only "$file" >>"$log" 2>&1 || failed+=" $file"
        found+=$(gnu_constructs "$file" 2>>"$log")
    done
    [ ! -e "$mbedtls_link/library/ssl_tls.c" ] ||
        msvc_verdict mbedtls_compiles_for_msvc "$(mbedtls_for_msvc "$log")" "$log"
    printf '%s\n' "$found" >>"$log"
    msvc_verdict headers_compile_for_msvc "$headers_failed" "$log"
    [ "${#sources[@]}" -gt 50 ] || failed+=' (few sources)'
    msvc_verdict sources_compile_for_msvc "$failed" "$log"
    msvc_verdict nothing_of_gnu_c_is_left_for_msvc "$found" "$log"
}

msvc_verdict() {
    if [ -z "$2" ]; then
        pass "windows/$1"
    else
        fail "windows/$1" "${2# }; see $3"
    fi
}
