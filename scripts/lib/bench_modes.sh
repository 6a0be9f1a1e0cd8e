# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Which servers of the benchmark are measured in which modes.

# Those that poll are measured where they are for, at one connection; those that gather answers, with lines; those that
# move many datagrams a call, with datagrams. State Threads asks poll(2) for every connection: minutes until 19,500 are
# open.
runs_in() {
    case $1:$2 in
    epoll:tls-* | firth:tls-*) true ;;
    epoll:udp-* | firth:udp-* | epoll-batch:udp-* | firth-batch:udp-* | epoll-segments:udp-source) true ;;
    *:tls-* | *:udp-* | *-segments:*) false ;;
    *-spin:pp1 | go-batch:line | go-batch:linep) true ;;
    *-spin:* | *-batch:* | st:idle) false ;;
    *) true ;;
    esac
}

any_runs_in() {
    local name
    for name in $servers; do
        ! runs_in "$name" "$1" || return 0
    done
    return 1
}

# A mode that none of the servers is for is refused if it was asked for by name, and else left out.
choose_modes() {
    local mode kept=
    for mode in $modes; do
        if any_runs_in "$mode"; then
            kept+=" $mode"
        elif [ "$modes" != "$all_modes" ]; then
            die "--servers: none of \"$servers\" is measured in $mode"
        fi
    done
    modes=${kept# }
}
