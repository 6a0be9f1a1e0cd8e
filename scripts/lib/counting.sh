# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Counts results. Everything a part of scripts/test finds out is a line in build/results/PART: "PASS what",
# "FAIL what: why" or "SKIP what: why". A part that says nothing has failed.

results_dir=build/results

results_reset() {
    rm -rf "$results_dir"
    mkdir -p "$results_dir"
}

# note PART VERDICT TEXT
note() {
    printf '%s %s\n' "$2" "$3" >>"$results_dir/$1"
}

# count VERDICT [FILE…]: how many such lines there are.
count() {
    local verdict=$1
    shift
    cat -- "$@" /dev/null | grep -c "^$verdict " || true
}

# report_part PART SECONDS: one line with the numbers, and what failed.
report_part() {
    local file=$results_dir/$1
    [ -s "$file" ] || note "$1" FAIL "$1: gave no result"
    printf '%-10s %5s passed %3s failed %3s skipped  %4s s\n' "$1" \
        "$(count PASS "$file")" "$(count FAIL "$file")" "$(count SKIP "$file")" "$2"
    grep '^FAIL ' "$file" || true
}

# report_skips: each thing not done and why, once, however many parts skipped it.
report_skips() {
    cat -- "$results_dir"/* | sed -n 's/^SKIP //p' | sort | uniq -c |
        awk '{ n = $1; sub(/^ *[0-9]+ /, ""); print "skipped: " $0 (n > 1 ? " (" n " times)" : "") }'
}

# report_total: the closing line; false if anything failed.
report_total() {
    local failed
    failed=$(count FAIL "$results_dir"/*)
    say "$(count PASS "$results_dir"/*) passed, $failed failed"
    [ "$failed" -eq 0 ]
}
