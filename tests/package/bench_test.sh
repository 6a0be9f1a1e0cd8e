#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/bench by itself: what it refuses, what it says of runs that fail, and what it writes. The load generator and
# the loop written by hand are the real ones; other servers' names are given to programs that fail in known ways.
# shellcheck source=tests/package/common.sh
source "$(dirname "$0")/common.sh"
[ "$(uname)" = Linux ] || exit 77

bin=tree/build/bench/bench
page=tree/docs/benchmarks.md

make_tree() {
    mkdir -p "$bin" tree/docs stand-ins
    cp -R "$source_dir/scripts" tree/
    cp "$source_dir/docs/benchmarks.md" "$page"
    cp "$page" page
    cc -std=c11 -O1 -D_GNU_SOURCE -I "$source_dir" -o "$bin/load" "$source_dir"/bench/load{,_modes,_bulk,_conn,_idle,_requests}.c \
        "$source_dir"/bench/{bytes,histogram,network,subject}.c &&
        cc -std=c11 -O1 -D_GNU_SOURCE -I "$source_dir" -o "$bin/server_epoll" "$source_dir/bench/server_epoll.c"
}

# script FILE: standard input becomes a program.
script() {
    { echo '#!/bin/sh' && cat; } >"$1"
    chmod +x "$1"
}

# One that never starts, and one that fails the first time.
make_servers() {
    script "$bin/server_libuv" <<<'echo "no such loop" >&2; exit 1'
    script "$bin/server_go" <<'END'
mkdir "$0.was-here" 2>/dev/null && exit 1
exec "${0%go}epoll" "$@"
END
}

bench() {
    tree/scripts/bench --no-build "$@" </dev/null
}

run() {
    rm -rf "$bin/server_go.was-here"
    bench --rounds 2 --seconds 0.05 "$@"
}

# fails TEXT… -- COMMAND…: the command's exit code is 1, and it says all of these.
fails() {
    local texts=() text status=0
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    "$@" >output 2>&1 || status=$?
    cat output
    for text in "${texts[@]}"; do
        grep -qF -- "$text" output || {
            printf 'it does not say "%s"\n' "$text"
            return 1
        }
    done
    [ "$status" -eq 1 ]
}

# in_section NAME TEXT: the page's section has the text.
in_section() {
    sed -n "/^<!-- begin $1 -->/,/^<!-- end $1 -->/p" "$page" >section
    cat section
    grep -qF -- "$2" section
}

refuses_numbers() {
    local number
    for number in 0 -1 1.5 1000 1e2 many ''; do
        refuses '--rounds takes a number from 1 to 999' bench --rounds "$number" || return 1
    done
    refuses '--rounds takes a number from 1 to 50' bench --micro --rounds 51 &&
        refuses '--rounds takes a number from 1 to 50' bench --rounds 51 --micro || return 1
    for number in 0 0.001 601 -1 1e1 nan 1s ''; do
        refuses '--seconds takes a number from 0.01 to 600' bench --seconds "$number" || return 1
    done
}

prints_its_head() {
    local option
    for option in --help -h; do
        bench "$option" >output || return 1
        cat output
        [ "$(head -n 1 output | cut -c 1-6)" = Builds ] && grep -q '^  scripts/bench .*--rounds N' output &&
            grep -q 'Compare ratios of one run only' output && ! grep -q 'shellcheck\|common.sh' output || return 1
    done
}

refuses_names() {
    refuses '--modes: there is no "pp2"' bench --modes 'pp1 pp2' && refuses '--modes names nothing' bench --modes ' ' &&
        refuses '--modes names "pp1" twice' bench --modes 'pp1 pp1' &&
        refuses '--servers: there is no "nginx"' bench --servers 'epoll nginx' &&
        refuses '--servers names nothing' bench --servers '' &&
        refuses 'none of these servers was built' bench --servers asio && refuses 'needs a value' bench --modes &&
        refuses 'there is no option' bench --fast
}

# Two rounds of two servers, one without its second.
table() {
    awk -v mode=pp1 -v servers="epoll firth go" -v rounds=2 -f tree/scripts/lib/bench_table.awk <<'END'
round=1 server=epoll mode=pp1 unit=request rate=10000.0 cpu_ns=4000.00 p50_ns=50000 p99_ns=70000 p999_ns=90000
round=1 server=epoll mode=pp1 calls=3.000
round=1 server=firth mode=pp1 unit=request rate=9000.0 cpu_ns=4400.00 p50_ns=60000 p99_ns=140000 p999_ns=270000
round=1 server=firth mode=pp1 failed=calls
round=1 server=go mode=pp1 failed=run
round=1 server=go mode=pp1 calls=6.000
round=2 server=epoll mode=pp1 unit=request rate=20000.0 cpu_ns=2000.00 p50_ns=40000 p99_ns=50000 p999_ns=60000
round=2 server=epoll mode=pp1 calls=3.000
round=2 server=firth mode=pp1 unit=request rate=22000.0 cpu_ns=2000.00 p50_ns=40000 p99_ns=50000 p999_ns=60000
round=2 server=firth mode=pp1 failed=calls
round=2 server=go mode=pp1 failed=run
round=2 server=go mode=pp1 calls=9.000
round=1 server=firth mode=line unit=request rate=1.0 cpu_ns=1.00
END
}

expected_table() {
    cat <<'END'
### pp1

| server | rate/s | ratio | CPU per request | ratio | system calls | ratio |
|---|---|---|---|---|---|---|
| epoll | 15.0 k (10.0 to 20.0) | 1.00 (1.00 to 1.00) | 3.00 µs (2.00 to 4.00) | 1.00 (1.00 to 1.00) | 3.00 (3.00 to 3.00) | 1.00 (1.00 to 1.00) |
| **firth**, 2 of 2 counts of calls failed | 15.5 k (9.0 to 22.0) | 1.00 (0.90 to 1.10) | 3.20 µs (2.00 to 4.40) | 1.05 (1.00 to 1.10) | failed | failed |
| go, 2 of 2 rounds failed | failed | failed | failed | failed | 7.50 (6.00 to 9.00) | 2.50 (2.00 to 3.00) |

| server | p50 | ratio | p99 | ratio | p99.9 | ratio |
|---|---|---|---|---|---|---|
| epoll | 45.0 µs (40.0 to 50.0) | 1.00 (1.00 to 1.00) | 60.0 µs (50.0 to 70.0) | 1.00 (1.00 to 1.00) | 75.0 µs (60.0 to 90.0) | 1.00 (1.00 to 1.00) |
| **firth**, 2 of 2 counts of calls failed | 50.0 µs (40.0 to 60.0) | 1.10 (1.00 to 1.20) | 95.0 µs (50.0 to 140.0) | 1.50 (1.00 to 2.00) | 165.0 µs (60.0 to 270.0) | 2.00 (1.00 to 3.00) |
| go, 2 of 2 rounds failed | failed | failed | failed | failed | failed | failed |

END
}

gives_every_ratio() {
    diff <(expected_table) <(table)
}

marks_failures() {
    fails 'round 1, pp1, libuv: the run failed' 'round 2, pp1, libuv: the run failed' '| libuv, 2 of 2 rounds failed' \
        'round 1, pp1, go: the run failed' '| go, 1 of 2 rounds failed | ' -- run --modes pp1 --servers 'epoll libuv go' ||
        return 1
    grep -q '^| epoll | [0-9]' output && grep -q '^| go, 1 of 2 rounds failed | [0-9]' output
}

# trace COMMAND…: with that strace, and a perf that may not count.
trace() {
    script stand-ins/perf <<<'exit 255'
    PATH=$work_dir/stand-ins:$PATH "$@"
}

# Without the options and the file; "strace -o /dev/null true" is the question whether it may trace.
marks_uncounted_calls() {
    script stand-ins/strace <<'END'
while [ "$1" != -o ]; do shift; done
shift 2
exec "$@"
END
    trace fails 'round 1, conn, epoll: the count of system calls failed' \
        '| epoll, 2 of 2 counts of calls failed | ' '| failed | failed |' -- run --modes conn --servers epoll
}

says_why_calls_are_not_counted() {
    script stand-ins/strace <<<'exit 1'
    trace run --modes conn --servers epoll >output 2>&1 || return 1
    cat output
    grep -qF 'System calls are not counted: neither perf nor strace may trace here' output && grep -q '^| epoll .*| - | - |$' output
}

# What they write in the file, which is that after -o: a run of one operation has 50 calls, a longer one a number.
pretend_to_count() {
    script stand-ins/perf <<'END'
while [ "$1" != -o ]; do shift; done
echo "# started on a day" >"$2"
calls=$(ls "$0".count.* 2>/dev/null | wc -l)
touch "$0.count.$calls"
[ "$calls" -eq 2 ] && echo "80042,,raw_syscalls:sys_enter,1,100.00,," >>"$2" || echo "50,,raw_syscalls:sys_enter,1,100.00,," >>"$2"
shift 2
exec "$@"
END
    script stand-ins/strace <<<'echo "strace ran" >&2; exit 1'
}

# The first call is the question whether it may count, the next two a count: (80042 - 50) / 9999.
counts_by_perf_where_it_may() {
    pretend_to_count
    rm -f stand-ins/perf.count.*
    PATH=$work_dir/stand-ins:$PATH bench --rounds 1 --seconds 0.05 --modes conn --servers epoll >output 2>&1 || return 1
    cat output
    grep -q '^| epoll .*| 8.00 (8.00 to 8.00) | 1.00 (1.00 to 1.00) |$' output
}

# A round of every server that is here: three, of which two fail.
writes_one_mode() {
    script stand-ins/strace <<<'exit 1'
    trace fails '### conn' -- run --modes conn --write || return 1
    diff <(sed '/^<!-- begin conn/,/^<!-- end conn/d' page) <(sed '/^<!-- begin conn/,/^<!-- end conn/d' "$page") &&
        in_section conn '| libuv, 2 of 2 rounds failed | failed |' && in_section conn '2 rounds of 0.05 s, loopback' &&
        in_section conn 'Not measured, since not built on that machine: firth libevent' &&
        in_section conn 'System calls were not counted: neither perf nor strace may trace here.' && ! in_section conn '| firth |' &&
        [ "$(grep -c '^### ' "$page")" -eq "$(grep -c '^### ' page)" ]
}

# What the tables say is what the bars show, those of modes that were not measured now included.
plots_the_page() {
    local plots=tree/docs/benchmarks
    grep -qF '>conn</text>' "$plots/p99.svg" && grep -qF '>conn</text>' "$plots/cpu.svg" &&
        grep -qF '>linep</text>' "$plots/cpu.svg" && grep -qF '>linep</text>' "$plots/rate.svg"
}

has_a_section_for_each_mode() {
    local mode
    # shellcheck disable=SC2016 # the script's own words
    for mode in $(sed -n -e 's/^tls_modes="\(.*\)"/\1/p' -e 's/^all_modes="\(.*\) $tls_modes"/\1/p' tree/scripts/bench) micro; do
        if [ "$(grep -cxE "<!-- (begin|end) $mode -->" page)" -ne 2 ]; then
            printf 'not so: %s\n' "$mode"
            return 1
        fi
    done
}

keeps_a_mode_without_yardstick() {
    cp page "$page"
    mv "$bin/server_epoll" "$bin/kept"
    cp "$bin/server_libuv" "$bin/server_epoll"
    fails 'conn is not written' -- run --modes conn --write
    local status=$?
    mv "$bin/kept" "$bin/server_epoll"
    [ "$status" -eq 0 ] && diff page "$page"
}

refuses_to_write_part_of_a_table() {
    refuses '--write takes all servers' bench --write --servers 'epoll firth' &&
        refuses 'has no section "pp1"' without_marks bench --write --modes pp1
}

without_marks() {
    sed -i 's/ begin pp1 / start pp1 /' "$page"
    "$@"
    local status=$?
    cp page "$page"
    return "$status"
}

# 19,500 connections do not fit.
says_that_idle_lacks_descriptors() {
    (
        ulimit -n 256
        fails '19500 connections need a limit of 19532 descriptors, and here it is 256' \
            '| epoll, 2 of 2 rounds failed' -- run --modes idle --servers epoll
    )
}

# The loop written by hand, which hangs up on its third client when the tenth comes.
notices_a_dropped_connection() {
    cat >drop.h <<'END'
#include <sys/socket.h>
static int accept_and_drop(int listener, struct sockaddr *address, socklen_t *size, int flags)
{
    static int third, count;
    int made = accept4(listener, address, size, flags);

    if (made >= 0 && ++count == 3)
        third = made;
    if (count == 10)
        shutdown(third, SHUT_RDWR);
    return made;
}
#define accept4 accept_and_drop
END
    cc -std=c11 -O1 -D_GNU_SOURCE -include drop.h -I "$source_dir" -o stand-ins/server_dropping \
        "$source_dir/bench/server_epoll.c" || return 1
    "$bin/load" --operations 5 --connections 9 idle stand-ins/server_dropping &&
        refuses 'the server closed an idle connection' "$bin/load" --operations 5 --connections 20 idle stand-ins/server_dropping
}

# The loop written by hand, and with more behind the number, or a number that is not the one.
notices_a_wrong_count() {
    local format said='bytes were sent, and the server says "'
    "$bin/load" --operations 1 sink1 "$bin/server_epoll" || return 1
    for format in '%llu\\nmore' '%llu\\n\\n' '%llu' '%llu0\\n' '0%llu\\n'; do
        sed "s/\"%llu\\\\n\"/\"$format\"/" "$source_dir/bench/server_epoll.c" >miscounting.c
        ! cmp -s miscounting.c "$source_dir/bench/server_epoll.c" &&
            cc -std=c11 -O1 -D_GNU_SOURCE -I "$source_dir" -o stand-ins/server_miscounting miscounting.c &&
            refuses "$said" "$bin/load" --operations 1 sink1 stand-ins/server_miscounting || return 1
    done
}

# has_gone PID: within ten seconds; a zombie is nobody's server any more.
has_gone() {
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        grep -q '^State:[[:space:]]*[^Z]' "/proc/$1/status" 2>/dev/null || return 0
        sleep 0.05
    done
    printf 'the server is still there\n'
    kill -KILL "$1"
    return 1
}

# dies_with_the_load SIGNAL STARTER: the server, which the starter names in a fifo, does not outlive the load generator.
dies_with_the_load() {
    local load server
    rm -f pids
    mkfifo pids
    "$bin/load" --seconds 60 pp1 "$2" "$bin/server_epoll" >/dev/null 2>&1 &
    load=$!
    read -r server <pids
    kill "-$1" "$load"
    has_gone "$server"
}

# By itself, and behind a program that goes without a word to its child, as strace(1) and perf(1) do when they are killed.
leaves_no_server() {
    local signal
    script stand-ins/alone <<<'echo $$ >pids; exec "$@"'
    script stand-ins/behind <<<'"$@" & echo $! >pids; wait'
    for signal in TERM KILL; do
        dies_with_the_load "$signal" stand-ins/alone && dies_with_the_load "$signal" stand-ins/behind || return 1
    done
}

check the_load_generator_builds make_tree
make_servers
check a_number_that_makes_no_sense_is_refused refuses_numbers
check its_head_is_its_help prints_its_head
check a_name_that_is_not_there_is_refused refuses_names
check every_figure_has_its_range_and_its_ratio gives_every_ratio
check failed_rounds_are_marked_and_fail_the_run marks_failures
check a_failed_count_of_calls_is_marked_and_fails_the_run marks_uncounted_calls
check a_table_without_calls_says_why says_why_calls_are_not_counted
check calls_are_counted_by_perf_where_it_may counts_by_perf_where_it_may
check writing_one_mode_leaves_the_others_alone writes_one_mode
check the_plots_show_all_that_the_page_has plots_the_page
check the_page_has_a_section_for_each_mode has_a_section_for_each_mode
check a_mode_without_the_yardstick_is_not_written keeps_a_mode_without_yardstick
check a_part_of_a_table_is_not_written refuses_to_write_part_of_a_table
check a_sink_that_says_more_than_the_count_fails_the_run notices_a_wrong_count
check a_killed_load_generator_leaves_no_server leaves_no_server
check an_idle_connection_that_the_server_dropped_fails_the_run notices_a_dropped_connection
check idle_with_too_few_descriptors_fails_and_says_so says_that_idle_lacks_descriptors
finish
