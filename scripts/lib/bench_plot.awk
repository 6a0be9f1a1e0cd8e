# SPDX-License-Identifier: Apache-2.0
# From the lines of bench/load, three bar charts as SVG: CPU per operation and rate, each as a ratio to the hand-written
# loop, and the 99th percentile. Variables: order (modes), servers, folder. Reads bench_table.awk's input.
function parse_line(    i, at) {
    delete value
    for (i = 1; i <= NF; i++) {
        at = index($i, "=")
        value[substr($i, 1, at - 1)] = substr($i, at + 1)
    }
}

function median(list,    n, i, j, numbers, held) {
    n = split(list, numbers, " ")
    for (i = 2; i <= n; i++) {
        held = numbers[i] + 0
        for (j = i - 1; j >= 1 && numbers[j] + 0 > held; j--) numbers[j + 1] = numbers[j]
        numbers[j + 1] = held
    }
    return n % 2 == 1 ? numbers[(n + 1) / 2] : (numbers[n / 2] + numbers[n / 2 + 1]) / 2
}

# Of a server in a mode, relative to the loop in the same round; 0 if it was not measured.
function relative(mode, server, key,    round, list) {
    list = ""
    for (round = 1; round <= rounds; round++)
        if ((mode, server, round, key) in field && field[mode, "epoll", round, key] > 0)
            list = list " " field[mode, server, round, key] / field[mode, "epoll", round, key]
    return list == "" ? 0 : median(list)
}

function text(file, x, y, anchor, size, content) {
    printf "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" font-size=\"%d\">%s</text>\n", x, y, anchor, size, content > file
}

function bar(file, x, y, width, colour) {
    printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"11\" fill=\"%s\"/>\n", x, y, width, colour > file
}

# One group of bars for each mode; what is longer than `most` is cut off, and its number told.
function plot(file, title, key, most,    m, i, y, ratio, height, groups) {
    groups = 0
    for (m = 1; m <= mode_count; m++)
        if (relative(modes[m], "epoll", key) > 0) groups++
    height = 60 + groups * (server_count * 13 + 12)
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"820\" height=\"%d\" font-family=\"sans-serif\" fill=\"#222\">\n", height > file
    printf "<rect width=\"820\" height=\"%d\" fill=\"#fff\"/>\n", height > file
    text(file, 16, 24, "start", 15, title)
    y = 40
    for (m = 1; m <= mode_count; m++) {
        if (relative(modes[m], "epoll", key) == 0) continue
        text(file, 16, y + server_count * 13 / 2 + 4, "start", 13, modes[m])
        for (i = 1; i <= server_count; i++) {
            ratio = relative(modes[m], names[i], key)
            if (ratio > 0) {
                text(file, 148, y + 9, "end", 10, names[i])
                bar(file, 154, y, (ratio < most ? ratio : most) * 580 / most, colour_of(names[i]))
                text(file, 160 + (ratio < most ? ratio : most) * 580 / most, y + 9, "start", 10, sprintf("%.2f", ratio))
            }
            y += 13
        }
        y += 12
    }
    printf "<path d=\"M%.1f 34V%d\" stroke=\"#222\" stroke-dasharray=\"3 3\"/>\n</svg>\n", 154 + 580 / most, height - 16 > file
    close(file)
}

function colour_of(server) {
    return server ~ /^firth/ ? "#0a6ebd" : server ~ /^epoll/ ? "#444" : "#b8bcc2"
}

{ parse_line() }

"rate" in value {
    if (value["round"] + 0 > rounds) rounds = value["round"] + 0
    for (key in value) field[value["mode"], value["server"], value["round"], key] = value[key]
}

END {
    server_count = split(servers, names, " ")
    mode_count = split(order, modes, " ")
    plot(folder "/cpu.svg", "Server CPU per operation, relative to the hand-written loop (less is better)", "cpu_ns", 3)
    plot(folder "/rate.svg", "Operations a second, relative to the hand-written loop (more is better)", "rate", 1.5)
    plot(folder "/p99.svg", "99th percentile, relative to the hand-written loop (less is better)", "p99_ns", 5)
}
