#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a copy of a source file with a bug in it: mutate.sh SCRIPT SOURCE COPY. A script that no longer changes anything
# is an error: the source has moved on, and the bug would be none.
set -euo pipefail
export LC_ALL=C

sed -f "$1" "$2" >"$3.new"
if cmp -s "$2" "$3.new"; then
    rm -f "$3.new"
    printf '%s changes nothing in %s any more\n' "${1##*/}" "$2" >&2
    exit 1
fi
mv "$3.new" "$3"
