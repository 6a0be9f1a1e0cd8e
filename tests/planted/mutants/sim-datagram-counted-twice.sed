# SPDX-License-Identifier: Apache-2.0
# bug: a batch counts one datagram more than it has
# in: backends/sim/ops.c
# on: sim
# finder: a_batch_takes_what_is_there
/^static bool move_datagram/,/^}/ s/return end(op, rc,/return end(op, rc == 1 \&\& op->piece_count > 1 ? 2 : rc,/
