# SPDX-License-Identifier: Apache-2.0
# bug: a token is taken for good whatever its generation
# in: backends/readiness/ops.c
# on: epoll
# finder: a_report_for_a_closed_socket_reaches_nobody
s/firth_io \*io = fth_slots_find(reactor, token);/firth_io *io = reactor->slots[(uint32_t)token].is.io;/
