/* SPDX-License-Identifier: Apache-2.0 */
/* The table before the subject's: it hands every call on, and holds the answers to backend.h. */
#include "tests/conformance/observer.h"

#include "tests/conformance/slots.h"

#include <stdatomic.h>
#include <stddef.h>

const firth_backend *fth_kit_real;

enum { KIT_EMPTY_POLLS_MOST = 10000 /* in a row */ };

static struct {
    kit_stand_in pending; /* the head of a ring */
    size_t pending_count;
    unsigned polling; /* inside poll */
    firth_op *ending; /* inside cancel of that */
    unsigned steps_left;
    void (*at_step)(void *argument);
    void *at_step_argument;
    bool step_reached;
    bool given_up;
    size_t empty_polls;
    size_t empty_in_a_row;
} observer;

static atomic_bool woken;

static kit_stand_in *of_op(firth_op *op)
{
    return (kit_stand_in *)(void *)((char *)op - offsetof(kit_stand_in, op));
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

void fth_kit_at_step(unsigned step, void (*fn)(void *argument), void *argument)
{
    observer.steps_left = step;
    observer.at_step = fn;
    observer.at_step_argument = argument;
    observer.step_reached = false;
}

bool fth_kit_step_reached(void)
{
    return observer.step_reached;
}

/* By way of the loop: a slot calls nothing of core. */
static void step(void)
{
    int rc;

    if (observer.steps_left == 0 || --observer.steps_left > 0)
        return;
    rc = firth_selector_post(fth_kit.selector, observer.at_step, observer.at_step_argument);
    fth_kit_note_error(rc);
    observer.step_reached = rc >= 0;
}

static void end_body(void *argument)
{
    (void)argument;
    fth_kit_note_result(fth_kit.injected);
}

/* The injected error of a flush made on somebody's behalf is told by the next call on its channel, which a peer that
 * waits for those bytes never makes: so the case ends, once core has it. */
static void note_failed_send(const firth_op *op)
{
    if (op->kind != FIRTH_OP_SEND || fth_kit.injected == 0 || op->result != fth_kit.injected)
        return;
    fth_kit_note_error(op->result);
    (void)!firth_selector_post(fth_kit.selector, end_body, NULL);
}

/* ---- completions ------------------------------------------------------------------------------------------------- */

static void link_pending(kit_stand_in *one)
{
    kit_stand_in *head = &observer.pending;

    one->stage = KIT_PENDING;
    one->next = head;
    one->previous = head->previous;
    head->previous->next = one;
    head->previous = one;
    observer.pending_count++;
}

static void unlink_pending(kit_stand_in *one)
{
    one->previous->next = one->next;
    one->next->previous = one->previous;
    observer.pending_count--;
}

/* The stand-in has been completed, and core's queue has it: so it is complete twice if that made a loop of the queue. */
static void pass_on(kit_stand_in *one)
{
    unlink_pending(one);
    one->stage = KIT_COMPLETED;
    if (one->op.next == &one->op) {
        fth_kit_law("an op was completed twice");
        one->op.next = NULL;
    }
    if (observer.polling == 0 && observer.ending == NULL)
        fth_kit_law("an op was completed outside poll and cancel");
    else if (observer.polling == 0 && observer.ending != &one->op)
        fth_kit_law("a cancel completed another op");
    fth_kit_stand_in_hand_back(one);
    note_failed_send(&one->op);
    step();
    firth_op_complete(one->original, one->op.result, one->op.os_code, one->op.step);
}

/* Returns how many there were. */
static size_t pass_on_completed(void)
{
    kit_stand_in *one = observer.pending.next, *next;
    size_t count = 0;

    for (; one != &observer.pending; one = next) {
        next = one->next;
        if (one->op.state != FIRTH_SUBMIT_DONE)
            continue;
        pass_on(one);
        count++;
    }
    return count;
}

void fth_kit_handed_out(firth_op *op)
{
    kit_stand_in *one = of_op(op);

    if (one->stage == KIT_COMPLETED)
        fth_kit_stand_in_end(one);
    else
        fth_kit_law("an op was completed again after its end");
    if (one->stage == KIT_OVER)
        op->state = FIRTH_SUBMIT_PENDING;
}

/* ---- the slots of ops -------------------------------------------------------------------------------------------- */

/* Core's own promise, on which the backend relies. */
static void check_sides(const firth_op *op)
{
    for (const kit_stand_in *one = observer.pending.next; one != &observer.pending; one = one->next)
        if (one->op.io == op->io && fth_kit_is_reading(&one->op) == fth_kit_is_reading(op))
            fth_kit_law("two ops on one side of a socket");
}

static firth_submit observe_submit(firth_op *op)
{
    kit_stand_in *one;
    firth_submit how;

    check_sides(op);
    step();
    one = fth_kit_stand_in_make(op);
    how = fth_kit_real->submit(&one->op);
    (void)pass_on_completed();
    if (how != FIRTH_SUBMIT_DONE && !op->attempt_only) {
        link_pending(one);
        return FIRTH_SUBMIT_PENDING;
    }
    if (one->op.state != FIRTH_SUBMIT_PENDING)
        fth_kit_law("submit called firth_op_complete");
    if (how != FIRTH_SUBMIT_DONE) {
        fth_kit_law("an op that is an attempt only was left pending");
        one->op.result = FIRTH_ERR_WOULD_BLOCK;
    }
    fth_kit_stand_in_hand_back(one);
    note_failed_send(&one->op);
    op->result = one->op.result;
    op->os_code = one->op.os_code;
    op->step = one->op.step;
    fth_kit_stand_in_end(one);
    return FIRTH_SUBMIT_DONE;
}

static void observe_cancel(firth_op *op)
{
    kit_stand_in *one = observer.pending.next;

    while (one != &observer.pending && one->original != op)
        one = one->next;
    if (one == &observer.pending) {
        fth_kit_law("core cancelled an op that is not pending");
        return;
    }
    step();
    one->cancelled = true;
    observer.ending = &one->op;
    fth_kit_real->cancel(&one->op);
    (void)pass_on_completed();
    observer.ending = NULL;
}

/* ---- the slots of the loop --------------------------------------------------------------------------------------- */

/* What ended in the last turn has been handed out by now, unless the queue it stands in was damaged. */
static void check_handed_out(void)
{
    if (fth_kit_stand_ins_waiting() > 0)
        fth_kit_law("an op that had ended was lost, as happens when another is completed twice");
}

static void check_patience(int64_t until_ns, size_t completed)
{
    if (until_ns == 0 || completed > 0 || atomic_exchange(&woken, false) ||
        (until_ns != INT64_MAX && firth_now_ns() >= until_ns)) {
        observer.empty_in_a_row = 0;
        return;
    }
    observer.empty_polls++;
    if (++observer.empty_in_a_row == KIT_EMPTY_POLLS_MOST)
        fth_kit_law("poll spins: it came back %d times in a row with nothing, before its time", KIT_EMPTY_POLLS_MOST);
}

static int observe_poll(firth_selector *selector, int64_t until_ns)
{
    size_t completed;
    int rc;

    check_handed_out();
    (void)pass_on_completed();
    if (observer.given_up)
        return firth_fail(FIRTH_ERR_ABORTED, 0, "the kit");
    step();
    observer.polling++;
    rc = fth_kit_real->poll(selector, until_ns);
    completed = pass_on_completed();
    observer.polling--;
    check_patience(until_ns, completed);
    return rc > 0 ? FIRTH_OK : fth_kit_slot_result("poll", rc);
}

static void observe_wake(firth_selector *selector)
{
    atomic_store(&woken, true);
    fth_kit_real->wake(selector);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static firth_backend table;

const firth_backend *fth_kit_table(void)
{
    return &table;
}

const firth_backend *fth_kit_observer(const firth_backend *real)
{
    fth_kit_real = real;
    observer.pending.next = observer.pending.previous = &observer.pending;
    fth_kit_slots_fill(&table);
    table.submit = observe_submit;
    table.cancel = observe_cancel;
    table.poll = observe_poll;
    table.wake = observe_wake;
    return &table;
}

void fth_kit_observer_begin(void)
{
    memset(&observer, 0, sizeof observer);
    observer.pending.next = observer.pending.previous = &observer.pending;
    atomic_store(&woken, false);
}

void fth_kit_observer_end(void)
{
    if (observer.pending_count > 0)
        fth_kit_law("%u ops never ended", (unsigned)observer.pending_count);
    fth_kit_stand_ins_check();
    fth_kit_stand_ins_forget();
}

void fth_kit_give_up(void)
{
    observer.given_up = true;
}

size_t fth_kit_ops_pending(void)
{
    return observer.pending_count;
}

size_t fth_kit_empty_polls(void)
{
    return observer.empty_polls;
}
