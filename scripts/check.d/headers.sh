# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Each public header compiles alone, as C11 and as C++17, and each function in it has a comment above it.
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/findings.sh

warnings=(-Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only)

# compile_alone COMPILER STANDARD LANGUAGE HEADER
compile_alone() {
    local output
    if ! output=$(printf '#include <%s>\n' "${4#include/}" | "$1" -std="$2" -x "$3" "${warnings[@]}" - 2>&1); then
        find_fault "$4" 1 "does not compile alone as $2"
        printf '%s\n' "$output"
    fi
}

# Declarations under one comment, with no blank line between, share it.
uncommented() {
    awk '
        FNR == 1 { paragraph = "" }
        /^$/ { paragraph = ""; next }
        paragraph == "" { paragraph = $0 }
        (/^FIRTH_API/ || /^static inline/) && paragraph !~ /^(\/\*|  *\*)/ {
            print FILENAME ":" FNR ": no comment above: " $0
        }' "$@"
}

mapfile -t headers < <(files_of 'include/*.h')
for header in "${headers[@]}"; do
    compile_alone gcc c11 c "$header"
    compile_alone g++ c++17 c++ "$header"
done
find_faults < <(uncommented "${headers[@]}")
finish
