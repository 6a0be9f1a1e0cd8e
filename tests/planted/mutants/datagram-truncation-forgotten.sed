# SPDX-License-Identifier: Apache-2.0
# bug: a datagram that was cut off is not called truncated
# in: backends/readiness/ops.c
# on: epoll poll
# finder: a_long_datagram_is_truncated_and_says_so
s/return fth_attempt_receive_datagrams(op);/return fth_attempt_receive_datagrams(op) \&\& (op->with.datagrams->truncated = false, true);/
