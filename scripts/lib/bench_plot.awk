# SPDX-License-Identifier: Apache-2.0
# From the tables of docs/benchmarks.md, three bar charts as SVG: CPU per operation, rate and 99th percentile, each as a
# ratio to the hand-written loop. So they show what the tables say, whenever each mode was measured. Variable: folder.
function text(file, x, y, anchor, size, content) {
    printf "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" font-size=\"%d\">%s</text>\n", x, y, anchor, size, content > file
}

function bar(file, x, y, width, colour) {
    printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"11\" fill=\"%s\"/>\n", x, y, width, colour > file
}

function colour_of(server) {
    return server ~ /^firth/ ? "#0a6ebd" : server ~ /^epoll/ ? "#444" : "#b8bcc2"
}

# How many bars a mode has.
function bars_of(mode, figure,    i, count) {
    for (i = 1; i <= server_count; i++)
        if ((mode, servers[i], figure) in ratio) count++
    return count
}

# Its bars from y on; what is longer than `most` is cut off, and its number told.
function group(file, mode, figure, most, y,    i, own, length_px) {
    text(file, 16, y + bars_of(mode, figure) * 13 / 2 + 4, "start", 13, mode)
    for (i = 1; i <= server_count; i++) {
        if (!((mode, servers[i], figure) in ratio)) continue
        own = ratio[mode, servers[i], figure]
        length_px = (own < most ? own : most) * 580 / most
        text(file, 148, y + 9, "end", 10, servers[i])
        bar(file, 154, y, length_px, colour_of(servers[i]))
        text(file, 160 + length_px, y + 9, "start", 10, sprintf("%.2f", own))
        y += 13
    }
}

function plot(file, title, figure, most,    m, y, height) {
    height = 60
    for (m = 1; m <= mode_count; m++)
        if (bars_of(modes[m], figure) > 0) height += bars_of(modes[m], figure) * 13 + 12
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"820\" height=\"%d\" font-family=\"sans-serif\" fill=\"#222\">\n", height > file
    printf "<rect width=\"820\" height=\"%d\" fill=\"#fff\"/>\n", height > file
    text(file, 16, 24, "start", 15, title)
    y = 40
    for (m = 1; m <= mode_count; m++) {
        if (bars_of(modes[m], figure) == 0) continue
        group(file, modes[m], figure, most, y)
        y += bars_of(modes[m], figure) * 13 + 12
    }
    printf "<path d=\"M%.1f 34V%d\" stroke=\"#222\" stroke-dasharray=\"3 3\"/>\n</svg>\n", 154 + 580 / most, height - 16 > file
    close(file)
}

# The column behind a figure's is that of its ratios.
function read_heading(    i) {
    delete figure_at
    for (i = 2; i <= NF; i++)
        if ($i ~ /^ *ratio *$/) {
            figure_at[i] = $(i - 1)
            gsub(/^ +| +$/, "", figure_at[i])
            sub(/^CPU per .*/, "CPU", figure_at[i])
        }
}

function read_row(    i, server) {
    server = $2
    gsub(/[*,]/, "", server)
    sub(/^ +/, "", server)
    sub(/ .*/, "", server)
    if (!(server in known)) {
        known[server]
        servers[++server_count] = server
    }
    for (i in figure_at)
        if ($i + 0 > 0) ratio[mode, server, figure_at[i]] = $i + 0
}

BEGIN { FS = "|" }

/^### / {
    mode = substr($0, 5)
    modes[++mode_count] = mode
}
/^## / { mode = "" }
mode != "" && /^\| server \|/ { read_heading(); next }
mode != "" && /^\| [a-z*]/ { read_row() }

END {
    plot(folder "/cpu.svg", "Server CPU per operation, relative to the hand-written loop (less is better)", "CPU", 3)
    plot(folder "/rate.svg", "Operations a second, relative to the hand-written loop (more is better)", "rate/s", 1.5)
    plot(folder "/p99.svg", "99th percentile, relative to the hand-written loop (less is better)", "p99", 5)
}
