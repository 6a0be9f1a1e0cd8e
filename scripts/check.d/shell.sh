# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Every script parses, and shellcheck has nothing to say.
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/findings.sh

while IFS= read -r script; do
    message=$(bash -n "$script" 2>&1) || find_fault "$script" 1 "$message"
done < <(shell_files)
find_faults < <(shell_files | xargs shellcheck --format=gcc --external-sources)
finish
