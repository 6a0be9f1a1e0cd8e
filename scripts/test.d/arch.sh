#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Other processors, emulated: the context switch's own test, guards, and a server and a client that talk over loopback.
# packages: qemu-user:qemu-aarch64 gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf
# packages: clang lld:ld.lld libc6-dev-armhf-cross gcc-riscv64-linux-gnu libc6-dev-riscv64-cross
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/conversation.sh

build=build/arch
warnings=(-std=c11 -O2 -g -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wvla -Werror
    -funwind-tables) # gcc for RISC-V has none unless asked, and without them there is no backtrace
failed=0
server_pid=

pass() {
    printf 'PASS %s\n' "$1"
}

fail() {
    printf 'FAIL %s: %s\n' "$1" "$2"
    failed=1
}

# can_run NAME TRIPLET QEMU
can_run() {
    local tool
    for tool in "$2-gcc" "$3"; do
        has "$tool" || {
            printf 'SKIP %s: %s is not installed\n' "$1" "$tool"
            return 1
        }
    done
    echo '#include <stdio.h>' | "$2-gcc" -E -x c - >/dev/null 2>&1 || {
        printf 'SKIP %s: the C library of %s is not installed\n' "$1" "$2"
        return 1
    }
}

# selftest NAME PROGRAM COMMAND…: runs the command, and then the program that it made.
selftest() {
    local name=$1 program=$2 emulator=$3
    shift 3
    if ! "$@"; then
        fail "$name" 'does not build'
    elif ! timeout 300 "$emulator" "$program"; then
        fail "$name" 'see the lines above'
    else
        pass "$name"
    fi
}

# switch_of NAME TRIPLET QEMU FILE [FLAG…]: the context switch in that file, by itself.
switch_of() {
    local name=$1/context triplet=$2 emulator=$3 file=$4 program=$build/$1-context
    shift 4
    can_run "$name" "$triplet" "$emulator" || return 0
    selftest "$name" "$program" "$emulator" "$triplet-gcc" "${warnings[@]}" "$@" -D_GNU_SOURCE -DFIRTH_STATIC -I. \
        -Iinclude -static -o "$program" tests/ports/{context_selftest,context_checks,flow}.c \
        tests/ports/registers.S ports/arch/context.c ports/arch/switch_ucontext.c "ports/arch/$file" -lm
}

guards_of() {
    local name=$1/guards program=$build/$1-guards
    selftest "$name" "$program" "$3" "$2-gcc" "${warnings[@]}" -D_GNU_SOURCE -DFIRTH_STATIC -I. -Iinclude -static \
        -o "$program" tests/ports/guard_selftest.c ports/posix/pages.c
}

# The whole library and the examples, warnings being errors.
build_library() {
    cmake -S . -B "$build/$1" --toolchain "$root/cmake/toolchains/linux-$1.cmake" -DCMAKE_BUILD_TYPE=Debug \
        -DFIRTH_TESTS=OFF -DFIRTH_WERROR=ON "${@:2}" && cmake --build "$build/$1" --parallel "$jobs"
}

# conversation NAME RUN…: two clients, one after the other, and then Ctrl-C for the server. RUN starts a program.
conversation() {
    local name=$1 out=$build/$1-server.out where=$build/$1/examples port answers expected status=0
    shift
    : >"$out" # what an earlier run left is not this server's address
    "$@" "$where/sockets-server" 127.0.0.1 0 >"$out" 2>&1 &
    server_pid=$!
    if ! port=$(wait_for_address "$out"); then
        cat "$out"
        kill -KILL "$server_pid" 2>/dev/null || true
        fail "$name/conversation" 'the server did not start'
        return 0
    fi
    answers=$(printf 'Ada\nGrace\n' | timeout 60 "$@" "$where/sockets-client" localhost "$port" 2>&1) || status=1
    answers+=" "$(printf 'Alan\n' | timeout 60 "$@" "$where/sockets-client" 127.0.0.1 "$port" 2>&1) || status=1
    expected=$'Please enter your name\nHello, Ada!\nHello, Grace! Please enter your name\nHello, Alan!'
    kill -TERM "$server_pid"
    wait "$server_pid" || status=$?
    server_pid=
    printf '%s\n' "$answers"
    cat "$out"
    if [ "$answers" != "$expected" ]; then
        fail "$name/conversation" 'not the expected answers'
    elif [ "$status" -ne 0 ]; then
        fail "$name/conversation" "a program ended with exit code $status"
    elif ! grep -qx 'Server stopped' "$out"; then
        fail "$name/conversation" 'the server did not end by itself'
    else
        pass "$name/conversation"
    fi
}

# library_of NAME TRIPLET QEMU
library_of() {
    can_run "$1/library" "$2" "$3" || return 0
    guards_of "$@"
    if build_library "$1"; then
        pass "$1/library"
        conversation "$1" "$3" -L "/usr/$2"
    else
        fail "$1/library" 'does not build'
    fi
}

# switch_of_riscv32 NAME ISA ABI: without a C library, which Debian has none of; clang has every target.
switch_of_riscv32() {
    local name=$1/context program=$build/$1-context tool
    for tool in clang ld.lld qemu-riscv32; do
        has "$tool" || {
            printf 'SKIP %s: %s is not installed\n' "$name" "$tool"
            return 0
        }
    done
    selftest "$name" "$program" qemu-riscv32 clang --target=riscv32-unknown-elf "-march=$2" "-mabi=$3" -mno-relax -std=c11 \
        -O2 -Wall -Wextra -Wpedantic -Werror -ffreestanding -nostdlib -static -fuse-ld=lld -I. -o "$program" \
        tests/ports/riscv32_selftest.c ports/arch/switch_riscv32.S
}

stop_server() {
    [ -z "$server_pid" ] || kill -KILL "$server_pid" 2>/dev/null || true
}

main() {
    trap stop_server EXIT
    mkdir -p "$build"
    switch_of aarch64 aarch64-linux-gnu qemu-aarch64 switch_aarch64.S
    switch_of aarch64-bti aarch64-linux-gnu qemu-aarch64 switch_aarch64.S -mbranch-protection=standard
    switch_of armv7-arm arm-linux-gnueabihf qemu-arm switch_armv7.S -march=armv7-a+fp -marm
    switch_of armv7-thumb arm-linux-gnueabihf qemu-arm switch_armv7.S -march=armv7-a+fp -mthumb
    switch_of riscv64 riscv64-linux-gnu qemu-riscv64 switch_riscv64.S
    switch_of_riscv32 riscv32 rv32imc ilp32
    switch_of_riscv32 riscv32-float rv32imafc ilp32f
    library_of aarch64 aarch64-linux-gnu qemu-aarch64
    library_of armhf arm-linux-gnueabihf qemu-arm
    library_of riscv64 riscv64-linux-gnu qemu-riscv64
    return "$failed"
}

main "$@"
