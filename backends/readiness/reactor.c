/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/readiness/reactor.h"

#include <errno.h>
#include <limits.h>

#include <firth/task.h>

#include "core/base/assert.h"

static bool attempt_nothing(firth_op *op)
{
    return fth_succeed(op, FIRTH_OK);
}

/* What each kind of op waits for, how it is tried then, and the name of its step. */
static const struct rule {
    unsigned ready;
    bool (*attempt)(firth_op *op);
    const char *step;
} rules[] = {
    [FIRTH_OP_WAIT_READABLE] = {FTH_READABLE, attempt_nothing, "recv"},
    [FIRTH_OP_WAIT_WRITABLE] = {FTH_WRITABLE, attempt_nothing, "send"},
    [FIRTH_OP_ACCEPT] = {FTH_READABLE, fth_attempt_accept, "accept"},
    [FIRTH_OP_CONNECT] = {FTH_WRITABLE, fth_attempt_connected, "connect"},
    [FIRTH_OP_RECEIVE] = {FTH_READABLE, fth_attempt_receive, "recv"},
    [FIRTH_OP_SEND] = {FTH_WRITABLE, fth_attempt_send, "send"},
};

/* ---- ops --------------------------------------------------------------------------------------------------------- */

static firth_op **side_of(const firth_op *op)
{
    return rules[op->kind].ready == FTH_READABLE ? &op->io->reading : &op->io->writing;
}

/* Sees to it that a report comes for an op that waits. Returns 0 or an errno, which only a first call for io can do. */
static int watch(fth_reactor *reactor, firth_io *io, unsigned ready)
{
    const fth_poller *poller = reactor->poller;
    uint64_t token = fth_slots_token(reactor, io);
    unsigned watched = io->state / FTH_WATCHED_READ & (FTH_READABLE | FTH_WRITABLE);
    unsigned wanted = watched | ready | FTH_READABLE;
    int os_code;

    if (!poller->edges) {
        poller->arm(reactor->poller_state, (int)io->native, token, ready);
    } else if (watched == 0) {
        os_code = poller->add(reactor->poller_state, (int)io->native, token, wanted);
        if (os_code != 0)
            return os_code;
    } else if (wanted != watched || (io->state & ready) != 0) {
        /* The first blocked write, or an attempt that gave up before it was blocked. */
        poller->arm(reactor->poller_state, (int)io->native, token, wanted);
    }
    io->state |= wanted * FTH_WATCHED_READ | (poller->edges ? (unsigned)FTH_STANDING : 0u);
    return 0;
}

/* The report is on its way, or was asked for once and for all, and the last attempt was really blocked. */
static bool is_watched(const firth_io *io, unsigned ready)
{
    return (io->state & (FTH_STANDING | ready * FTH_WATCHED_READ | ready)) == (FTH_STANDING | ready * FTH_WATCHED_READ);
}

static firth_submit pend(firth_op *op, const struct rule *rule)
{
    firth_io *io = op->io;
    firth_op **side = side_of(op);

    if (op->attempt_only) {
        fth_end(op, FIRTH_ERR_WOULD_BLOCK, 0, rule->step);
        return FIRTH_SUBMIT_DONE;
    }
    if (!is_watched(io, rule->ready)) {
        fth_reactor *reactor = fth_reactor_of(io);
        int os_code = watch(reactor, io, rule->ready);

        if (os_code != 0) {
            fth_fail(op, os_code, reactor->poller->add_step);
            return FIRTH_SUBMIT_DONE;
        }
    }
    *side = op;
    return FIRTH_SUBMIT_PENDING;
}

/* One attempt; the frequent kinds by name, since a call by pointer is one that the processor guesses wrong after a
 * system call. */
static inline bool attempt(firth_op *op)
{
    if (op->kind == FIRTH_OP_RECEIVE)
        return fth_attempt_receive(op);
    if (op->kind == FIRTH_OP_SEND)
        return fth_attempt_send(op);
    if (op->kind == FIRTH_OP_WAIT_READABLE)
        return fth_succeed(op, FIRTH_OK);
    return rules[op->kind].attempt(op);
}

firth_submit fth_reactor_submit(firth_op *op)
{
    const struct rule *rule = &rules[op->kind];
    bool ended = false;

    FTH_ASSERT(*side_of(op) == NULL);
    if (op->kind == FIRTH_OP_CONNECT)
        ended = fth_attempt_connect(op);
    else if ((op->io->state & rule->ready) != 0 || op->look_again)
        ended = attempt(op);
    return ended ? FIRTH_SUBMIT_DONE : pend(op, rule);
}

void fth_reactor_cancel(firth_op *op)
{
    firth_op **side = side_of(op);

    FTH_ASSERT(*side == op);
    if (*side != op)
        return;
    /* What the poller was asked for stays asked for: its report then only says what is true of the socket. */
    *side = NULL;
    firth_op_complete(op, FIRTH_ERR_CANCELED, 0, rules[op->kind].step);
}

static void retry(fth_reactor *reactor, firth_io *io, firth_op **side)
{
    firth_op *op = *side;

    if (!attempt(op)) {
        if (!is_watched(io, rules[op->kind].ready))
            (void)watch(reactor, io, rules[op->kind].ready); /* cannot fail: it is registered */
        return;
    }
    *side = NULL;
    firth_op_complete(op, op->result, op->os_code, op->step);
}

void fth_reactor_event(fth_reactor *reactor, uint64_t token, unsigned ready)
{
    firth_io *io = fth_slots_find(reactor, token);

    if (io == NULL)
        return;
    io->state |= ready;
    if ((ready & FTH_READABLE) != 0)
        fth_set_readable(io);
    /* The reader first: a send would take the socket's error away, and the reader tells the bytes before it. */
    if (io->reading != NULL && (io->state & FTH_READABLE) != 0)
        retry(reactor, io, &io->reading);
    if (io->writing != NULL && (io->state & FTH_WRITABLE) != 0)
        retry(reactor, io, &io->writing);
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

int fth_reactor_open(firth_selector *selector, const fth_poller *poller)
{
    fth_reactor *reactor = firth_selector_allocate(selector, sizeof *reactor);
    int rc;

    if (reactor == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    reactor->selector = selector;
    reactor->poller = poller;
    rc = poller->open(selector, &reactor->poller_state);
    if (rc < 0) {
        firth_selector_release(selector, reactor);
        return rc;
    }
    firth_selector_set_state(selector, reactor);
    return FIRTH_OK;
}

void fth_reactor_close(firth_selector *selector)
{
    fth_reactor *reactor = firth_selector_state(selector);

    reactor->poller->close(reactor->poller_state);
    fth_slots_release(reactor);
    firth_selector_set_state(selector, NULL);
    firth_selector_release(selector, reactor);
}

void fth_reactor_forget(firth_io *io, bool closing)
{
    fth_reactor *reactor = fth_reactor_of(io);

    FTH_ASSERT(io->reading == NULL && io->writing == NULL);
    if ((io->state & (FTH_WATCHED_READ | FTH_WATCHED_WRITE)) != 0)
        reactor->poller->remove(reactor->poller_state, (int)io->native, fth_slots_token(reactor, io),
                                closing && (io->state & FTH_HANGUP) != 0);
    fth_slots_give(reactor, io);
    io->native = -1;
    io->state = 0;
}

/* Rounded up: a wait that ends a fraction of a millisecond early would be followed by a spin of empty ones. */
static int timeout_ms(int64_t until_ns)
{
    int64_t left_ns, left_ms;

    if (until_ns == INT64_MAX)
        return -1;
    if (until_ns <= 0)
        return 0;
    left_ns = until_ns - firth_now_ns();
    if (left_ns <= 0)
        return 0;
    left_ms = left_ns / 1000000 + (left_ns % 1000000 != 0);
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

int fth_reactor_poll(firth_selector *selector, int64_t until_ns)
{
    fth_reactor *reactor = firth_selector_state(selector);

    return reactor->poller->wait(reactor->poller_state, timeout_ms(until_ns), reactor);
}

void fth_reactor_wake(firth_selector *selector)
{
    fth_reactor *reactor = firth_selector_state(selector);

    reactor->poller->wake(reactor->poller_state);
}

int fth_reactor_pollable(firth_selector *selector, intptr_t *descriptor)
{
    fth_reactor *reactor = firth_selector_state(selector);

    *descriptor = reactor->poller->pollable(reactor->poller_state);
    return FIRTH_OK;
}
