# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of firth-nc share: programs that are talked to, events that are waited for, and how a test is counted.
# Called with the program firth-nc, and the folder of the tests' certificates if there is one.
set -uo pipefail
export LC_ALL=C

firth_nc=$1
patience_s=20
failures=0
work_dir=$(mktemp -d "${TMPDIR:-/tmp}/firth-nc-XXXXXX") # short: Unix sockets' paths are
trap 'rm -rf "$work_dir"' EXIT
trap 'exit 143' TERM

# What goes one way and the other in large transfers.
here=$work_dir/here
there=$work_dir/there

make_data() {
    seq 1 1000000 >"$here"
    seq 2000000 -1 1100000 >"$there"
}

declare -A pids=() ins=() outs=() errors=()

# launch NAME COMMAND…: starts it with the standard input and output of the call; its standard error is heard. Nobody
# but the test holds the other ends, so an end is an end.
launch() {
    local name=$1 fd
    shift
    mkfifo "$name.errors"
    (
        for fd in "${ins[@]}" "${outs[@]}" "${errors[@]}"; do
            exec {fd}>&-
        done
        exec "$@"
    ) <&0 2>"$name.errors" &
    pids[$name]=$!
    exec {fd}<"$name.errors"
    errors[$name]=$fd
}

# talk_to NAME COMMAND…: launches it with standard input and output in the hands of the test.
talk_to() {
    local name=$1 fd
    mkfifo "$name.in" "$name.out"
    exec {fd}<>"$name.in"
    ins[$name]=$fd
    exec {fd}<>"$name.out"
    outs[$name]=$fd
    launch "$@" <"$name.in" >"$name.out"
}

# talk_to_file FILE COMMAND…: the same to "ours", whose standard output is a file.
talk_to_file() {
    local file=$1 fd
    shift
    mkfifo ours.in
    exec {fd}<>ours.in
    ins[ours]=$fd
    launch ours "$@" <ours.in >"$file"
}

say() {
    printf '%s\n' "$2" >&"${ins[$1]}"
}

# end_input NAME: it has heard everything.
end_input() {
    local fd=${ins[$1]}
    exec {fd}>&-
    unset "ins[$1]"
}

# await FD PATTERN: takes lines until one matches.
await() {
    local said='' line
    while IFS= read -r -t "$patience_s" line <&"$1"; do
        said+=$line$'\n'
        [[ ! $line =~ $2 ]] || return 0
    done
    printf 'waited for "%s", but it said:\n%s' "$2" "$said"
    return 1
}

# hear NAME PATTERN: on its standard output; hear_error: on its standard error.
hear() {
    await "${outs[$1]}" "$2"
}

hear_error() {
    await "${errors[$1]}" "$2"
}

# take_until NAME PATTERN FILE: its standard output goes to a file, until a line matches. In the background, since a shell
# that waits for its foreground hears of nothing else.
take_until() {
    sed "/$2/q" <&"${outs[$1]}" >"$3" &
    wait $!
}

# ends NAME CODE: it ends, with that exit code.
ends() {
    local code=0
    wait "${pids[$1]}" || code=$?
    [ "$code" -eq "$2" ] || {
        timeout 1 cat <&"${errors[$1]}" || true
        printf '%s ended with exit code %s, not %s\n' "$1" "$code" "$2"
        return 1
    }
}

# stop NAME CODE: the same after a signal. A shell lets its background ignore SIGINT, and so this is the other one.
stop() {
    kill -TERM "${pids[$1]}"
    ends "$1" "$2"
}

is_same() {
    [ "$(cksum <"$1")" = "$(cksum <"$2")" ] || {
        printf '%s has %s bytes and %s has %s, or they differ\n' "$1" "$(wc -c <"$1")" "$2" "$(wc -c <"$2")"
        return 1
    }
}

# listens NAME: waits until ours does; sets port.
listens() {
    hear_error "$1" '(Listening|Receiving) at .*:([0-9]+)$'
    port=${BASH_REMATCH[2]}
}

# watch_over: a test that waits in vain for a program's end is ended itself. The watch is a read of a pipe that nobody
# writes to.
watch_over() {
    local test=$BASHPID
    mkfifo watch
    (
        exec >/dev/null 2>&1 <>watch
        read -r -t 90 || kill -TERM "$test"
    ) &
    trap 'echo "it would have waited for ever"; exit 1' TERM
}

end_all() {
    # shellcheck disable=SC2046 # these are numbers
    kill -TERM $(jobs -p) 2>/dev/null || true
}

has_ipv6() {
    grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null
}

# Whether this user may have a network of its own, with files of its own that say who is asked for names.
has_network() {
    unshare -rmnpf sh -c 'mount --bind /dev/null /etc/resolv.conf && mount --bind /dev/null /etc/nsswitch.conf' 2>/dev/null
}

# run NEEDS NAME ARGUMENT…: a test. NEEDS are programs with commas between them, or "ipv6" or "network", or "" for nothing.
# NAME is its function, whose first failing command fails it.
run() {
    local needs need output status title
    IFS=, read -ra needs <<<"$1"
    shift
    title=$(tr -s ' ' '_' <<<"${*//[^A-Za-z0-9_ ]/}")
    for need in "${needs[@]}"; do
        if [ "$need" = ipv6 ]; then
            has_ipv6 && continue
            printf 'SKIP %s: this machine has no IPv6\n' "$title"
            return
        fi
        if [ "$need" = network ]; then
            has_network && continue
            printf 'SKIP %s: there can be no network of its own\n' "$title"
            return
        fi
        command -v "$need" >/dev/null && continue
        printf 'SKIP %s: %s is not installed\n' "$title" "$need"
        return
    done
    mkdir "$work_dir/$title"
    output=$(
        cd "$work_dir/$title" || exit 1
        exec 2>&1
        trap end_all EXIT
        watch_over
        set -e
        "$@"
    )
    status=$?
    if [ "$status" -eq 0 ]; then
        printf 'PASS %s\n' "$title"
    else
        printf '%s\nFAIL %s\n' "$output" "$title"
        failures=$((failures + 1))
    fi
    rm -rf "${work_dir:?}/$title"
}

finish() {
    [ "$failures" -eq 0 ]
    exit
}
