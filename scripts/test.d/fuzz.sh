#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What strangers may send: the fuzz targets of tests/fuzz, five minutes in all, or FIRTH_FUZZ_SECONDS. They begin with real
# handshakes and certificates, and with what earlier runs in this folder have found worth keeping.
# packages: openssl
# shellcheck source=scripts/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"

targets=(client server certificate)
seconds=$((${FIRTH_FUZZ_SECONDS:-300} / ${#targets[@]}))
bin=build/fuzz/tests/fuzz
work=build/fuzz/work
failed=0

can_fuzz() {
    mkdir -p "$log_dir"
    echo 'int LLVMFuzzerTestOneInput(const unsigned char *b, unsigned long n) { (void)b; (void)n; return 0; }' |
        clang -fsanitize=fuzzer,address -x c - -o "$log_dir/fuzz-probe" 2>/dev/null &&
        "$log_dir/fuzz-probe" -runs=1 >/dev/null 2>&1
}

make_corpus() {
    bash tests/interop/pki.sh "$work/pki" || [ $? -eq 77 ] || return 1 # without openssl: handshakes alone
    mkdir -p "$work/pki" "$work/seeds"
    "$bin/tls_corpus" "$work/seeds" "$work/pki"
}

# fuzz TARGET: its report is in its log; what it fails with is kept, and said how to repeat.
fuzz() {
    local name=tls_$1_fuzz found=$work/found log=$log_dir/fuzz-$1.log runs
    mkdir -p "$work/corpus/$1" "$found"
    if "$bin/$name" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 \
        -artifact_prefix="$found/$1-" "$work/corpus/$1" "$work/seeds/$1" >"$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        printf 'PASS %s: %s inputs in %s s\n' "$name" "$runs" "$seconds"
    else
        tail -n 60 "$log"
        printf 'FAIL %s: repeat with: %s %s\n' "$name" "$bin/$name" \
            "$(sed -n 's/^.*Test unit written to //p' "$log" | tail -n 1)"
        failed=1
    fi
}

if ! has clang || ! can_fuzz; then
    echo "SKIP fuzz: clang with libFuzzer is not installed"
elif ! configure_preset fuzz; then
    echo 'FAIL fuzz: does not configure'
elif [ "$mbedtls_state" = missing ]; then
    echo "SKIP fuzz: there is no TLS without mbedTLS"
elif ! run_quietly fuzz-build cmake --build --preset fuzz --parallel "$jobs"; then
    echo 'FAIL fuzz: does not build'
elif ! run_quietly fuzz-corpus make_corpus; then
    echo 'FAIL fuzz: there is no corpus'
else
    for target in "${targets[@]}"; do
        fuzz "$target"
    done
fi
exit "$failed"
