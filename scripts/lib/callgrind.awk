# SPDX-License-Identifier: Apache-2.0
# From callgrind's output (the manual's "Callgrind Format Specification"): how many instructions ran in the program
# itself, libraries left out, and how often it called the allocator. Variable: program, the end of its file name.
function name_of(kind, text,    id) {
    id = text
    sub(/ .*/, "", id)
    if (id != text) names[kind, id] = substr(text, length(id) + 2)
    return names[kind, id]
}

/^c?ob=/ {
    text = name_of("object", substr($0, index($0, "=") + 1))
    if ($0 ~ /^ob=/) inside = substr(text, length(text) - length(program) + 1) == program
    next
}

/^c?fn=/ {
    text = name_of("function", substr($0, index($0, "=") + 1))
    if ($0 ~ /^cfn=/) callee = text
    next
}

# The line after it is the callee's cost.
/^calls=/ {
    if (inside && callee ~ /^(malloc|calloc|realloc)$/) allocations += substr($1, 7)
    skip = 1
    next
}

/^[-+*0-9]/ {
    if (!skip && inside) instructions += $2
    skip = 0
}

END { printf "%d %d\n", instructions, allocations }
