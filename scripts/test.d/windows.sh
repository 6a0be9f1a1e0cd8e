#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Windows, built with mingw-w64 and run under Wine: the tests, and conversations with programs of this system over loopback.
# It runs when it is asked for, scripts/test --windows, and a part of it where CI is true.
#   windows.sh                     each test once, and all the rest: a part of scripts/test
#   windows.sh --repeat N [REGEX]  the tests of TCP, UDP and TLS and the conformance kit N times, or those whose names match:
#                                  how many rounds were clean, and the logs of what was not, with the stacks of what hung
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/conversation.sh
source scripts/lib/mbedtls.sh
source scripts/lib/msvc.sh
source scripts/lib/windows.sh
source scripts/lib/windows_repeat.sh

build=build/windows-mingw
work=build/windows-conversations
failed=0
server_pid=

# What a run with a time limit does without: what asks no system for anything, and what takes longest.
left_out='^sim[_/]|_sim_test$|interrupted_write_test|schedule_test|^iocp/number_test$|^tls_mutation|_pieces_test$'

is_brief() {
    [ "${CI:-}" = true ]
}

pass() {
    printf 'PASS %s\n' "$1"
}

fail() {
    printf 'FAIL %s: %s\n' "$1" "$2"
    failed=1
}

# TLS from the source of mbedTLS, which the toolchain builds as a part of Firth.
build_for_windows() {
    local options=(-DFIRTH_TLS=ON)
    [ -e "$mbedtls_link/library/ssl_tls.c" ] || fetch_mbedtls || options=(-DFIRTH_TLS=OFF)
    ! has ninja || [ -f "$build/CMakeCache.txt" ] || export CMAKE_GENERATOR=Ninja
    run_quietly windows-configure cmake --preset windows-mingw "${options[@]}" &&
        run_quietly windows-build cmake --build --preset windows-mingw --parallel "$jobs"
}

# Only what every Windows has may be asked for when a program starts.
check_imports() {
    local name=windows/no_dll_but_the_systems others
    others=$(x86_64-w64-mingw32-objdump -p "$build"/examples/*.exe | sed -n 's/^.*DLL Name: //p' | sort -fu |
        grep -vixE 'kernel32\.dll|msvcrt\.dll|ws2_32\.dll|iphlpapi\.dll|bcrypt\.dll|crypt32\.dll|advapi32\.dll') || true
    if [ -z "$others" ]; then
        pass "$name"
    else
        fail "$name" "they need ${others//$'\n'/ }"
    fi
}

# A name with an ü is one to the program, too, as its bytes are not those of the system's code page.
check_arguments() {
    local name=windows/what_main_is_given_is_utf_8 said
    said=$(wine "$build/examples/sockets-server.exe" ü 0 2>&1 </dev/null) || true
    if [[ $said == *' ü '* ]]; then
        pass "$name"
    else
        fail "$name" "it said ${said//$'\r'/}"
    fi
}

# As others get it: installed, static and as a DLL.
check_packages() {
    local source='' lines=$log_dir/windows-package
    [ ! -e "$mbedtls_link/library/ssl_tls.c" ] || source=$(cd "$mbedtls_link" && pwd)
    FIRTH_TEST_MBEDTLS_SOURCE=$source bash tests/package/windows_test.sh "$root" "$root/build/windows-package" \
        >"$lines" 2>&1 </dev/null || failed=1
    sed 's/^\(PASS\|FAIL\|SKIP\) /\1 windows\/package_/' "$lines"
    grep -q '^PASS ' "$lines" || fail windows/package 'no line of it passed'
    rm -rf build/windows-package
}

# run_ctest NAME LOG ARGUMENT…: the tests' own lines. A program that says nothing has not run, whatever its exit code.
run_ctest() {
    local name=$1 log=$2 xml=$root/$log_dir/$1.xml lines=$log_dir/$1-lines
    shift 2
    rm -f "$xml" "$log"
    ctest --parallel "$jobs" --output-junit "$xml" "$@" >"$log_dir/$name-ctest.log" 2>&1 </dev/null ||
        true # what failed is in the files
    if [ ! -f "$xml" ] || [ ! -f "$log" ]; then
        fail "$name/ctest" "it did not run; see $log_dir/$name-ctest.log"
        return
    fi
    tr -d '\r' <"$log" >"$log_dir/$name-tests.log"
    awk -f scripts/lib/results.awk "$xml" "$log_dir/$name-tests.log" | sed 's/^\([A-Z]*\) /\1 windows\//' |
        awk '/^PASS [^ ]*$/ && /_test$/ { print "FAIL " $2 ": has no test case"; next } { print }' >"$lines"
    cat "$lines"
    grep -q '^PASS ' "$lines" || fail "$name" 'no test passed'
    ! grep -q '^FAIL ' "$lines" || failed=1
    ! grep -aqE 'Unhandled (page fault|exception)|wine: Unhandled' "$log_dir/$name-tests.log" ||
        fail "$name/unhandled" "a program crashed; see $log_dir/$name-tests.log"
}

run_tests() {
    local options=()
    if is_brief; then
        options=(--label-regex '^quick$' --exclude-regex "$left_out")
        printf 'SKIP windows: slow tests, those of the simulator, and a few that go through every way to cut a stream: left out where CI is true\n'
    fi
    run_ctest windows "$build/Testing/Temporary/LastTest.log" --preset windows-mingw "${options[@]}"
}

# The examples: programs of Windows, driven by this system's tests, whose sockets are this system's.
run_examples() {
    local tests=() noun
    for noun in sockets_server sockets_client echo_and_fan_out udp_echo multicast_chat firth_resolve simulated_retries; do
        tests+=("examples_${noun}_test")
    done
    if ! { configure_preset dev &&
        run_quietly windows-examples cmake --build --preset dev --parallel "$jobs" --target "${tests[@]}"; }; then
        fail windows/examples 'their tests do not build'
        return
    fi
    FIRTH_TEST_WINE_EXAMPLES=$root/$build/examples run_ctest windows-examples build/dev/Testing/Temporary/LastTest.log \
        --test-dir build/dev --tests-regex "^($(IFS='|' && echo "${tests[*]}"))\$"
}

# ---- conversations ---------------------------------------------------------------------------------------------------

# program KIND NAME: sets run to what starts it. By its whole path and name, so that Wine starts it itself.
program() {
    run=("$root/build/demo/examples/$2")
    [ "$1" = linux ] || run=(wine "$root/$build/examples/$2.exe")
}

# start_server NAME KIND PROGRAM ARGUMENT…: sets server_pid and port.
start_server() {
    local name=$1 kind=$2 run out=$work/server.out
    program "$kind" "$3"
    : >"$out"
    "${run[@]}" "${@:4}" >"$out" 2>&1 </dev/null &
    server_pid=$!
    port=$(wait_for_address "$out") && return 0
    cat "$out"
    kill -KILL "$server_pid" 2>/dev/null || true
    fail "$name" 'the server did not start'
    return 1
}

# stop_server KIND NAME ANSWERS EXPECTED: SIGINT is Ctrl-C to a program of Wine's, and SIGTERM its end; a program of this
# system that the shell started in the background is not to hear the former.
stop_server() {
    local status=0 signal=INT
    [ "$1" != linux ] || signal=TERM
    shift
    kill -"$signal" "$server_pid" 2>/dev/null || true
    wait "$server_pid" || status=$?
    server_pid=
    printf '%s\n' "$2"
    tr -d '\r' <"$work/server.out" >"$work/server.text"
    if [ "$2" != "$3" ]; then
        fail "$1" 'not the expected answers'
    elif [ "$status" -ne 0 ]; then
        fail "$1" "the server ended with exit code $status"
    elif ! grep -qx 'Server stopped' "$work/server.text"; then
        fail "$1" 'the server did not end by itself'
    else
        pass "$1"
    fi
}

# plain SERVER CLIENT: two clients, one after the other.
plain() {
    local name=windows/plain_$2_client_$1_server port answers run
    start_server "$name" "$1" sockets-server 127.0.0.1 0 || return 0
    program "$2" sockets-client
    answers=$(printf 'Ada\nGrace\n' | timeout 60 "${run[@]}" localhost "$port" 2>&1 | tr -d '\r') || true
    answers+=" "$(printf 'Alan\n' | timeout 60 "${run[@]}" 127.0.0.1 "$port" 2>&1 | tr -d '\r') || true
    stop_server "$1" "$name" "$answers" \
        $'Please enter your name\nHello, Ada!\nHello, Grace! Please enter your name\nHello, Alan!'
}

# secure SERVER CLIENT: the client's lines are those of HTTP, and the server greets each.
secure() {
    local name=windows/tls_$2_client_$1_server port answers run
    start_server "$name" "$1" sockets-server-tls "$work/certificate.pem" "$work/key.pem" 127.0.0.1 0 || return 0
    program "$2" sockets-client-tls
    answers=$(timeout 60 "${run[@]}" localhost "$port" "$work/certificate.pem" 2>&1 </dev/null | tr -d '\r') || true
    stop_server "$1" "$name" "$answers" \
        $'Please enter your name\nHello, GET / HTTP/1.1!\nHello, Host: localhost!\nHello, Connection: close!\nGoodbye'
}

conversations() {
    local server client
    mkdir -p "$work"
    if ! build_preset demo; then
        fail windows/conversations 'the programs of this system do not build'
        return
    fi
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout "$work/key.pem" -out "$work/certificate.pem" 2>/dev/null
    for server in linux windows; do
        for client in linux windows; do
            [ "$server" != linux ] || [ "$client" != linux ] || continue
            plain "$server" "$client"
            [ ! -x build/demo/examples/sockets-server-tls ] || secure "$server" "$client"
        done
    done
}

# repeat ROUNDS [REGEX]: the simulator's tests ask no system for anything, so that they come out the same each time.
repeat() {
    local options=(--exclude-regex '^sim[_/]|_sim_test$')
    ! is_brief || options=(--label-regex '^quick$' --exclude-regex "$left_out")
    find_programs "$build" --tests-regex "${2:-.}" "${options[@]}"
    [ "${#repeat_programs[@]}" -gt 0 ] || die "no test is called ${2:-so}"
    repeat_windows "$1" "$((jobs * 4))" || failed=1
}

clean_up() {
    [ -z "$server_pid" ] || kill -KILL "$server_pid" 2>/dev/null || true
    stop_wine
}

# Wine's program lies below 2 GiB and its heap where the kernel's chance puts it in the GiB above: once in some 1,500 starts
# on the page that Windows has at 0x7ffe0000, and Wine ends without a word. Without chance the heap is directly behind it.
without_random_addresses() {
    if [ -z "${FIRTH_WITHOUT_RANDOM_ADDRESSES:-}" ] && setarch -R true 2>/dev/null; then
        FIRTH_WITHOUT_RANDOM_ADDRESSES=yes exec setarch -R bash "$root/scripts/test.d/windows.sh" "$@"
    fi
}

main() {
    without_random_addresses "$@"
    [ "${1:-}" != --repeat ] || [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die '--repeat takes a number of rounds'
    if ! provide_windows; then
        printf 'SKIP windows: %s\n' "$windows_why"
        return 0
    fi
    if ! build_for_windows; then
        fail windows/build 'does not build'
        return 1
    fi
    trap clean_up EXIT
    start_wine
    if [ "${1:-}" = --repeat ]; then
        repeat "${@:2}"
        return "$failed"
    fi
    check_imports
    check_arguments
    install_missing optional clang
    check_msvc "$build" "$work/msvc"
    if is_brief; then
        printf 'SKIP windows: installed, static and as a DLL: left out where CI is true\n'
    else
        check_packages
    fi
    run_tests
    run_examples
    conversations
    return "$failed"
}

main "$@"
