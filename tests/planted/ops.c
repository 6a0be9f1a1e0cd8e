/* SPDX-License-Identifier: Apache-2.0 */
/* Ops, handed on as copies: bugs in how and when they end. */
#include "tests/planted/planted.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct planted_op {
    firth_op op; /* the real backend's */
    firth_op *original;
    struct planted_op *next, *previous;
    bool dropped; /* its end will not be told */
} planted_op;

planted_bug planted;
const firth_backend *planted_real;

static struct {
    planted_op pending;  /* head of a ring */
    firth_op *cancelled; /* to be completed again */
    firth_op *touched;   /* to be written to */
    uint8_t *bytes;      /* the same for memory */
    unsigned completions;
    bool woken;
    bool drops; /* what comes next to a receive of datagrams */
} state;

static void unlink_op(planted_op *one)
{
    one->previous->next = one->next;
    one->next->previous = one->previous;
}

static void handed_out(firth_op *op)
{
    free((char *)op - offsetof(planted_op, op));
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static void remember(firth_op *op)
{
    if (planted == PLANTED_OP_TOUCHED_LATE)
        state.touched = op;
    if (planted == PLANTED_BYTES_TOUCHED_LATE && op->kind == FIRTH_OP_RECEIVE && op->result > 0)
        state.bytes = (uint8_t *)(uintptr_t)op->with.pieces[0].bytes;
}

static void complete(planted_op *one)
{
    firth_op *op = one->original;

    unlink_op(one);
    op->result = one->op.result;
    op->os_code = one->op.os_code;
    op->step = one->op.step;
    planted_spoil(op);
    remember(op);
    state.completions++;
    if (one->dropped || (planted == PLANTED_COMPLETION_LOST && state.completions % 16 == 0))
        return;
    firth_op_complete(op, op->result, op->os_code, op->step);
    if (planted == PLANTED_COMPLETED_TWICE)
        firth_op_complete(op, op->result, op->os_code, op->step);
}

static firth_submit done(firth_op *op)
{
    planted_spoil(op);
    remember(op);
    if (planted != PLANTED_COMPLETED_IN_SUBMIT)
        return FIRTH_SUBMIT_DONE;
    firth_op_complete(op, op->result, op->os_code, op->step);
    return FIRTH_SUBMIT_PENDING;
}

static planted_op *find_other_side(const planted_op *one)
{
    planted_op *other = state.pending.next;

    while (other != &state.pending && (other == one || other->op.io != one->op.io))
        other = other->next;
    return other == &state.pending ? NULL : other;
}

static void begin_to_wait(planted_op *one)
{
    planted_op *other = find_other_side(one);

    if (planted == PLANTED_ARM_DROPS_OTHER && one->op.kind == FIRTH_OP_RECEIVE && other != NULL)
        other->dropped = true;
    one->next = &state.pending;
    one->previous = state.pending.previous;
    state.pending.previous->next = one;
    state.pending.previous = one;
}

static planted_op *copy_of(firth_op *op)
{
    planted_op *one = calloc(1, sizeof *one);

    if (one == NULL)
        abort();
    one->op = *op;
    one->op.done = handed_out;
    one->op.next = NULL;
    one->original = op;
    return one;
}

/* As a backend does whose system goes on with an op that was cancelled. */
static bool drops_and_goes_on(planted_op *one)
{
    planted_op *again;

    if (!state.drops || one->op.kind != FIRTH_OP_RECEIVE_DATAGRAMS || one->op.result < 1)
        return false;
    state.drops = false;
    again = copy_of(one->original);
    unlink_op(one);
    begin_to_wait(again);
    if (planted_real->submit(&again->op) == FIRTH_SUBMIT_DONE) {
        complete(again);
        free(again);
    }
    return true;
}

static void complete_those_done(void)
{
    planted_op *one = state.pending.next, *next;

    for (; one != &state.pending; one = next) {
        next = one->next;
        if (one->op.state == FIRTH_SUBMIT_DONE && !drops_and_goes_on(one))
            complete(one);
    }
}

/* ---- slots ------------------------------------------------------------------------------------------------------- */

static firth_submit slot_submit(firth_op *op)
{
    firth_buffer pieces[FIRTH_OP_PIECES_MAX];
    planted_op *one;
    firth_submit how;

    if (planted_preempts(op))
        return done(op);
    one = copy_of(op);
    if (planted == PLANTED_ATTEMPT_WAITS)
        one->op.attempt_only = false;
    if (planted == PLANTED_PIECES_SWAPPED && op->kind == FIRTH_OP_SEND && op->piece_count > 1) {
        memcpy(pieces, op->with.pieces, op->piece_count * sizeof *pieces);
        op->with.pieces[0] = pieces[1];
        op->with.pieces[1] = pieces[0];
    }
    how = planted_real->submit(&one->op);
    if (how == FIRTH_SUBMIT_DONE) {
        op->result = one->op.result;
        op->os_code = one->op.os_code;
        op->step = one->op.step;
        free(one);
        return done(op);
    }
    begin_to_wait(one);
    if (planted == PLANTED_WOULD_BLOCK_AS_ERROR && op->kind == FIRTH_OP_RECEIVE) {
        op->result = FIRTH_ERR_WOULD_BLOCK;
        return FIRTH_SUBMIT_DONE;
    }
    return FIRTH_SUBMIT_PENDING;
}

static planted_op *find(const firth_op *op)
{
    planted_op *one = state.pending.next;

    while (one != &state.pending && one->original != op)
        one = one->next;
    return one == &state.pending ? NULL : one;
}

/* As a backend does that had read ahead for an op it was then told to drop. */
static void lose_bytes(const firth_op *op)
{
    uint8_t bytes[16];

    if (planted == PLANTED_CANCEL_LOSES_BYTES && op->kind == FIRTH_OP_RECEIVE)
        (void)planted_attempt(op->io, FIRTH_OP_RECEIVE, bytes, sizeof bytes);
}

static void cancel_other_side(const planted_op *one)
{
    planted_op *other = find_other_side(one);

    if (planted == PLANTED_CANCEL_BOTH_SIDES && other != NULL)
        planted_real->cancel(&other->op);
}

static void slot_cancel(firth_op *op)
{
    planted_op *one = find(op);

    if (one == NULL || planted == PLANTED_CANCEL_IGNORED)
        return;
    cancel_other_side(one);
    planted_real->cancel(&one->op);
    if (one->op.state == FIRTH_SUBMIT_DONE && one->op.result == FIRTH_ERR_CANCELED) {
        lose_bytes(&one->op);
        state.drops = planted == PLANTED_DATAGRAM_EATEN && op->kind == FIRTH_OP_RECEIVE_DATAGRAMS;
    }
    complete_those_done();
    if (planted == PLANTED_CANCELLED_TWICE)
        state.cancelled = op;
}

static void do_late_things(void)
{
    if (state.cancelled != NULL)
        firth_op_complete(state.cancelled, FIRTH_ERR_CANCELED, 0, "cancel");
    if (state.touched != NULL)
        state.touched->os_code = 7;
    if (state.bytes != NULL)
        *state.bytes = 7;
    state.cancelled = state.touched = NULL;
    state.bytes = NULL;
}

void planted_forget_late(void)
{
    state.cancelled = state.touched = NULL;
    state.bytes = NULL;
    state.woken = state.drops = false;
    state.completions = 0;
}

static int64_t spoil_until(int64_t until_ns)
{
    if (planted == PLANTED_POLL_NEVER_WAITS)
        return 0;
    if (planted == PLANTED_POLL_ROUNDS_DOWN && until_ns != 0 && until_ns != INT64_MAX)
        return until_ns - firth_now_ns() < 1000000 ? 0 : until_ns - 1000000;
    if (planted == PLANTED_POLL_WRAPS && until_ns != INT64_MAX && until_ns > firth_now_ns()) {
        int32_t left_ms = (int32_t)((until_ns - firth_now_ns() + 999999) / 1000000);

        return left_ms < 0 ? INT64_MAX : firth_now_ns() + (int64_t)left_ms * 1000000;
    }
    return until_ns;
}

static int slot_poll(firth_selector *selector, int64_t until_ns)
{
    int rc;

    do_late_things();
    rc = planted_real->poll(selector, spoil_until(until_ns));
    complete_those_done();
    return rc;
}

static void slot_wake(firth_selector *selector)
{
    bool again = state.woken;

    state.woken = true;
    if (planted != PLANTED_WAKE_ONCE || !again)
        planted_real->wake(selector);
}

const firth_backend *planted_table(const firth_backend *real)
{
    static firth_backend table;

    planted_real = real;
    state.pending.next = state.pending.previous = &state.pending;
    planted_slots_fill(&table);
    table.submit = slot_submit;
    table.cancel = slot_cancel;
    table.poll = slot_poll;
    table.wake = slot_wake;
    return &table;
}
