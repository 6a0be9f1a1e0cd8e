#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# lwip_cable.sh KIT [--quick]: the kit on lwIP with its loopback over a cable. Left out is what needs bytes to be there as
# soon as they are sent: a close throws away what has arrived, and what arrives later is answered by a reset.
set -euo pipefail

left_out=close_with_bytes_unread_lets_the_last_answer_through

mapfile -t cases < <("$1" --list | grep -vx "$left_out")
printf 'SKIP %s: some of the bytes are still on the cable when it closes\n' "$left_out"
export FIRTH_TEST_CABLE="0 0 0 0"
exec "$@" "${cases[@]}"
