/* SPDX-License-Identifier: Apache-2.0 */
/* A listening server. */
#ifndef FTH_SERVER_H
#define FTH_SERVER_H

#include "core/selector/opened.h"
#include "core/sockets/op.h"
#include "core/sockets/socket.h"

/* Without a descriptor or memory accept waits, first this long, then ever longer: the clients wait in the backlog, and
 * none is dropped. Test:
 * accept_without_descriptors_does_not_spin_and_serves_everybody_in_the_end. */
enum { FTH_BACKOFF_FIRST_MS = 5, FTH_BACKOFF_LAST_MS = 1000 };

struct fth_handshakes;

struct firth_server {
    firth_io io;
    firth_tcp_builder tcp;
    firth_address address;
    firth_task *acceptor; /* inside firth_accept */
    firth_op *op;         /* on its stack */
    fth_opened opened;
    firth_cleanup cleanup; /* of the owning scope */
    firth_scope *owner;
    struct fth_handshakes *handshakes; /* with option tls */
    bool closed;
};

/* What an accept's failure means: wait and try again, or try again; else it is the end. */
bool fth_accept_is_shortage(int rc);
bool fth_accept_is_clients_fault(int rc);

/* Sets on an accepted io the options that it does not inherit. */
int fth_accept_apply(firth_server *server, firth_io *io);

#endif
