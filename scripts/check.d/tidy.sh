# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# clang-tidy with .clang-tidy, on the sources that the dev preset compiles.
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/findings.sh

configure_preset dev || find_fault CMakePresets.json 1 "the dev preset does not configure"
mapfile -t sources < <(sed -n "s|^ *\"file\": \"$root/\(.*\.c\)\",*\$|\1|p" build/dev/compile_commands.json |
    grep -v '^build/' | sort -u)
[ ${#sources[@]} -gt 0 ] || find_fault build/dev/compile_commands.json 1 "names no source file"
# One file at a time: clang-tidy 14 takes every va_list but the first file's for uninitialized.
# Messages without a line of their own ("12 warnings generated") are not findings.
find_faults < <(printf '%s\n' "${sources[@]}" | xargs -P "$jobs" -n 1 clang-tidy -p build/dev --quiet 2>/dev/null |
    grep -E ': (warning|error): ' | sed "s|^$root/||" | sort -u)
finish
