# SPDX-License-Identifier: Apache-2.0
# bug: child processes inherit Unix sockets
# in: backends/readiness/unix.c
# on: epoll poll
# finder: no_descriptor_is_inherited_by_child_processes
s/ | SOCK_CLOEXEC//
