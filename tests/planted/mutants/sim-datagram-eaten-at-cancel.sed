# SPDX-License-Identifier: Apache-2.0
# bug: a receive of datagrams that is cancelled takes the one that is on its way
# in: backends/sim/ops.c
# on: sim
# finder: a_receive_cancelled_as_its_datagram_arrives_loses_none
/^void fth_sim_cancel/,/^}/ s/    (void)end(op, FIRTH_ERR_CANCELED, step_of(op));/    if (op->kind == FIRTH_OP_RECEIVE_DATAGRAMS \&\& sim->flying != NULL)\
        fth_sim_datagram_free(sim->flying);\
&/
