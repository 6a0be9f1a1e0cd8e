/* SPDX-License-Identifier: Apache-2.0 */
/* Ops on the stack of the task that waits for them. */
#ifndef FTH_OP_H
#define FTH_OP_H

#include <firth/backend.h>

/* Makes the op ready to be filled in: what submitting, ending and queueing set is left alone. */
static inline void fth_op_init(firth_op *op, firth_op_kind kind, firth_io *io)
{
    op->kind = (uint8_t)kind;
    op->attempt_only = false;
    op->look_again = false;
    op->piece_count = 0;
    op->io = io;
}

/* Hands the op to the backend: DONE with op->result, or PENDING, and then op->done runs in the loop. */
firth_submit fth_op_submit(firth_op *op);

/* Asks a pending op to end soon; one that has ended already, and only waits for its done, is left alone. */
void fth_op_cancel(firth_op *op);

/* Submits and suspends until the op has ended; the op and all it points to stay put until then. idle_ms > 0: after that
 * long it is cancelled, and the result is FIRTH_ERR_TIMED_OUT. Returns the op's result; a failure is noted. */
int64_t fth_op_await(firth_op *op, const char *waiting_for, uint32_t idle_ms);

#endif
