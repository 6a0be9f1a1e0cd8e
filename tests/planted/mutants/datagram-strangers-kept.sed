# SPDX-License-Identifier: Apache-2.0
# bug: what came before a datagram socket had a peer is handed out
# in: backends/readiness/datagram.c
# on: epoll poll kqueue
# finder: a_connected_socket_hands_out_nothing_that_came_before
s/^    discard_earlier(.*);$//
