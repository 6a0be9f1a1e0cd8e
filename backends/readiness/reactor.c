/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/readiness/reactor.h"

#include <errno.h>
#include <limits.h>

#include <firth/task.h>

#include "core/base/assert.h"

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
    if (reactor->batch != NULL)
        firth_selector_release(selector, reactor->batch);
    firth_selector_set_state(selector, NULL);
    firth_selector_release(selector, reactor);
}

void fth_reactor_forget(firth_io *io, bool closing)
{
    fth_reactor *reactor = fth_reactor_of(io);
    /* Level-triggered, a duplicate of what has hung up would be reported by every wait.
     * Test: a_duplicate_of_a_listener_that_was_shut_down_is_quiet. */
    bool is_quiet = (io->state & (FTH_HANGUP | FTH_LEVEL)) == FTH_HANGUP;

    FTH_ASSERT(io->reading == NULL && io->writing == NULL);
    if ((io->state & (FTH_WATCHED_READ | FTH_WATCHED_WRITE)) != 0)
        reactor->poller->remove(reactor->poller_state, (int)io->native, fth_slots_token(reactor, io),
                                closing && is_quiet);
    fth_slots_give(reactor, io);
    io->native = -1;
    io->state = 0;
}

/* Rounded up: a wait that ends a fraction of a millisecond early would be followed by a spin of empty ones. */
int fth_reactor_timeout_ms(fth_reactor *reactor, int64_t until_ns)
{
    int64_t left_ns, left_ms;

    if (until_ns <= 0) {
        reactor->hurried++;
        return 0;
    }
    left_ns = until_ns - firth_now_ns();
    if (left_ns <= 0)
        return 0;
    left_ms = left_ns / 1000000 + (left_ns % 1000000 != 0);
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
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
