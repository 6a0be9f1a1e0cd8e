# SPDX-License-Identifier: Apache-2.0
# bug: a reset is sent as an end
# in: backends/readiness/sockets.c
# on: epoll poll kqueue
# finder: a_reader_that_waits_gets_the_reset
s/if (how == FIRTH_CLOSE_RESET)/if (0)/
