# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Which processors the benchmark's two programs are pinned to. Two processors may be the threads of one core, and not all
# need be permitted here.

# Those that are permitted, one a line.
permitted_cpus() {
    awk -F '[\t,]' '/^Cpus_allowed_list:/ {
        for (i = 2; i <= NF; i++) {
            n = split($i, of, "-")
            for (cpu = of[1] + 0; cpu <= of[n] + 0; cpu++) print cpu
        }
    }' /proc/self/status
}

# core_of CPU: the processors that share its core; itself where the system does not say.
core_of() {
    cat "/sys/devices/system/cpu/cpu$1/topology/thread_siblings_list" 2>/dev/null || echo "$1"
}

# Sets server_cpu and load_cpu, on a core each where that can be, and placed, which says how it is.
choose_cpus() {
    local cpu cpus
    mapfile -t cpus < <(permitted_cpus)
    server_cpu=${cpus[0]:-0}
    load_cpu=${cpus[1]:-$server_cpu}
    placed="server and load on one processor"
    [ "${#cpus[@]}" -lt 2 ] || placed="server and load on two threads of one core"
    for cpu in "${cpus[@]:1}"; do
        if [ "$(core_of "$cpu")" != "$(core_of "$server_cpu")" ]; then
            load_cpu=$cpu
            placed="server and load on a core each"
            return
        fi
    done
    say "$placed: they are in each other's way here" >&2
}
