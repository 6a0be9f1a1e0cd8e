# SPDX-License-Identifier: Apache-2.0
# bug: a datagram that was cut off is not called truncated
# in: backends/readiness/datagram_control.c
# on: epoll poll kqueue
# finder: a_long_datagram_with_a_control_is_truncated_and_says_so
s/datagram->truncated = (message->msg_flags \& MSG_TRUNC) != 0;/datagram->truncated = false;/
