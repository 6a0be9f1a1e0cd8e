# SPDX-License-Identifier: Apache-2.0
# bug: the peer's end is told before the bytes it sent
# in: backends/sim/ops.c
# on: sim
# finder: bytes_come_before_the_end
s/if (from->in.readable > 0) {/if (from->in.readable > 0 \&\& from->in.fin != FTH_SIM_ARRIVED) {/
