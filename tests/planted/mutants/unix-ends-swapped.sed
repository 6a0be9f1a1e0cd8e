# SPDX-License-Identifier: Apache-2.0
# bug: the address of one end is told as the other's
# in: backends/readiness/unix.c
# on: epoll poll
# finder: both_ends_of_a_unix_socket_know_their_addresses
s/of_peer ? fth_getpeername(/!of_peer ? fth_getpeername(/
