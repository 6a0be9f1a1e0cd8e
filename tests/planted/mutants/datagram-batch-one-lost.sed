# SPDX-License-Identifier: Apache-2.0
# bug: the last datagram of a received batch is not counted
# in: backends/readiness/linux_batch.c
# on: epoll
# finder: a_batch_takes_what_is_there
/^FIRTH_HOT static bool receive_batch/,/^}/ s/return fth_succeed(op, n);/return fth_succeed(op, n > 1 ? n - 1 : n);/
