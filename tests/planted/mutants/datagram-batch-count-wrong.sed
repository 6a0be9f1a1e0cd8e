# SPDX-License-Identifier: Apache-2.0
# bug: a run of datagrams that went as one counts as one
# in: backends/readiness/linux_batch.c
# on: epoll
# finder: datagrams_that_are_alike_stay_apart
s/return fth_succeed(op, datagrams_of(runs, n));/(void)datagrams_of; return fth_succeed(op, n);/
