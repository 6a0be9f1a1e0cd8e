/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/readiness/reactor.h"

#include <errno.h>
#ifdef __APPLE__
#include <netinet/in.h>
#include <netinet/tcp.h>
#endif

#include "backends/readiness/descriptors.h"
#include "core/base/assert.h"

/* Clients that may fail in one attempt before the loop gets a look at others. */
enum { FTH_ACCEPT_BUDGET = 32 };

/* Linux hands errors that are pending on the new socket to accept; they are the client's, not the listener's
 * (accept(2), "Error handling"). Test: a_clients_error_is_not_the_listeners. */
static bool is_of_client(int os_code)
{
    switch (os_code) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
#ifdef ENONET
    case ENONET:
#endif
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
        return true;
    default:
        return false;
    }
}

/* ---- how many clients a report stands for ------------------------------------------------------------------------- */

/* A listener is the one socket that is watched level-triggered: it is reported by every wait while clients are queued,
 * which saves the accept that would only say that there are no more. One client a report, then; but so that a crowd is
 * not let in at the pace of a busy loop, after some reports that were used up each one stands for twice as many as the
 * one before, until a look finds nobody. Where the wait did not sleep, since tasks were ready already, the next
 * report is far away: it stands for as many as any.
 * Tests: clients_one_at_a_time_cost_one_accept_each, a_crowd_is_let_in_by_few_reports,
 * a_crowd_is_let_in_at_once_while_tasks_are_ready. */
enum {
    FTH_SINGLE_ACCEPTS = 8, /* reports in a row that stand for one client: of so many the next costs a look too many */
    FTH_ACCEPTS_SHIFT = 6   /* clients a report stands for at most, as a power of two */
};

static void look_found_nobody(firth_io *io, const fth_reactor *reactor)
{
    fth_set_dry(io);
    reactor->slots[io->slot].of.listener.used_up = reactor->slots[io->slot].of.listener.left = 0;
    if (reactor->poller->levels && (io->state & FTH_WATCHED_READ) == 0)
        io->state |= FTH_LEVEL;
}

static void use(firth_io *io, const fth_reactor *reactor)
{
    fth_slot *slot = &reactor->slots[io->slot];
    unsigned used_up = slot->of.listener.used_up;

    if (slot->of.listener.hurried != reactor->hurried) {
        slot->of.listener.hurried = reactor->hurried;
        slot->of.listener.left = 1u << FTH_ACCEPTS_SHIFT;
    } else if (slot->of.listener.left == 0) {
        slot->of.listener.left = (uint8_t)(1u << (used_up < FTH_SINGLE_ACCEPTS ? 0 : used_up - FTH_SINGLE_ACCEPTS + 1));
    }
    if (--slot->of.listener.left > 0)
        return;
    if (used_up < FTH_SINGLE_ACCEPTS + FTH_ACCEPTS_SHIFT - 1)
        slot->of.listener.used_up++;
    fth_set_dry(io);
}

/* ---- the attempt --------------------------------------------------------------------------------------------------- */

/* An accepted socket has its listener's options on the systems that FTH_CAN_INHERIT is said of; but macOS leaves out when
 * keep-alives begin (XNU, tcp_input). A connection that was reset already takes none, and its reader hears of that. */
static void hand_on(int listener, int native)
{
#ifdef __APPLE__
    int idle_s;
    socklen_t size = sizeof idle_s;

    if (getsockopt(listener, IPPROTO_TCP, TCP_KEEPALIVE, &idle_s, &size) == 0)
        (void)setsockopt(native, IPPROTO_TCP, TCP_KEEPALIVE, &idle_s, sizeof idle_s);
#else
    (void)listener;
    (void)native;
#endif
}

static bool accepted(firth_op *op, int native)
{
    firth_io *client = op->with.accepted;

    hand_on((int)op->io->native, native);
    client->selector = op->io->selector;
    client->native = native;
    /* It can surely send; whether it can receive the poller tells, which saves the call that would find nothing. */
    client->state = FTH_WRITABLE | FIRTH_IO_DRY | (op->io->state & (FTH_IPV6 | FTH_UNIX | FTH_URGENT));
    fth_slots_take(fth_reactor_of(op->io), client);
    if ((op->io->state & FTH_LEVEL) != 0)
        use(op->io, fth_reactor_of(op->io));
    return fth_succeed(op, FIRTH_OK);
}

bool fth_attempt_accept(firth_op *op)
{
    firth_io *io = op->io;
    int budget, native;

    if (fth_slots_reserve(fth_reactor_of(io)) < 0)
        return fth_end(op, FIRTH_ERR_NO_MEMORY, 0, "allocate");
    fth_reactor_of(io)->slots[io->slot].of.listener.unheeded = 0;
    for (budget = FTH_ACCEPT_BUDGET; budget > 0; budget--) {
        native = fth_accept((int)io->native);
        if (native >= 0)
            return accepted(op, native);
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            look_found_nobody(io, fth_reactor_of(io));
            return false;
        }
        if (!is_of_client(errno))
            return fth_fail(op, errno, "accept");
    }
    return false; /* still FTH_READABLE: the reactor asks for a second look */
}
