# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# docs/options.md is what scripts/options makes of the tables.
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
source scripts/lib/findings.sh

page=$(mktemp)
trap 'rm -f "$page"' EXIT

if ! bash scripts/options --print >"$page"; then
    find_fault scripts/lib/options_page.c 1 "the page of options could not be made"
elif ! cmp -s "$page" docs/options.md; then
    line=$(cmp "$page" docs/options.md 2>&1 | grep -oE '[0-9]+$' || true)
    find_fault docs/options.md "${line:-1}" "is not what the tables say; write it again with scripts/options"
fi
finish
