# SPDX-License-Identifier: Apache-2.0
# bug: a short write is taken for a whole one
# in: backends/sim/ops.c
# on: sim
# finder: a_cancelled_send_tells_what_it_sent
s/return end(op, n, n < 0/return end(op, n < 0 ? n : (int64_t)asked, n < 0/
