# SPDX-License-Identifier: Apache-2.0
# bug: a receive of datagrams that is cancelled takes one, and is told as cancelled
# in: backends/readiness/ops.c
# on: epoll poll
# finder: a_receive_cancelled_as_its_datagram_arrives_loses_none
/^void fth_reactor_cancel/,/^}/ s/    \*side = NULL;/    if (op->kind == FIRTH_OP_RECEIVE_DATAGRAMS)\
        (void)attempt(op, false);\
&/
