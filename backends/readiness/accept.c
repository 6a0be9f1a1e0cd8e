/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/readiness/reactor.h"

#include <errno.h>

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

static bool accepted(firth_op *op, int native)
{
    firth_io *client = op->with.accepted;

    client->selector = op->io->selector;
    client->native = native;
    /* It can surely send; whether it can receive the poller tells, which saves the call that would find nothing. */
    client->state = FTH_WRITABLE | FIRTH_IO_DRY | (op->io->state & (FTH_IPV6 | FTH_UNIX | FTH_URGENT));
    fth_slots_take(fth_reactor_of(op->io), client);
    return fth_succeed(op, FIRTH_OK);
}

bool fth_attempt_accept(firth_op *op)
{
    firth_io *io = op->io;
    int budget, native;

    if (fth_slots_reserve(fth_reactor_of(io)) < 0)
        return fth_end(op, FIRTH_ERR_NO_MEMORY, 0, "allocate");
    for (budget = FTH_ACCEPT_BUDGET; budget > 0; budget--) {
        native = fth_accept((int)io->native);
        if (native >= 0)
            return accepted(op, native);
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            fth_set_dry(io);
            return false;
        }
        if (!is_of_client(errno))
            return fth_fail(op, errno, "accept");
    }
    return false; /* still FTH_READABLE: the reactor asks for a second look */
}
