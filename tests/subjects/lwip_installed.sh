#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# lwip_installed.sh KIT: the kit on an lwIP that is installed. Left out is what needs bytes to come within a moment: between
# small sends Debian's lwIP waits for an acknowledgement that it delays by 250 ms.
set -euo pipefail

left_out=a_receive_cancelled_as_its_bytes_arrive_loses_none

mapfile -t cases < <("$1" --list | grep -vx "$left_out")
printf 'SKIP %s: the installed lwIP delays acknowledgements by 250 ms\n' "$left_out"
exec "$1" --quick "${cases[@]}"
