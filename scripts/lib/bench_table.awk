# SPDX-License-Identifier: Apache-2.0
# From the lines of bench/load, "key=value …", a table for each mode: medians over the rounds, and ratios to the
# hand-written loop in the same round. Variables: order (modes), servers.
function parse_line(    i, at) {
    delete value
    for (i = 1; i <= NF; i++) {
        at = index($i, "=")
        value[substr($i, 1, at - 1)] = substr($i, at + 1)
    }
}

# The q-th of the numbers in the list, a string with blanks: 0.5 is the median.
function quantile(list, q,    n, i, j, numbers, held) {
    n = split(list, numbers, " ")
    for (i = 2; i <= n; i++) {
        held = numbers[i] + 0
        for (j = i - 1; j >= 1 && numbers[j] + 0 > held; j--) numbers[j + 1] = numbers[j]
        numbers[j + 1] = held
    }
    return n == 0 ? 0 : (q == 0.5 && n % 2 == 0) ? (numbers[n / 2] + numbers[n / 2 + 1]) / 2 \
        : numbers[1 + int(q * (n - 1) + 0.5)]
}

function ratios(mode, server, key,    round, list, own, other) {
    list = ""
    for (round = 1; round <= rounds; round++) {
        own = field[mode, server, round, key]
        other = field[mode, "epoll", round, key]
        if (own > 0 && other > 0) list = list " " own / other
    }
    return list
}

function all_of(mode, server, key,    round, list) {
    list = ""
    for (round = 1; round <= rounds; round++)
        if ((mode, server, round, key) in field) list = list " " field[mode, server, round, key]
    return list
}

function ratio_text(list) {
    if (list == "") return "-"
    return sprintf("%.2f (%.2f to %.2f)", quantile(list, 0.5), quantile(list, 0), quantile(list, 1))
}

function rate_text(rate) {
    return rate >= 1e6 ? sprintf("%.2f M", rate / 1e6) : rate >= 1e4 ? sprintf("%.1f k", rate / 1e3) : sprintf("%.0f", rate)
}

function time_text(list, ns) {
    ns = quantile(list, 0.5)
    return list == "" ? "-" : ns >= 1e7 ? sprintf("%.1f ms", ns / 1e6) : sprintf("%.1f µs", ns / 1e3)
}

# The median of the ratios is not that of the medians, as rounds differ more than servers do.
function print_mode(mode,    i, server, cpu) {
    print "### " mode "\n"
    print "| server | rate/s | ratio | CPU per " unit[mode] " | ratio | p50 | p99 | p99.9 | system calls |"
    print "|---|---|---|---|---|---|---|---|---|"
    for (i = 1; i <= server_count; i++) {
        server = names[i]
        cpu = all_of(mode, server, "cpu_ns")
        if (cpu == "") continue
        printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", server == "firth" ? "**firth**" : server,
            rate_text(quantile(all_of(mode, server, "rate"), 0.5)), ratio_text(ratios(mode, server, "rate")),
            sprintf("%.2f µs", quantile(cpu, 0.5) / 1e3), ratio_text(ratios(mode, server, "cpu_ns")),
            time_text(all_of(mode, server, "p50_ns")), time_text(all_of(mode, server, "p99_ns")),
            time_text(all_of(mode, server, "p999_ns")),
            (mode, server) in calls ? sprintf("%.2f", calls[mode, server]) : "-"
    }
    print ""
    if (mode == "idle") print_idle(mode)
}

function print_idle(mode,    i, server) {
    print "| server | resident bytes per idle connection | p50 of one alone | p50 among the idle ones |"
    print "|---|---|---|---|"
    for (i = 1; i <= server_count; i++) {
        server = names[i]
        if (all_of(mode, server, "idle_bytes") == "") continue
        printf "| %s | %.0f | %s | %s |\n", server == "firth" ? "**firth**" : server,
            quantile(all_of(mode, server, "idle_bytes"), 0.5), time_text(all_of(mode, server, "alone_p50_ns")),
            time_text(all_of(mode, server, "p50_ns"))
    }
    print ""
}

{ parse_line() }

"calls" in value { calls[value["mode"], value["server"]] = value["calls"] }

"rate" in value {
    if (value["round"] + 0 > rounds) rounds = value["round"] + 0
    unit[value["mode"]] = value["unit"]
    for (key in value) field[value["mode"], value["server"], value["round"], key] = value[key]
}

END {
    server_count = split(servers, names, " ")
    mode_count = split(order, modes, " ")
    for (m = 1; m <= mode_count; m++)
        if (modes[m] in unit) print_mode(modes[m])
}
