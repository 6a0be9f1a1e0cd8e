/* SPDX-License-Identifier: Apache-2.0 */
/* The law of one ending, watched from both sides: submit and cancel pass through a table of ours, firth_op_complete is
 * led here by the linker (ld(1), --wrap). */
#include "tests/sim/explore.h"

enum { OPS_MAX = 32 };

static firth_op *pending[OPS_MAX];
static size_t count;
static void (*hook_after_poll)(void);

/* Those that have ended, as they were then; while the backend's call goes on they are core's and untouched. */
static firth_op *ended[OPS_MAX];
static firth_op ended_as[OPS_MAX];
static size_t ended_count;

firth_backend explore_backend;

void __real_firth_op_complete(firth_op *op, int64_t result, int os_code, const char *step);
void __wrap_firth_op_complete(firth_op *op, int64_t result, int os_code, const char *step);

static size_t place_of(const firth_op *op)
{
    size_t i = 0;

    while (i < count && pending[i] != op)
        i++;
    return i;
}

static void broken(const char *what)
{
    (void)support_failed(__FILE__, __LINE__, what);
}

static bool is_legal(const firth_op *op, int64_t result)
{
    if (result < 0)
        return result >= FIRTH_ERR_DEADLOCK && result != FIRTH_ERR_WOULD_BLOCK;
    switch (op->kind) {
    case FIRTH_OP_RECEIVE:
        return true;
    case FIRTH_OP_SEND:
        return result > 0;
    case FIRTH_OP_RECEIVE_DATAGRAMS:
    case FIRTH_OP_SEND_DATAGRAMS:
        return result > 0 && result <= op->piece_count;
    default:
        return result == FIRTH_OK;
    }
}

void __wrap_firth_op_complete(firth_op *op, int64_t result, int os_code, const char *step)
{
    size_t i = place_of(op);

    if (op->io->selector == it.selector) {
        if (i == count)
            broken("an op that is not under way was ended");
        else
            pending[i] = pending[--count];
        if (!is_legal(op, result))
            broken("an op came to a result that its kind does not have");
    }
    __real_firth_op_complete(op, result, os_code, step);
    if (op->io->selector == it.selector && ended_count < OPS_MAX) {
        ended[ended_count] = op;
        ended_as[ended_count++] = *op;
    }
}

static void expect_untouched(void)
{
    for (; ended_count > 0; ended_count--) {
        const firth_op *op = ended[ended_count - 1], *then = &ended_as[ended_count - 1];

        if (op->result != then->result || op->state != then->state || op->os_code != then->os_code ||
            op->step != then->step || op->io != then->io || op->with.pieces != then->with.pieces ||
            op->kind != then->kind || memcmp(op->backend, then->backend, sizeof op->backend) != 0)
            broken("an op was touched after its end");
    }
}

static firth_submit submit(firth_op *op)
{
    firth_submit how;

    if (place_of(op) < count)
        broken("an op under way was submitted again");
    how = firth_backend_sim.submit(op);
    if (how == FIRTH_SUBMIT_PENDING && op->attempt_only)
        broken("an attempt was left pending");
    if (how == FIRTH_SUBMIT_DONE && !op->attempt_only && !is_legal(op, op->result))
        broken("an op came to a result that its kind does not have");
    if (how == FIRTH_SUBMIT_PENDING && count < OPS_MAX)
        pending[count++] = op;
    return how;
}

static void cancel(firth_op *op)
{
    if (place_of(op) == count)
        broken("an op that is not under way was cancelled");
    firth_backend_sim.cancel(op);
    expect_untouched();
}

static int poll_and_hook(firth_selector *selector, int64_t until_ns)
{
    void (*hook)(void) = hook_after_poll;
    int rc = firth_backend_sim.poll(selector, until_ns);

    expect_untouched();
    hook_after_poll = NULL;
    if (hook != NULL)
        hook();
    return rc;
}

void explore_law_after_poll(void (*hook)(void))
{
    hook_after_poll = hook;
}

void explore_law_reset(void)
{
    explore_backend = firth_backend_sim;
    explore_backend.submit = submit;
    explore_backend.cancel = cancel;
    explore_backend.poll = poll_and_hook;
    count = ended_count = 0;
    hook_after_poll = NULL;
}

/* What the backend holds on to is under way, and what is under way it holds on to. */
int explore_law_check(void)
{
    size_t held = 0;

    for (size_t i = 0; i < it.host->used; i++) {
        const fth_sim_socket *socket = it.host->places[i].socket;

        if (socket == NULL)
            continue;
        if (socket->io->reading != NULL) {
            EXPECT(place_of(socket->io->reading) < count);
            held++;
        }
        if (socket->io->writing != NULL) {
            EXPECT(place_of(socket->io->writing) < count);
            held++;
        }
    }
    EXPECT_EQUAL(held, count);
    return FIRTH_OK;
}

int explore_law_all_ended(void)
{
    EXPECT_EQUAL(count, 0);
    return FIRTH_OK;
}
