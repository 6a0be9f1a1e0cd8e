# SPDX-License-Identifier: Apache-2.0
# bug: a cancel that takes effect late is forgotten
# in: backends/sim/ops.c
# on: sim
# finder: a_cancelled_receive_leaves_the_bytes
/^static bool look_at/,/^}/ s/(void)end(op, FIRTH_ERR_CANCELED, step_of(op));/return false;/
