# SPDX-License-Identifier: Apache-2.0
# bug: a wake is never taken note of, and no later one rings
# in: backends/kqueue/kqueue.c
# on: kqueue
# finder: another_thread_ends_the_longest_wait
s/atomic_exchange(&queue->rung, false);/(void)queue;/
