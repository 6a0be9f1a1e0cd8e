# SPDX-License-Identifier: Apache-2.0
# Prints what a firmware says at its end of the memory that it took, "memory: at most A of B bytes, by mbedTLS C; of the main
# stack D of E, of a task's F of G", beside the limits of that program, "PROGRAM A C D F" in the first file. Ends with 1 if
# anything is over its limit, or has none, or nothing was said.

function row(what, bytes, most) {
    printf "%s %d of %d%s", what, bytes, most, (bytes > most) ? " (over the limit)" : ""
    is_over = is_over || (bytes > most)
}

NR == FNR && /^#/ { next }
NR == FNR {
    if ($1 == program) {
        has_limits = 1
        arena = $2
        tls = $3
        main = $4
        task = $5
    }
    next
}
/^memory: at most / {
    gsub(/[;,]/, "")
    is_said = 1
    row("memory", $4, arena)
    row(", mbedTLS", $10, tls)
    row(", main stack", $15, main)
    row(", stack of a task", $21, task)
    print ""
}
END { exit is_over || !has_limits || !is_said }
