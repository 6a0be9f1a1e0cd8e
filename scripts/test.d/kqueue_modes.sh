#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The kqueue backend on the tests' double of it, in each of the double's hostile modes: the conformance kit and the whole
# transport suite; under the sanitizers once as real kernels are, and with many of the modes at a time.
#   kqueue_modes.sh                       each once: a part of scripts/test
#   kqueue_modes.sh --repeat N [MODES…]   N rounds of the named modes (plain is none of them), or of all, without the
#                                         sanitizers, with other chances each: how many were clean, and the logs of those
#                                         that were not
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"

modes=(no_user disabled dispatch one eintr shuffled instant quiet_errors eaten strict refused no_buffers eprototype addresses)
many=('no_user,disabled,dispatch,eintr,addresses' 'one,instant,eaten,strict' 'shuffled,quiet_errors,eprototype,refused')
failed=0

# What a mode leaves out, each because it says what one call comes to, and the mode is that it comes to something else; what
# the mode is about they ask by themselves, with failures of their own (backend_kqueue_test, backend_datagram_test).
#   refused     one poll tells what happened: here the filter may be added by the next, a millisecond later, so that
#               host_poll(30) ends early or has nothing yet (backend_registration_test, what_is_there_before_…)
#   no_buffers  a send on a fresh socket ends at once (backend_…: host_send(…)->submitted_done), costs one call
#               (tcp_cost_test), leaves before the task suspends (tcp_flush_test, auto_flush_test); and the alert of a failed
#               handshake, which is tried once (secure_accept_test, secure_giving_up_test, secure_stopping_test)
# conformance, planted and mutants are parts of their own: the kit is run above, the others are about the kit.
not_for() {
    case ,$1, in
    *,refused,*) printf 'backend_(accept|cancel|datagram_open|kqueue|listener|registration|transfer|wake)_test|' ;;
    *,no_buffers,*)
        printf 'backend_(adopt|cancel|connect|datagram|datagram_open|ending|limits|transfer)_test|'
        printf 'tcp_cost_test|tcp_flush_test|auto_flush_test|secure_(accept|giving_up|stopping)_test|'
        ;;
    esac
    printf 'conformance|planted|mutants'
}

# results PRESET MODES XML: each case of the tests by itself.
results() {
    awk -f scripts/lib/results.awk "$3" "build/$1/Testing/Temporary/LastTest.log" |
        sed "s#^\(PASS\|FAIL\|SKIP\) #\1 $1/$2/#"
}

# run PRESET MODES
run() {
    local preset=$1 mode=${2:-plain} xml=$root/$log_dir/$1-${2:-plain}.xml
    export FIRTH_KQUEUE_MODE=$2
    # What is in a mode's name, a list with commas, must not end sed's command.
    "build/$preset/tests/subjects/conformance" kqueue --quick </dev/null | grep -E '^(PASS|FAIL|SKIP) ' |
        sed "s#^\(PASS\|FAIL\|SKIP\) #\1 $preset/$mode/#" || failed=1
    ctest --preset "$preset" --parallel "$jobs" --label-regex quick --exclude-regex "$(not_for "$mode")" \
        --output-junit "$xml" >"$log_dir/$preset-$mode.log" 2>&1 </dev/null || failed=1
    results "$preset" "$mode" "$xml"
}

# runs PRESET MODES…
runs() {
    local preset=$1 mode
    shift
    if ! build_preset "$preset"; then
        printf 'FAIL %s: does not build\n' "$preset"
        failed=1
        return 0
    fi
    for mode in "$@"; do
        run "$preset" "$mode"
    done
}

# repeat ROUNDS MODES…: the tests wait more than they compute, so there are many at a time, as on a busy machine.
repeat() {
    local rounds=$1 round mode verdict lines=$log_dir/kqueue-repeat.log
    local -A clean=()
    shift
    jobs=$((jobs * 4))
    build_preset kqueue || die 'kqueue: does not build'
    for ((round = 1; round <= rounds; round++)); do
        export FIRTH_KQUEUE_SEED=$((2 * round - 1)) # of the double's chances
        for mode in "$@"; do
            failed=0
            run kqueue "${mode#plain}" >"$lines"
            if [ "$failed" -eq 0 ]; then
                clean[$mode]=$((${clean[$mode]:-0} + 1))
            else
                say "round $round:"
                grep '^FAIL ' "$lines" || true
                cp build/kqueue/Testing/Temporary/LastTest.log "$log_dir/kqueue-repeat-$mode-$round.log"
            fi
        done
        say "$round of $rounds, clean:$(for mode in "$@"; do printf ' %s %d' "$mode" "${clean[$mode]:-0}"; done)"
    done
    failed=0
    for mode in "$@"; do
        verdict=PASS
        [ "${clean[$mode]:-0}" -eq "$rounds" ] || verdict=FAIL failed=1
        printf '%s kqueue/%s: %d of %d rounds were clean\n' "$verdict" "$mode" "${clean[$mode]:-0}" "$rounds"
    done
}

can_run_tsan() {
    has clang && echo 'int main(void) { return 0; }' | clang -fsanitize=thread -x c - -o "$log_dir/tsan-probe" 2>/dev/null &&
        "$log_dir/tsan-probe" 2>/dev/null
}

main() {
    if [ "$(uname -s)" != Linux ]; then
        printf 'SKIP kqueue_modes: the double is Linux'"'"'s alone\n'
        return 0
    fi
    mkdir -p "$log_dir"
    mbedtls_provide
    if [ "${1:-}" = --repeat ]; then
        [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die '--repeat takes a number of rounds'
        shift
        [ $# -gt 1 ] || set -- "$1" plain "${modes[@]}"
        repeat "$@"
        return "$failed"
    fi
    runs kqueue "${modes[@]}"
    runs kqueue-asan '' "${many[@]}"
    if can_run_tsan; then
        runs kqueue-tsan '' "${many[@]}"
    else
        printf 'SKIP kqueue-tsan: programs built with clang -fsanitize=thread do not run on this machine\n'
    fi
    return "$failed"
}

main "$@"
