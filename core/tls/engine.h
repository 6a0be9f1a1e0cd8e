/* SPDX-License-Identifier: Apache-2.0 */
/* What core asks of a TLS library. An engine is a const table; it does no I/O of its own and never suspends: it takes
 * records from a transport and gives records to it, and says when it cannot go on. mbedTLS is the one there is
 * (core/tls/mbedtls/).
 *
 * Two objects: a context, built once from a firth_tls_builder, immutable afterwards and read by any thread; and a
 * session, one for each connection, used by its selector's thread alone. */
#ifndef FTH_TLS_ENGINE_H
#define FTH_TLS_ENGINE_H

#include <firth/tls.h>

typedef struct fth_tls_context fth_tls_context;
typedef struct fth_tls_session fth_tls_session;
typedef struct fth_tls_engine_side fth_tls_engine_side; /* what the engine has for one side alone */

/* Beside FIRTH_OK and negative codes: what must happen before an engine's call is worth repeating. */
enum { FTH_TLS_WANT_READ = 1, FTH_TLS_WANT_WRITE = 2 };

/* The session's way to its peer. Calls never suspend. */
typedef struct fth_tls_transport {
    /* Stores at least 1 of at most size bytes and returns how many; FIRTH_ERR_WOULD_BLOCK; FIRTH_EOF; an error, after
     * which nothing comes any more. */
    int64_t (*receive)(void *owner, void *bytes, size_t size);

    /* Takes at least 1 of size bytes and returns how many; FIRTH_ERR_WOULD_BLOCK; an error, for good. */
    int64_t (*send)(void *owner, const void *bytes, size_t size);
} fth_tls_transport;

/* What a session begins with. Everything but owner and transport is only read during open. */
typedef struct fth_tls_opening {
    const fth_tls_transport *transport;
    void *owner;             /* for the transport */
    const char *server_name; /* client: what to send and to compare; NULL: the builder's, or else host. Server: NULL */
    const char *host;        /* client: that was connected to; NULL: not known */
    uint16_t port;           /* client: of the peer, with the name the key of kept sessions; 0: not known */
} fth_tls_opening;

typedef struct fth_tls_engine {
    size_t session_bytes; /* zeroed memory that open wants for a session, aligned for any type */

    /* Builds a context from a builder that was read in full and whose plain fields were checked. FIRTH_OK; as
     * firth_tls_build. Any thread; blocks. */
    int (*context_build)(const firth_tls_builder *full, fth_tls_context **context);

    /* Frees a context that no session uses, and wipes its keys. Any thread. */
    void (*context_free)(fth_tls_context *context);

    /* Makes a session; the context outlives it. FIRTH_OK; FIRTH_ERR_TLS_NO_NAME; FIRTH_ERR_NO_MEMORY;
     * FIRTH_ERR_ARGUMENT for a name that cannot be one. After a failure there is nothing to close. */
    int (*open)(fth_tls_session *session, fth_tls_context *context, const fth_tls_opening *opening);

    /* Goes on with the handshake: FIRTH_OK when it is over and everything of it was given to the transport;
     * FTH_TLS_WANT_READ; FTH_TLS_WANT_WRITE; an error, with firth_fail noted (code, alert or engine's code, step and
     * detail), after the alert that the cause stands for was given to the transport as far as that took it. Sticky. */
    int (*handshake)(fth_tls_session *session);

    /* Gives up a handshake that has not failed: user_canceled and close_notify (RFC 8446 §6.1, RFC 5246 §7.2.2) are given
     * to the transport, sealed where the handshake is. FIRTH_OK when it took them; FTH_TLS_WANT_WRITE, when it has not
     * taken all of a flight before them, or an error: the peer is not told. The session is only to be closed then. */
    int (*cancel)(fth_tls_session *session);

    /* Stores at least 1 of at most size decrypted bytes and returns how many; FIRTH_ERR_WOULD_BLOCK: wait until the
     * transport has bytes; FIRTH_EOF after the peer's close_notify, FIRTH_ERR_TLS_TRUNCATED without it; an error with
     * firth_fail noted, after its alert. The end is sticky. */
    int64_t (*read)(fth_tls_session *session, void *bytes, size_t size);

    /* Decrypted bytes that read delivers at once, without the transport. */
    size_t (*readable)(const fth_tls_session *session);

    /* Encrypts at least 1 of size bytes, at most a record, and returns how many: the session has them, though the
     * transport may not have taken all of the record yet. FIRTH_ERR_WOULD_BLOCK: a record before is not gone yet,
     * nothing was taken. An error with firth_fail noted: sticky. size > 0. */
    int64_t (*write)(fth_tls_session *session, const void *bytes, size_t size);

    /* After the handshake: bytes that one record holds at most. */
    size_t (*record_bytes)(const fth_tls_session *session);

    /* Gives the transport what is left of the last record. FIRTH_OK when that is nothing; FTH_TLS_WANT_WRITE; an error. */
    int (*flush)(fth_tls_session *session);

    /* Gives the transport a close_notify, once. FIRTH_OK; FTH_TLS_WANT_WRITE; an error. */
    int (*end)(fth_tls_session *session);

    /* Frees what the session has; its memory is the caller's. Nothing is sent. */
    void (*close)(fth_tls_session *session);
} fth_tls_engine;

/* What an engine tells of itself and of a session: a table of its own, which is not linked into a program that never asks. */
typedef struct fth_tls_engine_facts {
    /* "mbedTLS 3.6.7"; static storage. */
    const char *(*name)(void);

    /* After the handshake; the texts live as long as the session. */
    void (*info)(const fth_tls_session *session, firth_tls_info *info);
    int (*peer_certificate)(fth_tls_session *session, const firth_tls_certificate **certificate);
} fth_tls_engine_facts;

extern const fth_tls_engine fth_tls_mbedtls;
extern const fth_tls_engine_facts fth_tls_mbedtls_facts;
extern const fth_tls_engine_side fth_tls_mbedtls_client;
extern const fth_tls_engine_side fth_tls_mbedtls_server;

#endif
