# SPDX-License-Identifier: Apache-2.0
# bug: a short read is taken for an empty socket though the end came with it
# in: backends/readiness/ops.c
# on: epoll kqueue
# finder: an_end_right_behind_a_byte_is_not_missed
s/if ((size_t)n < asked && (io->state & (FTH_HANGUP | FTH_URGENT)) == 0)/if ((size_t)n < asked)/
