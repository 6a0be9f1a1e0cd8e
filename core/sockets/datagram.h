/* SPDX-License-Identifier: Apache-2.0 */
/* A datagram socket: an io and the two tasks that may be inside its calls. */
#ifndef FTH_DATAGRAM_H
#define FTH_DATAGRAM_H

#include "core/selector/opened.h"
#include "core/sockets/op.h"
#include "core/sockets/options.h"
#include <firth/datagram.h>
#include <firth/udp.h>

/* One direction: the task in a call, and the op on its stack. */
typedef struct fth_datagram_side {
    firth_task *task;
    firth_op *op;
} fth_datagram_side;

struct firth_datagram_socket {
    firth_io io;
    fth_datagram_side receiving;
    fth_datagram_side sending;
    firth_address peer; /* that it is connected to; FIRTH_FAMILY_NONE */
    firth_failure kept; /* met behind datagrams that were moved: for the next call. code 0: none */
    fth_opened opened;
    firth_cleanup cleanup; /* of the owning scope */
    firth_scope *owner;
    void (*closing)(firth_datagram_socket *socket); /* the io is about to be closed. NULL: nobody wants to know */
    int multicast_interface;                        /* that was set last; 0: none */
    uint8_t ask; /* how many datagrams a receive of many asks for at first; 0: as many as an op takes */
    bool closed;
};

/* One that is not open yet; NULL when there is no memory. */
firth_datagram_socket *fth_datagram_socket_new(firth_selector *selector);

/* Frees it, before it became the user's. The last failure stays as it is. */
void fth_datagram_socket_discard(firth_datagram_socket *socket);

/* Makes it the user's. */
void fth_datagram_socket_start(firth_datagram_socket *socket, const char *place);

/* Frees a closed socket once nobody is inside. */
void fth_datagram_socket_settle(firth_datagram_socket *socket);

/* In debug builds stops at a socket that is closed. FIRTH_OK or FIRTH_ERR_MISUSE. */
static inline int fth_datagram_socket_check(const firth_datagram_socket *socket)
{
    if (socket->closed)
        return FTH_MISUSE("a datagram socket after it was closed");
    fth_selector_assert_thread(socket->io.selector);
    return FIRTH_OK;
}

#endif
