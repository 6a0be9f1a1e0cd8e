# SPDX-License-Identifier: Apache-2.0
# bug: a cancelled op that could end does so, and is told as cancelled
# in: backends/sim/ops.c
# on: sim
# finder: a_cancelled_send_tells_what_it_sent
/^void fth_sim_cancel/,/^}/ s/(void)end(op, FIRTH_ERR_CANCELED, step_of(op));/(void)attempt(socket, op), &/
