# SPDX-License-Identifier: Apache-2.0
# From callgrind's output (the manual's "Callgrind Format Specification"): how many instructions ran in the program
# itself and in the C library's functions on memory and strings, the rest of libraries left out, and how often it called
# the allocator, from wherever. Variables: program, the end of its file name; only, a file of names or empty: then just
# those of the program's functions count, and none of the C library's.
BEGIN {
    while (only != "" && (getline name < only) > 0) wanted[name]
    allocating = "^(malloc|calloc|realloc|reallocarray|aligned_alloc|memalign|posix_memalign|valloc|mmap)$"
}

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
    else if (only != "") counts = text in wanted
    else copies = text ~ /^_*(mem|str|wmem|rawmem)[a-z]/
    next
}

# The line after it is the callee's cost.
/^calls=/ {
    if (callee ~ allocating) allocations += substr($1, 7)
    skip = 1
    next
}

/^[-+*0-9]/ {
    if (!skip && (only != "" ? inside && counts : inside || copies)) instructions += $2
    skip = 0
}

END { printf "%d %d\n", instructions, allocations }
