# SPDX-License-Identifier: Apache-2.0
# bug: a run of datagrams that goes as one arrives as one
# in: backends/readiness/linux_batch.c
# on: epoll
# finder: datagrams_that_are_alike_stay_apart
s/if (run > 1 \&\& rc >= 0)/if (run > SEGMENTS_MAX)/
