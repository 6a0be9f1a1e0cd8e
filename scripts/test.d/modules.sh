#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Firth as a module of Zephyr and a component of ESP-IDF, without either SDK: the manifests keep to their schemas, Kconfig
# parses and its options are those that the build uses, and over doubles of the SDKs' CMake functions all sources compile.
# Each check is seen to find what was planted.
# packages: python3-yaml:/usr/lib/python3/dist-packages/yaml
# packages: python3-kconfiglib:/usr/lib/python3/dist-packages/kconfiglib.py
# packages: gcc-arm-none-eabi:arm-none-eabi-gcc libnewlib-arm-none-eabi
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/lwip.sh

work=build/modules
tests=tests/modules
python=/usr/bin/python3 # the one that Debian's packages are for
failed=0

fail() {
    printf 'FAIL modules: %s\n' "$1"
    failed=1
}

# finds_nothing WHAT ARGUMENT…: of check_module.py.
finds_nothing() {
    if "$python" "$tests/check_module.py" "${@:2}" >"$work/findings"; then
        printf 'PASS modules: %s\n' "$1"
    else
        fail "$1: $(paste -s -d ';' "$work/findings")"
    fi
}

# finds TEXT ARGUMENT…: what was planted.
finds() {
    if ! "$python" "$tests/check_module.py" "${@:2}" >"$work/findings" && grep -qF "$1" "$work/findings"; then
        printf 'PASS modules: a planted fault is found: %s\n' "$1"
    else
        fail "a planted fault is found: $1"
    fi
}

check_manifests() {
    local module=$tests/zephyr_module.schema.yml component=$tests/idf_component.schema.yml
    finds_nothing 'zephyr/module.yml keeps to the schema' yaml "$module" zephyr/module.yml
    finds_nothing 'idf_component.yml keeps to the schema' yaml "$component" idf_component.yml
    finds_nothing 'idf_component.yml has the version of the header' manifest idf_component.yml include/firth/version.h
    sed 's/kconfig:/kconfg:/' zephyr/module.yml >"$work/module.yml"
    finds 'build/kconfg is not known' yaml "$module" "$work/module.yml"
    sed 's/esp32c3/esp33/' idf_component.yml >"$work/idf_component.yml"
    finds "'esp33'" yaml "$component" "$work/idf_component.yml"
    sed 's/^version: .*/version: "9.9.9"/' idf_component.yml >"$work/idf_component.yml"
    finds 'version 9.9.9' manifest "$work/idf_component.yml" include/firth/version.h
}

# kconfig_of SDK TLS FOLDER: the arguments of a check, in kconfig; the settings go to $work/SDK.cmake.
kconfig_of() {
    kconfig=(kconfig "$3/$tests/$1/Kconfig" FIRTH "$work/$1.cmake" "FIRTH_TLS=$2")
    case $1 in
    zephyr) kconfig+=(FIRTH=y "FIRTH_LWIP_SOURCE=$(readlink -f "$lwip_link")" -- "$3/zephyr/CMakeLists.txt") ;;
    esp-idf) kconfig+=(-- "$3/ports/esp-idf/component.cmake") ;;
    esac
    kconfig+=("$3/cmake/FirthModule.cmake")
}

# plant FILE EXPRESSION: in a copy of what Kconfig and the build are made of.
plant() {
    rm -rf "$work/planted"
    mkdir -p "$work/planted/ports" "$work/planted/tests"
    cp -R zephyr cmake "$work/planted"
    cp -R ports/esp-idf ports/Kconfig.common "$work/planted/ports"
    cp -R "$tests" "$work/planted/tests"
    sed -i "$2" "$work/planted/$1"
}

check_kconfig() {
    local sdk kconfig
    for sdk in zephyr esp-idf; do
        kconfig_of "$sdk" n .
        finds_nothing "Kconfig of $sdk, and the options that its build uses" "${kconfig[@]}"
        plant ports/Kconfig.common 's/config FIRTH_BLOCK_CACHE/config FIRTH_BLOCK_CASH/'
        kconfig_of "$sdk" n "$work/planted"
        finds 'CONFIG_FIRTH_BLOCK_CACHE is used by the build, and is no option' "${kconfig[@]}"
        finds 'FIRTH_BLOCK_CASH is an option, and the build does not use it' "${kconfig[@]}"
        plant ports/Kconfig.common 's/default 1024/default 12/'
        finds 'FIRTH_BLOCK_BYTES' "${kconfig[@]}"
    done
    plant zephyr/Kconfig 's/select THREAD_CUSTOM_DATA/select THREAD_CUSTOM/'
    kconfig_of zephyr n "$work/planted"
    finds 'THREAD_CUSTOM is used, and is no option' "${kconfig[@]}"
    plant zephyr/Kconfig 's/^endif.*//'
    finds 'Kconfig:' "${kconfig[@]}"
}

# compile SDK TLS FLAG…: its double with these options. Warnings are errors.
compile() {
    local sdk=$1 tls=$2 kconfig folder=$work/$1-$2 log=$work/$1-$2.log
    shift 2
    kconfig_of "$sdk" "$tls" .
    "$python" "$tests/check_module.py" "${kconfig[@]}" >/dev/null || return 0 # told above
    if cmake -S "$tests/$sdk" -B "$folder" -DSETTINGS="$root/$work/$sdk.cmake" "$@" >"$log" 2>&1 &&
        cmake --build "$folder" --parallel "$jobs" >>"$log" 2>&1; then
        printf 'PASS modules: all sources compile over a double of %s, TLS %s\n' "$sdk" "$tls"
    else
        fail "all sources compile over a double of $sdk, TLS $tls; see $log"
    fi
}

compile_all() {
    local tls mbedtls='' values=(n)
    if [ -e "$mbedtls_link/library/ssl_tls.c" ]; then
        mbedtls=$(readlink -f "$mbedtls_link")
        values=(n y)
    else
        printf 'SKIP modules: TLS: no source of mbedTLS 3.6\n'
    fi
    for tls in "${values[@]}"; do
        compile esp-idf "$tls" '-DCMAKE_C_FLAGS=-Os -Wall -Wextra -Werror' -DLWIP="$(readlink -f "$lwip_link")" \
            -DMBEDTLS="$mbedtls"
        if has arm-none-eabi-gcc; then
            compile zephyr "$tls" -DCMAKE_SYSTEM_NAME=Generic -DCMAKE_SYSTEM_PROCESSOR=arm \
                -DCMAKE_C_COMPILER=arm-none-eabi-gcc -DCMAKE_ASM_COMPILER=arm-none-eabi-gcc \
                -DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY -DMBEDTLS="$mbedtls" \
                '-DCMAKE_C_FLAGS=-mcpu=cortex-m3 -mthumb -Os -Wall -Wextra -Werror' \
                '-DCMAKE_ASM_FLAGS=-mcpu=cortex-m3 -mthumb' \
                -DMBEDTLS_CONFIG="$root/cmake/mbedtls_firmware_config.h"
        else
            printf 'SKIP modules: zephyr: arm-none-eabi-gcc is not installed\n'
        fi
    done
}

main() {
    if ! "$python" -c 'import yaml, kconfiglib' 2>/dev/null; then
        printf 'SKIP modules: all of it: python3-yaml or python3-kconfiglib is not installed\n'
        return 0
    fi
    mkdir -p "$work"
    check_manifests
    if ! lwip_provide >/dev/null; then
        printf 'SKIP modules: Kconfig and the builds: no lwIP 2.2; %s\n' "$lwip_why"
        return "$failed"
    fi
    check_kconfig
    compile_all
    return "$failed"
}

main "$@"
