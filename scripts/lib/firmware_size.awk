# SPDX-License-Identifier: Apache-2.0
# Reads the map that GNU ld makes of a firmware: flash and RAM of each component, a line "COMPONENT FLASH RAM" each, in
# bytes. A string that several objects have is counted once for each.

function component(file) {
    if (file ~ /core\/tls\//) return "TLS-glue"
    if (file ~ /mbedtls\/|firth_vendored/) return "mbedTLS"
    if (file ~ /firth_lwip\.dir/) return "lwIP"
    if (file ~ /backends\/lwip\/(datagram|group)\.c/) return "UDP"
    if (file ~ /backends\/lwip\/name\.c/) return "names"
    if (file ~ /backends\/lwip\//) return "backend"
    if (file ~ /core\/channels\//) return "channels"
    if (file ~ /core\/tasks\//) return "tasks"
    if (file ~ /core\/(sockets\/(udp|datagram|datagram_io)|base\/subnet)\.c/) return "UDP"
    if (file ~ /core\/sockets\/resolve\.c|core\/base\/address_order\.c|core\/selector\/(pool|blocking)\.c/) return "names"
    if (file ~ /core\//) return "core"
    if (file ~ /ports\//) return "port-and-board"
    if (file ~ /examples\/|tests\/|^CMakeFiles\//) return "program" # make links in the folder of the program
    return "C-library"
}

function add(file, size) {
    if (output == ".text" || output == ".ARM.exidx" || output == ".data")
        flash[component(file)] += size
    if (output == ".bss" || output == ".data" || output == ".stacks")
        ram[component(file)] += size
    seen[component(file)] = 1
}

# A number of the map, "0x1a".
function number(text,    i, value) {
    value = 0
    for (i = 3; i <= length(text); i++)
        value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
    return value
}

function finish_last() {
    if (last_file != "")
        add(last_file, last_size)
    last_file = ""
}

/^Linker script and memory map/ { is_map = 1 }
!is_map { next }
/^\.[A-Za-z]/ { finish_last(); output = $1 }
/^OUTPUT\(/ { finish_last(); exit }

# " .text.name  0xADDRESS  0xSIZE FILE", or the name on a line of its own.
/^ [.A-Z][^ ]*$/ { finish_last(); is_input = 1; next }
/\(size before relaxing\)/ { last_size = number($1); next }
(/^ [.A-Z][^ ]* +0x[0-9a-f]+ +0x[0-9a-f]+ [^ ]/ || (is_input && /^ +0x[0-9a-f]+ +0x[0-9a-f]+ [^ ]/)) {
    finish_last()
    at = $1 ~ /^0x/ ? 2 : 3
    last_size = number($at)
    last_file = $0
    sub(/^.*0x[0-9a-f]+ +0x[0-9a-f]+ /, "", last_file)
    is_input = 0
    next
}
{ is_input = 0 }

END {
    for (name in seen)
        printf "%s %d %d\n", name, flash[name], ram[name]
}
