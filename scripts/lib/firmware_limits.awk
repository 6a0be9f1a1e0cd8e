# SPDX-License-Identifier: Apache-2.0
# Prints what firmware_size.awk found beside the limits of that program, "PROGRAM COMPONENT FLASH RAM" in the first file, and
# ends with 1 if anything is over its limit, or has none. "own" is what Firth itself takes: core, channels, tasks, backend;
# "share", where there is TLS, that with UDP, names and what is between it and mbedTLS;
# "all" is everything but the
# arena and the stacks of main and of handlers, 5 KiB.

function row(component, flash, ram,    verdict) {
    verdict = ""
    if (!((component) in most_flash)) {
        verdict = "  no limit"
        is_over = 1
    } else if (flash > most_flash[component] || ram > most_ram[component]) {
        verdict = "  over the limit"
        is_over = 1
    }
    printf "%-16s %7d of %7d %7d of %7d%s\n", component, flash, most_flash[component], ram, most_ram[component], verdict
}

NR == FNR && /^#/ { next }
NR == FNR {
    if ($1 == program) {
        most_flash[$2] = $3
        most_ram[$2] = $4
    }
    next
}
FNR == 1 { printf "%-16s %18s %18s\n", program, "flash", "RAM" }
{
    row($1, $2, $3)
    all_flash += $2
    all_ram += $3
}
$1 ~ /^(core|channels|tasks|backend)$/ {
    own_flash += $2
    own_ram += $3
}
$1 ~ /^(UDP|names|TLS-glue)$/ {
    glue_flash += $2
    glue_ram += $3
    has_tls = has_tls || $1 == "TLS-glue"
}
END {
    row("own", own_flash, own_ram)
    if (has_tls)
        row("share", own_flash + glue_flash, own_ram + glue_ram)
    row("all", all_flash, all_ram)
    exit is_over
}
