# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The texts: a licence tag in every source file, no path of somebody's machine, no dead link in the documents,
# no file of core that is not built.
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/findings.sh

licence='SPDX-License-Identifier: Apache-2.0'

check_licences() {
    local file
    { c_files; files_of '*.S' '*.cmake' '*CMakeLists.txt' '*.awk' '*.in'; shell_files; } | while IFS= read -r file; do
        case $file in *.pc.in) continue ;; esac
        head -n 3 "$file" | grep -qF "$licence" || printf '%s:1: no %s\n' "$file" "$licence"
    done
}

check_paths() {
    { files_of '*' | xargs grep -InE '(^|[^A-Za-z0-9_.$}])/(home|root|work|Users)/|\.\./shared' || true; } |
        sed 's/$/ (a path of a machine)/'
}

# Links to files of the repository: [text](path) and [text](path#part).
check_links() {
    local document
    files_of '*.md' | while IFS= read -r document; do
        { grep -noE '\]\([^) ]+\)' "$document" || true; } |
            sed -E 's/\]\(([^)#]*)[^)]*\)/\1/' | while IFS=: read -r line target; do
            case $target in
            '' | http:* | https:* | mailto:*) ;;
            *) [ -e "$(dirname "$document")/$target" ] || printf '%s:%s: no such file: %s\n' "$document" "$line" "$target" ;;
            esac
        done
    done
}

# A file of core that the list of its folder does not name is not built, and so not checked by anything else.
check_core_is_built() {
    local file
    files_of 'core/*.c' | while IFS= read -r file; do
        grep -qxF "    ${file#core/}" core/CMakeLists.txt || printf '%s:1: not in core/CMakeLists.txt\n' "$file"
    done
}

find_faults < <(
    check_licences
    check_paths
    check_links
    check_core_is_built
)
finish
