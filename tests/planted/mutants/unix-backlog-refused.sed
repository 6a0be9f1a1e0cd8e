# SPDX-License-Identifier: Apache-2.0
# bug: a full backlog is an error
# in: backends/readiness/unix.c
# on: epoll poll
# finder: a_full_unix_backlog_is_waited_for
s/return FIRTH_ERR_WOULD_BLOCK;/return firth_fail(FIRTH_ERR_REFUSED, errno, "connect");/
