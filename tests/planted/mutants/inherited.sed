# SPDX-License-Identifier: Apache-2.0
# bug: accepted sockets are inherited by child processes
# in: backends/readiness/accept.c
# on: epoll poll
# finder: no_descriptor_is_inherited_by_child_processes
s/SOCK_NONBLOCK | SOCK_CLOEXEC/SOCK_NONBLOCK/
