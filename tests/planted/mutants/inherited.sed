# SPDX-License-Identifier: Apache-2.0
# bug: accepted sockets are inherited by child processes
# in: backends/readiness/descriptors.c
# on: epoll poll kqueue
# finder: no_descriptor_is_inherited_by_child_processes
s/accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)/accept4(listener, NULL, NULL, SOCK_NONBLOCK)/
s/if (fcntl(native, F_SETFD, FD_CLOEXEC) == 0 \&\& fcntl/if (fcntl/
