/* SPDX-License-Identifier: Apache-2.0 */
/* A session: one connection's state above mbedTLS's. mbedTLS answers some questions ambiguously and forgets others; what
 * it does not keep is kept here. */
#ifndef FTH_TLS_MBEDTLS_SESSION_H
#define FTH_TLS_MBEDTLS_SESSION_H

#include "core/tls/left_out.h"
#include "core/tls/mbedtls/context.h"

enum { FTH_TLS_WORDS_SIZE = 256 };

/* What was said about certificates that are not accepted; the second half is for putting a sentence together. */
typedef struct fth_tls_words {
    char text[FTH_TLS_WORDS_SIZE];
    char sentence[FTH_TLS_WORDS_SIZE];
} fth_tls_words;

/* A peer's certificate, read. */
typedef struct fth_tls_peer {
    firth_tls_certificate certificate;
    const char *names[]; /* and the texts behind them */
} fth_tls_peer;

/* How the peer's records are cut anew (pieces.c). */
typedef struct fth_tls_pieces {
    unsigned char theirs[5]; /* the header of the peer's record */
    unsigned char ours[9]; /* the header of the record for mbedTLS and, behind it, that of the message it begins with */
    uint8_t theirs_came, message_came; /* bytes of the two headers that came; of a message's, all until it ends */
    uint8_t ours_size, ours_given;
    uint16_t left;         /* bytes of the peer's record that did not come yet */
    uint16_t passing;      /* bytes of our record that did not come yet, in this one of the peer or in later ones */
    uint32_t message_left; /* bytes of the message that no record of ours has yet */
    bool is_over;          /* records are sealed now, and pass as they are */
    const char *fault;     /* what is wrong with the peer's pieces, or NULL */
} fth_tls_pieces;

struct fth_tls_session {
    mbedtls_ssl_context ssl;
    fth_tls_link link;
    const fth_tls_transport *transport;
    void *owner;

    /* A client's server. */
    char *host;                /* without a dot at its end; NULL: not known */
    firth_address host_number; /* what host is, when it is numeric; else its family is FIRTH_FAMILY_NONE */
    uint16_t port;

    /* The transport. */
    bool is_starved;     /* receive had nothing, in the engine's call that runs */
    bool has_begun_send; /* a record was begun since the last byte came, in the call of mbedTLS that runs */
    bool has_transport_ended;
    size_t carried_bytes; /* of records that were begun before that call */
    size_t most_received; /* bytes that the call may still take */
    int receive_error;    /* the transport's, or 0 */
    int send_error;
    fth_tls_pieces pieces;

    /* The end of a record that had to make room for a read, which must not wait for a peer that takes nothing. */
    unsigned char *aside; /* NULL: there is none */
    size_t aside_bytes;
    size_t aside_sent;
    bool sets_aside; /* what the transport does not take now is put there */

    /* The handshake. */
    bool is_established;
    int idle_steps;            /* that came to nothing, though the transport had bytes */
    int64_t offered_until_ns;  /* client: of the kept session that was offered; 0: none was */
    bool has_certificate_step; /* the handshake came to where the server's certificate belongs */
    bool has_asked_again;      /* server of TLS 1.3: for another ClientHello; kept where mbedTLS does not mind */
    bool has_verified;         /* a certificate of the peer's was looked at */
    bool is_judge;             /* server: mbedTLS lets any certificate pass, and none, to have it refused here */

    bool has_ended; /* close_notify was given to mbedTLS */
    int read_end;   /* FIRTH_EOF, FIRTH_ERR_TLS_TRUNCATED or the transport's error, once it was read */

    /* What the session failed with, for good; code 0: it did not. */
    firth_failure failure;
    fth_tls_words *words; /* NULL until there are any */
    fth_tls_peer *peer;   /* NULL until it is asked for */
};

/* ---- transport.c, pieces.c: mbedTLS's callbacks, owned by a session ---------------------------------------------- */

/* The peer's bytes; the same in records whose pieces of handshake messages mbedTLS can put together. */
int fth_tls_transport_receive(void *owner, unsigned char *bytes, size_t size);
int fth_tls_pieces_receive(void *owner, unsigned char *bytes, size_t size);

/* In TLS 1.3 nothing is in plain but hellos, and each is alone in its records (RFC 8446 §5.1): 0 if that is so after a step
 * of the handshake, or an error of mbedTLS's, which does not see where the peer's records ended. */
int fth_tls_pieces_end(fth_tls_session *session);

int fth_tls_transport_send(void *owner, const unsigned char *bytes, size_t size);

/* A call that wants to read though the transport had bytes has read nothing that matters. mbedTLS passes over warnings
 * for as long as there are any, so it gets no more at once than the longest record; this often, and the peer only keeps
 * the thread busy. A ticket is something that matters, as often as a client may ask for one (RFC 9149 §3). */
enum { FTH_TLS_MOST_IDLE_CALLS = 16, FTH_TLS_MOST_RECEIVED = 20480, FTH_TLS_MOST_TICKETS = 255 };

/* Before a call of mbedTLS's that may use them. */
void fth_tls_call_begins(fth_tls_session *session);

/* Gives the transport what was put aside. FIRTH_OK when nothing is left of it; else as the transport's send. */
int fth_tls_send_aside(fth_tls_session *session);

/* ---- handshake.c, records.c: the engine's slots ------------------------------------------------------------------ */

/* A handshake comes to nothing by an error of mbedTLS's. Returns the code, which was noted. */
int fth_tls_session_fail(fth_tls_session *session, int error);

int fth_tls_session_handshake(fth_tls_session *session);
int fth_tls_session_cancel(fth_tls_session *session);
int64_t fth_tls_session_read(fth_tls_session *session, void *bytes, size_t size);
size_t fth_tls_session_readable(const fth_tls_session *session);
int64_t fth_tls_session_write(fth_tls_session *session, const void *bytes, size_t size);
size_t fth_tls_session_record_bytes(const fth_tls_session *session);
int fth_tls_session_flush(fth_tls_session *session);
int fth_tls_session_end(fth_tls_session *session);

/* ---- info.c, certificate.c --------------------------------------------------------------------------------------- */

void fth_tls_session_info(const fth_tls_session *session, firth_tls_info *info);
int fth_tls_session_peer_certificate(fth_tls_session *session, const firth_tls_certificate **certificate);

#endif
