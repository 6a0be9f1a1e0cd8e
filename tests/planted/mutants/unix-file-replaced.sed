# SPDX-License-Identifier: Apache-2.0
# bug: a file that is no socket is replaced
# in: backends/readiness/unix_files.c
# on: epoll poll
# finder: a_file_that_is_no_socket_is_never_replaced
s/if (!S_ISSOCK(found.st_mode))/if (false)/
