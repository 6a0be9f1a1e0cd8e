# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Every C file is as clang-format with .clang-format leaves it. Other versions of clang-format differ in details.
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/findings.sh

version=14
formatter=clang-format-$version
if ! has "$formatter"; then
    formatter=clang-format
    if ! "$formatter" --version | grep -q " version $version\."; then
        say "format is that of clang-format $version; here is $("$formatter" --version)"
        exit 77
    fi
fi
find_faults < <(c_files | xargs "$formatter" --dry-run 2>&1 | grep -E ': (warning|error): ')
finish
