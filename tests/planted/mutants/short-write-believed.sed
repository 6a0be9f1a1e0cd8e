# SPDX-License-Identifier: Apache-2.0
# bug: a short write is taken for a whole one
# in: backends/readiness/ops.c
# on: epoll poll kqueue
# finder: a_cancelled_send_tells_what_it_sent
/^FIRTH_INLINE bool attempt_send/,/^}/ s/fth_succeed(op, n)/fth_succeed(op, (int64_t)asked)/
