/* SPDX-License-Identifier: Apache-2.0 */
/* A secure socket: a session of the engine between the channels of the socket and those of the one below.
 *
 * Reading pulls records from the channel below, writing pushes them into it; the engine is called from whichever task
 * reads or writes, or from the loop when the channel below has moved bytes, and never suspends. */
#ifndef FTH_TLS_SECURE_H
#define FTH_TLS_SECURE_H

#include "core/sockets/socket.h"
#include "core/tls/config.h"
#include <stdalign.h>
#include <stddef.h>

typedef struct fth_secure {
    firth_socket socket;
    fth_tls_generation *generation;
    bool is_open;    /* the engine has a session */
    bool gathering;  /* records of a handshake: they wait in the channel below to leave together */
    bool busy;       /* inside the engine: what the channel below reports meanwhile is looked at afterwards */
    bool is_ended;   /* close_notify was given to the engine */
    bool reads_much; /* the last read from below filled its block */
    void (*moved)(void *argument); /* a handshake that nobody waits in: the channel below has moved bytes */
    void *moved_argument;
    alignas(max_align_t) unsigned char session[];
} fth_secure;

static inline fth_tls_session *fth_secure_session(fth_secure *secure)
{
    return (fth_tls_session *)(void *)secure->session;
}

static inline fth_secure *fth_secure_of(firth_socket *socket)
{
    return (fth_secure *)(void *)socket;
}

extern const fth_socket_kind fth_secure_kind;
extern const fth_tls_transport fth_secure_transport;
extern const fth_source fth_secure_source;
extern const fth_sink fth_secure_sink;

/* Makes a secure socket above one that is put below; takes its host name, if any other is not given, its idle and linger
 * times. *made is in the selector's ring of what is open. On failure the socket below is as put below. */
int fth_secure_new(firth_socket *below, firth_tls_config *config, const char *server_name, const char *place,
                   fth_secure **made);

/* Goes on with the handshake without suspending: FIRTH_OK; FTH_TLS_WANT_READ: the channel below must become readable;
 * FTH_TLS_WANT_WRITE: it must move bytes; an error. */
int fth_secure_handshake(fth_secure *secure);

/* This end has had enough of a handshake that has not failed. Whether the peer is told: what says so is then in the
 * channel below, or gone. Never suspends. */
bool fth_secure_give_up(fth_secure *secure);

/* The handshake is over: the socket is the user's. */
void fth_secure_start(fth_secure *secure);

/* Gives what is encrypted to the channel below and on to the system, as far as that goes: FTH_DRAINED; FTH_DRAINING, and
 * socket.out.unsent is set; the cause, after fth_write_end. */
int fth_secure_push(fth_secure *secure);

/* Suspends until the channel below is readable. FIRTH_OK also when it has ended. */
int fth_secure_wait_readable(fth_secure *secure);

/* Ends it with the socket below, which is reset unless its alert should arrive. Never suspends. */
void fth_secure_discard(fth_secure *secure, firth_close_how how);

#endif
