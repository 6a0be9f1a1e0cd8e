# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts of scripts/check.d share: which files there are, and how a finding is printed.

found=0

# find_fault FILE LINE MESSAGE
find_fault() {
    printf '%s:%s: %s\n' "$1" "$2" "$3"
    found=1
}

# find_faults: the same for lines "file:line: message" on standard input.
find_faults() {
    local line
    while IFS= read -r line; do
        printf '%s\n' "$line"
        found=1
    done
}

# files_of PATTERN…: the project's files of these patterns, committed or about to be; with git or, in a bare copy of the
# tree, without.
files_of() {
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git ls-files --cached --others --exclude-standard -- "$@" | while IFS= read -r file; do
            [ ! -f "$file" ] || printf '%s\n' "$file"
        done | sort -u
    else
        local pattern
        for pattern in "$@"; do
            find . -path ./build -prune -o -type f -path "./$pattern" -print | sed 's|^\./||'
        done | sort -u
    fi
}

c_files() {
    files_of '*.c' '*.h'
}

shell_files() {
    {
        files_of '*.sh'
        files_of 'scripts/*' '.ci/*' | while IFS= read -r file; do
            head -n 1 "$file" | grep -q '^#!.*sh$' && printf '%s\n' "$file"
        done
    } | sort -u
}

# finish: the exit code of a check.
finish() {
    exit "$found"
}
