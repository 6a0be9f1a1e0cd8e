# SPDX-License-Identifier: Apache-2.0
# bug: a token is taken for good whatever its generation
# in: backends/epoll/epoll.c
# on: epoll
# finder: a_report_for_a_closed_socket_reaches_nobody
s/fth_reactor_event(reactor, token,/fth_reactor_event(reactor, (uint64_t)reactor->slots[(uint32_t)token].generation << 32 | (uint32_t)token,/
