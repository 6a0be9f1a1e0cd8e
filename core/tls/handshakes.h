/* SPDX-License-Identifier: Apache-2.0 */
/* A server's handshakes: as many at once as option handshakes_max says, all in the task that accepts, which goes on with
 * each when its client has sent something. So one that is slow, or silent, delays nobody. */
#ifndef FTH_TLS_HANDSHAKES_H
#define FTH_TLS_HANDSHAKES_H

#include "core/sockets/server.h"
#include "core/tls/secure.h"

typedef struct fth_handshake {
    struct fth_handshake *previous; /* of all, those that went on least lately first */
    struct fth_handshake *next;
    struct fth_handshakes *all; /* NULL: the server is closed */
    fth_secure *secure;
    firth_op op; /* waits until the client has sent something */
    int64_t deadline_ns;
    bool pending; /* the backend has the op */
    bool is_due;  /* worth going on with */
    bool ended;   /* is freed when the backend lets go of the op */
    bool is_told; /* ended with an alert that should arrive; else by a reset */
} fth_handshake;

typedef struct fth_handshakes {
    firth_server *server;
    firth_tls_config *config;
    fth_handshake ring; /* its head */
    int count;
    int64_t left_ns; /* when the acceptor left: time does not count for its clients until it is back */
    bool is_parked;  /* the acceptor waits for any of them, or for a client */
} fth_handshakes;

/* Wakes the acceptor, if it waits for any of them. */
void fth_handshakes_wake(fth_handshakes *all);

/* A client has been accepted: its handshake waits until it has sent something. FIRTH_OK, or why it was dropped. */
int fth_handshake_begin(fth_handshakes *all, firth_socket *plain, const char *place);

/* Goes on with one that is due. FIRTH_OK: it is over, *socket is the user's and one is freed; else it waits, or its
 * client was refused. */
int fth_handshake_go_on(fth_handshake *one, firth_socket **socket);

/* Ends one whose time is up, which its client is told unless it takes nothing, and says so in the selector's log. */
void fth_handshake_expire(fth_handshake *one);

#endif
