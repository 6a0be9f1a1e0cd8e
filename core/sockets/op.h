/* SPDX-License-Identifier: Apache-2.0 */
/* Ops on the stack of the task that waits for them. */
#ifndef FTH_OP_H
#define FTH_OP_H

#include "core/base/assert.h"
#include "core/selector/selector.h"

/* firth_op.state beside the values of firth_submit: pending, and the backend was asked to end it. */
enum { FTH_OP_ENDING = 2 };

/* Makes the op ready to be filled in: what submitting, ending and queueing set is left alone. */
static inline void fth_op_init(firth_op *op, firth_op_kind kind, firth_io *io)
{
    op->kind = (uint8_t)kind;
    op->attempt_only = false;
    op->look_again = false;
    op->piece_count = 0;
    op->io = io;
}

/* Hands the op to the backend: DONE with op->result, or PENDING, and then op->done runs in the loop. Inline, like the
 * next, since each level of calls between a task and its system call costs: after one, processors do not know any more
 * where a return goes. */
static inline firth_submit fth_op_submit(firth_op *op)
{
    firth_submit how;

    op->state = FIRTH_SUBMIT_PENDING;
    op->os_code = 0;
    op->step = NULL;
    how = op->io->selector->backend->submit(op);
    if (how == FIRTH_SUBMIT_DONE)
        op->state = FIRTH_SUBMIT_DONE;
    FTH_ASSERT(how == FIRTH_SUBMIT_DONE || !op->attempt_only);
    return how;
}

/* Asks a pending op to end soon, once; one that has ended already, and only waits for its done, is left alone. */
void fth_op_cancel(firth_op *op);

/* Suspends the owner of a pending op until it has ended; see fth_op_await. */
void fth_op_suspend(firth_op *op, const char *waiting_for, uint32_t idle_ms);

/* Notes the failure that op->result tells, and returns it. */
FIRTH_COLD int64_t fth_op_failed(const firth_op *op, const char *waiting_for);

/* Submits and suspends until the op has ended; the op and all it points to stay put until then. idle_ms > 0: after that
 * long it is cancelled, and the result is FIRTH_ERR_TIMED_OUT. Returns the op's result; a failure is noted. */
static inline int64_t fth_op_await(firth_op *op, const char *waiting_for, uint32_t idle_ms)
{
    op->owner = fth_current;
    op->done = NULL;
    if (fth_op_submit(op) == FIRTH_SUBMIT_PENDING)
        fth_op_suspend(op, waiting_for, idle_ms);
    FTH_ASSERT(op->state == FIRTH_SUBMIT_DONE);
    return op->result < 0 ? fth_op_failed(op, waiting_for) : op->result;
}

#endif
