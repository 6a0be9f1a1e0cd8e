# SPDX-License-Identifier: Apache-2.0
# bug: child processes inherit Unix sockets
# in: backends/readiness/unix.c
# on: epoll poll
# finder: no_descriptor_is_inherited_by_child_processes
s/fth_socket(AF_UNIX, datagrams ? SOCK_DGRAM : SOCK_STREAM, 0)/socket(AF_UNIX, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0)/
