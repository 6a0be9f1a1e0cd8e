# SPDX-License-Identifier: Apache-2.0
# bug: a reset is told before the bytes that came before it
# in: backends/sim/ops.c
# on: sim
# finder: bytes_come_before_the_reset
s/if (from->in.readable > 0) {/if (from->in.readable > 0 \&\& !from->is_reset) {/
