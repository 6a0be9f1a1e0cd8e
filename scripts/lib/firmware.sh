# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Firmware: how it is built for a board and run in QEMU.
# shellcheck source=scripts/lib/lwip.sh
source scripts/lib/lwip.sh

# shellcheck disable=SC2034 # the scripts that source this use them
firmware_boards=(mps2-an385 mps2-an386 mps2-an500)
# shellcheck disable=SC2034
firmware_packages=(gcc-arm-none-eabi:arm-none-eabi-gcc
    libnewlib-arm-none-eabi:/usr/lib/arm-none-eabi/newlib/libc_nano.a qemu-system-arm)

firmware_tls=     # ON or OFF, from firmware_provide
firmware_tls_why= # why it is OFF

# firmware_missing: what building and running takes and this machine lacks; nothing if all is there.
firmware_missing() {
    missing_of "${firmware_packages[@]}" | paste -s -d ' '
}

# firmware_identity: a certificate and its key for the TLS examples, made once; for localhost and for the address that a
# server of this machine has in QEMU's network. False without openssl.
firmware_identity() {
    local folder=build/firmware-identity
    if [ ! -e "$folder/certificate.pem" ]; then
        has openssl || return 1
        mkdir -p "$folder"
        openssl ecparam -name prime256v1 -genkey -noout -out "$folder/key.pem" 2>/dev/null &&
            openssl req -x509 -new -key "$folder/key.pem" -subj /CN=firmware -days 365 -out "$folder/certificate.new" \
                -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:10.0.2.100' 2>/dev/null || return 1
        mv "$folder/certificate.new" "$folder/certificate.pem"
    fi
    export FIRTH_FIRMWARE_FILES="$folder/certificate.pem;$folder/key.pem"
}

# firmware_provide: lwIP, and if it can be had mbedTLS: firmware_tls is ON or OFF then. False without lwIP.
firmware_provide() {
    lwip_provide || return 1
    mbedtls_provide
    [ "$mbedtls_state" != installed ] || fetch_mbedtls || true # an installed one is not for a microcontroller
    firmware_tls=OFF
    if [ ! -e "$mbedtls_link/library/ssl_tls.c" ]; then
        firmware_tls_why='no source of mbedTLS 3.6'
    elif ! firmware_identity; then
        firmware_tls_why='no openssl to make a certificate with'
    else
        firmware_tls=ON
    fi
}

# firmware_build BOARD [TARGET…]: in build/BOARD.
firmware_build() {
    local board=$1
    shift
    if has ninja && [ ! -f "build/$board/CMakeCache.txt" ]; then
        export CMAKE_GENERATOR=Ninja
    fi
    run_quietly "$board-configure" cmake --preset "$board" "-DFIRTH_TLS=$firmware_tls" &&
        run_quietly "$board-build" cmake --build --preset "$board" --parallel "$jobs" --target "$@"
}

# firmware_build_plain BOARD KIND TARGET…: without TLS, in build/BOARD-KIND.
firmware_build_plain() {
    local board=$1 kind=$2
    shift 2
    if has ninja && [ ! -f "build/$board-$kind/CMakeCache.txt" ]; then
        export CMAKE_GENERATOR=Ninja
    fi
    run_quietly "$board-configure" cmake --preset "$board" -B "build/$board-$kind" -DFIRTH_TLS=OFF &&
        run_quietly "$board-build" cmake --build "build/$board-$kind" --parallel "$jobs" --target "$@"
}

# firmware_size BUILD PATH [NAME]: flash and RAM of each component of a program beside the limits of that name; false if
# one is over its limit. PATH is below build/BUILD, without .map.
firmware_size() {
    awk -f scripts/lib/firmware_size.awk "build/$1/$2.map" | LC_ALL=C sort |
        awk -v program="${3:-${2##*/}}" -f scripts/lib/firmware_limits.awk tests/baremetal/size_limits -
}

# firmware_memory PROGRAM LOG: what a program took at most, which it says at its end, beside its limits; false if one is over,
# or it has not said so.
firmware_memory() {
    tr -d '\r' <"$2" | awk -v program="$1" -f scripts/lib/firmware_memory.awk tests/baremetal/memory_limits -
}

firmware_monitor=none # or the socket of QEMU's monitor, for which the cable is called cable

# firmware_command BOARD PATH NETWORK [ARGUMENT…]: PATH is below build/BOARD, without .elf. Sets firmware_qemu. The serial
# line is standard input and output, and Ctrl-C is the firmware's. Its exit code is QEMU's.
firmware_command() {
    local board=$1 path=$2 network=$3 argument words="enable=on,target=native,arg=${2##*/}"
    shift 3
    for argument in "$@"; do
        words+=",arg=$argument"
    done
    # shellcheck disable=SC2034,SC2054 # QEMU's options have commas
    firmware_qemu=(qemu-system-arm -M "${board%-small}" -kernel "build/$board/$path.elf" -display none -monitor "$firmware_monitor"
        -chardev stdio,id=console,signal=off -serial chardev:console -semihosting-config "$words"
        -nic "user,id=cable,model=lan9118,$network")
}

# firmware_is_ready PART: false, and a line that says why PART is skipped, if something is missing.
firmware_is_ready() {
    local missing
    missing=$(firmware_missing)
    if [ -n "$missing" ]; then
        printf 'SKIP %s: all of it: %s is not installed\n' "$1" "$missing"
        return 1
    elif ! firmware_provide >/dev/null; then
        printf 'SKIP %s: all of it: no lwIP 2.2; %s\n' "$1" "$lwip_why"
        return 1
    fi
}
