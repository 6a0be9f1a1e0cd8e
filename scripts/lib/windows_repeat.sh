# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The same tests under Wine many times. CTest would look at exit codes alone, and end what hangs before anybody has seen where:
# here each program has to say that all its tests were run, as many as it said before that there are, and of a program that
# takes too long the stacks are saved. Many are under way at a time, as they wait more than they compute.

repeat_dir=$root/build/log/windows-repeat # a log of each program that failed
repeat_limit_s=${FIRTH_REPEAT_LIMIT_S:-900}
repeat_programs=() # "NAME|COMMAND", as a shell takes it

# find_programs BUILD ARGUMENT…: sets repeat_programs: the tests that CTest has with these, and how each is started.
find_programs() {
    mapfile -t repeat_programs < <(ctest --test-dir "$1" -N -V --label-exclude '^(once|package)$' "${@:2}" | awk '
        sub(/^[0-9]+: Test command: /, "") { command = $0; variables = "" }
        sub(/^[0-9]+:  /, "") && /^[A-Z_]+=/ { variables = variables " \"" $0 "\"" }
        sub(/^ *Test +#[0-9]+: /, "") { print $0 "|env" variables " " command }')
}

# debug ARGUMENT…: Wine's debugger, which is kept from crashes elsewhere.
debug() {
    WINEDLLOVERRIDES='mscoree=;mshtml=' timeout 120 winedbg "$@" 2>&1 </dev/null | tr -d '\r'
}

# save_stacks PROGRAM LOG: of all threads of those that run it; and where in the source that is, as far as it can be told.
save_stacks() {
    local program=$1 log=$2 process thread
    local stacks=$log.stacks
    printf '\n---- the stacks of %s ----\n' "$program" >"$stacks"
    debug --command 'info threads' | awk -v name="$(basename "$program")" '
        /^[0-9a-f]/ { process = $2 == name ? $1 : "" }
        /^\t/ && process { print process, $1 }' | while read -r process thread; do
        printf 'bt 0x%s\ndetach\n' "$thread" >"$log.commands"
        debug --file "$log.commands" "0x$process" >>"$stacks"
    done
    cat "$stacks" >>"$log"
    grep -oE '0x000001[0-9a-f]{8} in ' "$stacks" | cut -d ' ' -f 1 | sort -u |
        x86_64-w64-mingw32-addr2line -afipe "$program" 2>/dev/null | grep -v '?? ??:0' >>"$log" || true
    rm -f "$stacks" "$log.commands"
}

# fault_of LOG COUNT: nothing if the log's summary says that all was run and nothing failed. COUNT is how many there are, of
# the conformance kit, which does not say so by itself.
fault_of() {
    tr -d '\r' <"$1" | awk -v count="${2:-}" '
    function number(text) { gsub(/[^0-9]/, "", text); return text + 0 }
    /wine: Unhandled|Unhandled (page fault|exception)/ { crashed = 1 }
    /^\[==========\] Running [0-9]+ test/ { announced += number($3) }
    /^\[ RUN      \] / { begun++ }
    /^\[       OK \] / { ended++ }
    /^\[==========\] [0-9]+ test\(s\) run\.$/ { summary = 1; ran += number($2) }
    /^\[  PASSED  \] [0-9]+ test\(s\)/ { passed += number($4) }
    /^\[  SKIPPED \] [0-9]+ test\(s\), listed below/ { skipped += number($4) }
    /^\[  (FAILED|ERROR) +\] / || /^FAIL / { failed++ }
    /^PASS / { kit_passed++ }
    /^SKIP / { kit_skipped++ }
    /^[a-z]+( over TLS)?: [0-9]+ passed, [0-9]+ failed, [0-9]+ not applicable$/ {
        summary = 1
        sub(/^.*: /, "")
        announced = count
        begun = kit_passed + kit_skipped
        ended = kit_passed
        ran = passed = number($1)
        skipped = number($5)
        ran += skipped
    }
    END {
        if (crashed) print "it crashed"
        else if (failed) print failed " of its lines say that something failed"
        else if (!summary) print "no summary: " begun + 0 " of " announced + 0 " tests were begun"
        else if (announced == 0 || ran != announced || begun != announced || passed + skipped != announced || ended != passed)
            print announced " tests, of which " begun " began, " ended " ended, " passed " passed, " skipped " were skipped"
    }'
}

# run_program ROUND NUMBER: one line into the results.
run_program() {
    local round=$1 name command words program log pid sleeper status=0 fault count='' began=$SECONDS
    IFS='|' read -r name command <<<"${repeat_programs[$2]}"
    eval "words=($command)"
    program=$(printf '%s\n' "${words[@]}" | grep '\.exe$')
    log=$repeat_dir/${name//\//-}-$round.log
    "${words[@]}" >"$log" 2>&1 </dev/null &
    pid=$!
    sleep "$repeat_limit_s" &
    sleeper=$!
    wait -n "$pid" "$sleeper" || true
    if kill "$sleeper" 2>/dev/null; then
        wait "$pid" || status=$?
        [[ $name != *conformance* ]] || count=$("${words[@]}" --list </dev/null | wc -l)
        fault=$(fault_of "$log" "$count")
        [ "$status" -eq 0 ] || fault="exit code $status${fault:+, $fault}"
    else
        fault="took longer than $repeat_limit_s s"
        save_stacks "$program" "$log" || true
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    fi
    if [ -z "$fault" ]; then
        rm -f "$log"
        printf '%s PASS %s %d s\n' "$round" "$name" $((SECONDS - began)) >>"$repeat_dir/results"
    else
        printf '%s FAIL %s: %s; see %s\n' "$round" "$name" "$fault" "${log#"$root/"}" | tee -a "$repeat_dir/results"
    fi
}

# say_rounds ROUNDS FROM: tells of those that have ended, from that one on; sets told to the first that has not.
say_rounds() {
    local rounds=$1 passed failed
    for ((told = $2; told <= rounds; told++)); do
        passed=$(grep -c "^$told PASS " "$repeat_dir/results" || true)
        failed=$(grep -c "^$told FAIL " "$repeat_dir/results" || true)
        [ $((passed + failed)) -eq "${#repeat_programs[@]}" ] || break
        say "round $told of $rounds: $passed of ${#repeat_programs[@]} programs were clean"
    done
}

# repeat_windows ROUNDS PARALLEL: false unless all rounds were clean.
repeat_windows() {
    local rounds=$1 parallel=$2 round i told=1 bad
    rm -rf "$repeat_dir"
    mkdir -p "$repeat_dir"
    : >"$repeat_dir/results"
    for ((round = 1; round <= rounds; round++)); do
        for i in "${!repeat_programs[@]}"; do
            while [ "$(jobs -pr | wc -l)" -ge "$parallel" ]; do
                wait -n || true
            done
            run_program "$round" "$i" &
        done
        say_rounds "$rounds" "$told"
    done
    wait
    say_rounds "$rounds" "$told"
    bad=$(awk '$2 == "FAIL" { bad[$1] } END { print length(bad) }' "$repeat_dir/results")
    if [ "$bad" -eq 0 ] && [ "$told" -gt "$rounds" ]; then
        printf 'PASS windows/repeat: %d of %d rounds of %d programs were clean\n' "$rounds" "$rounds" "${#repeat_programs[@]}"
    else
        printf 'FAIL windows/repeat: %d of %d rounds of %d programs were clean\n' "$((rounds - bad))" "$rounds" \
            "${#repeat_programs[@]}"
        return 1
    fi
}
