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

# firmware_missing: what building and running takes and this machine lacks; nothing if all is there.
firmware_missing() {
    missing_of "${firmware_packages[@]}" | paste -s -d ' '
}

# firmware_build BOARD [TARGET…]: in build/BOARD.
firmware_build() {
    local board=$1
    shift
    if has ninja && [ ! -f "build/$board/CMakeCache.txt" ]; then
        export CMAKE_GENERATOR=Ninja
    fi
    run_quietly "$board-configure" cmake --preset "$board" &&
        run_quietly "$board-build" cmake --build --preset "$board" --parallel "$jobs" --target "$@"
}

# firmware_command BOARD PATH NETWORK [ARGUMENT…]: PATH is below build/BOARD, without .elf. Sets firmware_qemu. The serial line is standard input and output,
# and Ctrl-C is the firmware's. Its exit code is QEMU's.
firmware_command() {
    local board=$1 path=$2 network=$3 argument words="enable=on,target=native,arg=${2##*/}"
    shift 3
    for argument in "$@"; do
        words+=",arg=$argument"
    done
    # shellcheck disable=SC2034,SC2054 # QEMU's options have commas
    firmware_qemu=(qemu-system-arm -M "$board" -kernel "build/$board/$path.elf" -display none -monitor none
        -chardev stdio,id=console,signal=off -serial chardev:console -semihosting-config "$words"
        -nic "user,model=lan9118,$network")
}
