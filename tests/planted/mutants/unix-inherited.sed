# SPDX-License-Identifier: Apache-2.0
# bug: child processes inherit Unix sockets
# in: backends/readiness/unix.c
# on: epoll poll kqueue
# finder: no_descriptor_is_inherited_by_child_processes
s/^#include <errno.h>/#include <errno.h>\n#include <fcntl.h>/
s/native = fth_socket(AF_UNIX, datagrams ? SOCK_DGRAM : SOCK_STREAM, 0);/& (void)fcntl(native, F_SETFD, 0);/
