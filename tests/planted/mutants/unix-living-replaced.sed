# SPDX-License-Identifier: Apache-2.0
# bug: the file of a server that lives is replaced
# in: backends/readiness/unix_files.c
# on: epoll poll
# finder: where_somebody_listens_no_file_is_replaced
s/if (os_code == 0 || os_code == EPROTOTYPE)/if (false)/
s/if (os_code != ECONNREFUSED \&\& os_code != ENOENT)/if (false)/
