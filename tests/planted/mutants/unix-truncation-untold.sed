# SPDX-License-Identifier: Apache-2.0
# bug: a datagram of a Unix socket that was cut off is not called truncated
# in: backends/readiness/unix_messages.c
# on: epoll poll
# finder: a_long_unix_datagram_is_truncated_and_says_so
s/message->truncated = (native->msg_flags \& MSG_TRUNC) != 0;/message->truncated = false;/
