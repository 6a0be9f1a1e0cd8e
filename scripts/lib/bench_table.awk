# SPDX-License-Identifier: Apache-2.0
# From the lines of bench/load, "key=value …", the tables of one mode: of each figure the median over the rounds with the
# least and the most, and the same of its ratios to the hand-written loop in the same round. What failed is named.
# Variables: mode, servers, rounds.
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

# Of each round, what `key` is to the other server's `other_key`.
function ratios(server, key, other, other_key,    round, list) {
    for (round = 1; round <= rounds; round++)
        if (field[server, round, key] > 0 && field[other, round, other_key] > 0)
            list = list " " field[server, round, key] / field[other, round, other_key]
    return list
}

function all_of(server, key,    round, list) {
    for (round = 1; round <= rounds; round++)
        if ((server, round, key) in field) list = list " " field[server, round, key]
    return list
}

# The unit that the median asks for is the range's too.
function scaled(list, scale, digits, suffix,    format) {
    format = "%." digits "f"
    return sprintf(format suffix " (" format " to " format ")", quantile(list, 0.5) / scale, quantile(list, 0) / scale,
        quantile(list, 1) / scale)
}

function value_text(list, kind,    middle) {
    middle = quantile(list, 0.5)
    if (kind == "rate")
        return middle >= 1e6 ? scaled(list, 1e6, 2, " M") : middle >= 1e4 ? scaled(list, 1e3, 1, " k") \
            : scaled(list, 1, 0, "")
    if (kind == "time") return middle >= 1e7 ? scaled(list, 1e6, 1, " ms") : scaled(list, 1e3, 1, " µs")
    if (kind == "cpu") return scaled(list, 1e3, 2, " µs")
    return kind == "bytes" ? scaled(list, 1, 0, "") : scaled(list, 1, 2, "")
}

# Why there is no figure: it could not be had, or was not asked for.
function absent(server, key) {
    return (key == "calls" ? failed_counts[server] : failed_runs[server]) > 0 ? "failed" : "-"
}

# "value (least to most) | ratio (least to most)"
function cells(server, key, kind,    list, relative) {
    list = all_of(server, key)
    relative = ratios(server, key, "epoll", key)
    return (list == "" ? absent(server, key) : value_text(list, kind)) " | " \
        (list == "" ? absent(server, key) : relative == "" ? "-" : scaled(relative, 1, 2, ""))
}

function label(server,    text) {
    text = server == "firth" ? "**firth**" : server
    if (failed_runs[server] > 0) text = text ", " failed_runs[server] " of " rounds " rounds failed"
    if (failed_counts[server] > 0) text = text ", " failed_counts[server] " of " rounds " counts of calls failed"
    return text
}

# print_table FIGURES…: "key:kind:title", each with its ratio.
function print_table(figures,    n, f, i, part, key, kind, heading, rule, row) {
    n = split(figures, part, ";")
    heading = "| server |"
    rule = "|---|"
    for (f = 1; f <= n; f++) {
        split(part[f], of, ":")
        key[f] = of[1]
        kind[f] = of[2]
        heading = heading " " of[3] " | ratio |"
        rule = rule "---|---|"
    }
    print heading "\n" rule
    for (i = 1; i <= server_count; i++) {
        if (!(names[i] in seen)) continue
        row = "| " label(names[i]) " |"
        for (f = 1; f <= n; f++) row = row " " cells(names[i], key[f], kind[f]) " |"
        print row
    }
    print ""
}

# A ratio within the server here: among the idle ones to alone.
function print_idle(    i, server) {
    print "| server | resident bytes per idle connection | p50 of one alone | p50 among the idle ones | among to alone |"
    print "|---|---|---|---|---|"
    for (i = 1; i <= server_count; i++) {
        server = names[i]
        if (all_of(server, "idle_bytes") == "") continue
        printf "| %s | %s | %s | %s | %s |\n", label(server), value_text(all_of(server, "idle_bytes"), "bytes"),
            value_text(all_of(server, "alone_p50_ns"), "time"), value_text(all_of(server, "p50_ns"), "time"),
            scaled(ratios(server, "p50_ns", server, "alone_p50_ns"), 1, 2, "")
    }
    print ""
}

{ parse_line() }

value["mode"] == mode {
    seen[value["server"]]
    if (value["failed"] == "run") failed_runs[value["server"]]++
    if (value["failed"] == "calls") failed_counts[value["server"]]++
    if ("unit" in value) unit = value["unit"]
    if ("p50_ns" in value) has_latency = 1
    if ("alone_p50_ns" in value) has_idle = 1
    if ("heap_bytes" in value) has_heap = 1
    for (key in value) field[value["server"], value["round"], key] = value[key]
}

END {
    server_count = split(servers, names, " ")
    print "### " mode "\n"
    print_table("rate:rate:rate/s;cpu_ns:cpu:CPU per " (unit == "" ? "operation" : unit) ";calls:calls:system calls")
    if (has_latency) print_table("p50_ns:time:p50;p99_ns:time:p99;p999_ns:time:p99.9")
    if (has_idle) print_idle()
    if (has_heap)
        print_table("heap_bytes:bytes:heap bytes per idle connection;idle_bytes:bytes:resident bytes per idle connection")
}
