/* SPDX-License-Identifier: Apache-2.0 */
/* A context: what a builder says, read, parsed and checked, in the form that mbedTLS wants it. Immutable once built,
 * but for the kept sessions, which have a lock; so any number of sessions on any thread read it. */
#ifndef FTH_TLS_MBEDTLS_CONTEXT_H
#define FTH_TLS_MBEDTLS_CONTEXT_H

#include "core/tls/engine.h"
#include "core/tls/mbedtls/adapter.h"
#include <firth/port.h>

/* A certificate chain and its key. */
typedef struct fth_tls_own {
    mbedtls_x509_crt chain; /* the leaf first */
    mbedtls_pk_context key;
} fth_tls_own;

typedef struct fth_tls_kept_session fth_tls_kept_session;

/* The engine's part of core/tls/side.h: client.c and server.c. Steps of a handshake are mbedTLS's states. */
struct fth_tls_engine_side {
    int endpoint; /* MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_IS_SERVER */

    /* Puts its own part of a context together, the last one; frees it, also of a context that came to nothing before. */
    int (*build)(fth_tls_context *context, const firth_tls_builder *tls);
    void (*free)(fth_tls_context *context);

    /* A session begins. FIRTH_OK, or an error that was noted. */
    int (*open)(fth_tls_session *session, const fth_tls_opening *opening);

    /* Before a step, and after one that succeeded: FIRTH_OK, or the peer was refused. */
    void (*prepare)(fth_tls_session *session, int state, bool is_1_3);
    int (*stepped)(fth_tls_session *session);

    int (*established)(fth_tls_session *session, bool is_1_3); /* FIRTH_OK, or the peer was refused after all */
    void (*failed)(fth_tls_session *session);                  /* or was given up */
    void (*new_ticket)(fth_tls_session *session);              /* of TLS 1.3; any time */

    /* What else is wrong with the leaf of the peer's chain, in flags, or does not count there; NULL: nothing. */
    void (*check_leaf)(const fth_tls_session *session, const mbedtls_x509_crt *leaf, uint32_t *flags);
};

typedef struct fth_tls_link fth_tls_link;

struct fth_tls_context {
    mbedtls_ssl_config config; /* its user data is the context */
    const fth_tls_engine_side *side;
    firth_tls_role role;

    /* Whether the peer proves itself by a certificate at all: false for a client with nothing but a pre-shared key, which
     * therefore needs no name of its server. */
    bool wants_certificate;
    bool any_certificate;                                  /* insecure */
    bool any_name;                                         /* insecure */
    firth_tls_trust trust;                                 /* PINS: not to be trusted is no fault of a pinned leaf */
    firth_tls_client_authentication client_authentication; /* OPTIONAL: mbedTLS lets a bad certificate pass */
    firth_tls_pin *pins;
    size_t pin_count;
    char *server_name; /* the builder's, a copy; NULL: none */

    fth_tls_own *own;
    size_t own_count;

    /* Never NULL for mbedTLS, which refuses to verify without a chain: it is the empty list below for pins alone. */
    mbedtls_x509_crt
        authorities; /* of the builder; the last one's next is the first of the system's, which are shared */
    mbedtls_x509_crt *system_authorities;
    mbedtls_x509_crl revocations;

    char **alpn; /* ends with NULL */
    size_t alpn_count;
    int *suites; /* ends with 0 */

    mbedtls_ssl_ticket_context tickets;
    bool has_tickets; /* a server's */

    firth_tls_psk_fn *psk_find;
    void *psk_find_argument;
    void (*mend_alert)(mbedtls_ssl_context *ssl,
                       fth_tls_link *link); /* before it is sent; NULL: there is no psk_find */
    firth_tls_key_log_fn *key_log;
    void *key_log_argument;

    /* A client's. */
    firth_port_lock *kept_lock; /* NULL: no sessions are kept */
    fth_tls_kept_session *kept; /* the latest first */
    size_t kept_count;
    int64_t kept_lifetime_ns;
    bool offers_1_3;
};

/* What the context's callbacks know of a connection: the user data of its mbedtls_ssl_context, from attach on. */
struct fth_tls_link {
    fth_tls_context *context;
    char *server_name;       /* server: what the client asked for (SNI), or NULL; of mbedtls_calloc, detach frees it */
    bool has_found_key;      /* server: psk_find had the client's key */
    bool has_identity;       /* server: the client showed one, of a key or a ticket */
    unsigned char key_alert; /* server: the handshake ended with that, for the client's key; 0: it did not */
    bool is_held_back; /* client: TLS 1.2 was agreed on, and the server says that it has TLS 1.3 (RFC 8446 §4.1.3) */
};

/* Makes ssl, which fth_tls_set_up has prepared with context->config, a connection of the context's: its user data,
 * what is told of its keys. Cannot fail. */
void fth_tls_attach(fth_tls_context *context, mbedtls_ssl_context *ssl, fth_tls_link *link);
void fth_tls_detach(fth_tls_link *link);

/* ---- a client's kept sessions (kept.c); any thread --------------------------------------------------------------- */

/* Before a client's handshake, after mbedtls_ssl_set_hostname: resumes the session kept for that host and port, if there
 * is any. One of TLS 1.3 is used up by that (RFC 8446 §C.4). host is the name as it was compared with the certificate;
 * NULL (no name is known) offers nothing. Whatever fails, the handshake will be a full one. Returns until when that
 * session may be resumed; 0: none is offered.
 *
 * mbedTLS offers no other version than the session's then. A client that has both is held at TLS 1.2 by a session of it
 * when the server has learned TLS 1.3, and refused with one of TLS 1.3 by a server that has lost that (once: the session
 * is forgotten). */
int64_t fth_tls_kept_offer(fth_tls_context *context, mbedtls_ssl_context *ssl, const char *host, uint16_t port);

/* When a client's handshake of TLS 1.2 is over, and at each fth_tls_is_new_ticket of TLS 1.3: keeps the session in the
 * place of the one before, until then; 0: for the configuration's lifetime. Without memory nothing is kept. */
void fth_tls_kept_keep(fth_tls_context *context, const mbedtls_ssl_context *ssl, const char *host, uint16_t port,
                       int64_t until_ns);

/* After a client's handshake failed: what was offered may have been the cause. */
void fth_tls_kept_forget(fth_tls_context *context, const char *host, uint16_t port);

/* ---- the engine's slots ------------------------------------------------------------------------------------------ */

int fth_tls_context_build(const firth_tls_builder *full, fth_tls_context **context);
void fth_tls_context_free(fth_tls_context *context);

#endif
