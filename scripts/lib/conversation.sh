# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Conversations of the examples, for scripts/test.d.

# wait_for_address FILE: prints where the server of server_pid listens, once its output in FILE says so, whoever's line
# ends it has.
wait_for_address() {
    local tries
    for ((tries = 0; tries < 300; tries++)); do
        sed -n 's/\r$//; s/^Server is listening at 127\.0\.0\.1:\([0-9]*\)$/\1/p' "$1" | grep . && return 0
        kill -0 "$server_pid" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}
