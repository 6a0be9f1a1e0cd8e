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

/* What differs between servers of TCP and of Unix sockets. */
typedef struct fth_server_kind {
    fth_transport transport;

    /* A socket for the next client, without a descriptor; NULL when there is no memory. */
    firth_socket *(*new_socket)(firth_server *server);

    /* Sets on an accepted io the options that it does not inherit. */
    int (*apply)(firth_server *server, firth_io *io);

    /* The io is about to be closed. May be NULL. */
    void (*closing)(firth_server *server);
} fth_server_kind;

struct firth_server {
    firth_io io;
    const fth_server_kind *kind;
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

/* Makes zeroed memory that begins with a server one without a descriptor, and one that listens the user's. */
void fth_server_init(firth_server *server, const fth_server_kind *kind, firth_selector *selector);
void fth_server_start(firth_server *server, const char *place);

/* What an accept's failure means: wait and try again, or try again; else it is the end. */
bool fth_accept_is_shortage(int rc);
bool fth_accept_is_clients_fault(int rc);

#endif
