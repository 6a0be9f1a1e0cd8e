# SPDX-License-Identifier: Apache-2.0
# bug: the rest of a millisecond is rounded down
# in: backends/readiness/reactor.c
# on: epoll poll kqueue
# finder: a_sleep_does_not_spin
s/ + (left_ns % 1000000 != 0)//
