# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A firmware that serves, in QEMU, with a port of this machine's forwarded to it. board is the caller's.
# shellcheck source=scripts/lib/firmware.sh
source scripts/lib/firmware.sh

work=build/firmware-test
qemu_pid=
here=

# start PROGRAM PROTOCOL PORT [ARGUMENT…]: until it says that it serves; here is the port of this machine. False: it does
# not. Its serial line is descriptor 9, its output $work/log.
start() {
    local program=$1 protocol=$2 port=$3 tries
    shift 3
    for ((tries = 0; tries < 20; tries++)); do
        here=$((20000 + RANDOM % 12000))
        rm -f "$work/serial"
        mkfifo "$work/serial"
        : >"$work/log"
        firmware_command "$board" "examples/$program" "hostfwd=$protocol:127.0.0.1:$here-:$port" "$@"
        timeout 120 "${firmware_qemu[@]}" <"$work/serial" >"$work/log" 2>&1 &
        qemu_pid=$!
        exec 9>"$work/serial"
        wait_for '^Server is' && return 0
        stop || true
        grep -q 'host forwarding' "$work/log" || break # another's port
    done
    tail -n 5 "$work/log"
    return 1
}

# wait_for PATTERN [SECONDS]: in the output, ten without.
wait_for() {
    local tries
    for ((tries = 0; tries < ${2:-10} * 10; tries++)); do
        grep -q -- "$1" "$work/log" && return 0
        kill -0 "$qemu_pid" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

# stop: by Ctrl-C on its serial line; false if its exit code is not 0.
stop() {
    local status=0
    (printf '\003' >&9) || true # it may have ended by itself, and SIGPIPE is not for this script
    exec 9>&-
    wait "$qemu_pid" || status=$?
    return "$status"
}
