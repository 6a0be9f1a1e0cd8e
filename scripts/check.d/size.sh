# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A file has at most 400 lines and a function at most 70, from its opening to its closing brace.
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/findings.sh

file_lines_max=400
function_lines_max=70

# In this format a C function's braces stand alone in the first column; a shell function begins with "name() {".
find_faults < <({ c_files; files_of '*.S' '*.cmake' '*CMakeLists.txt' '*.awk'; shell_files; } | xargs awk \
    -v file_max="$file_lines_max" -v function_max="$function_lines_max" '
    FNR == 1 { begin = 0 }
    FNR == file_max + 1 { print FILENAME ":" FNR ": the file has more than " file_max " lines" }
    /^\{$/ || /^[a-z_]+\(\) \{$/ { begin = FNR }
    /^\}/ && begin {
        if (FNR - begin + 1 > function_max)
            print FILENAME ":" begin ": the function has " FNR - begin + 1 " lines; at most " function_max
        begin = 0
    }')
finish
