# SPDX-License-Identifier: Apache-2.0
# bug: after its first wake the bell is thought to ring for ever
# in: backends/epoll/epoll.c
# on: epoll
# finder: another_thread_ends_the_longest_wait
s/atomic_exchange(&queue->rung, false);/;/
