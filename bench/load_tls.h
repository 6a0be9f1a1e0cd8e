/* SPDX-License-Identifier: Apache-2.0 */
/* The load generator's connections over TLS. It offers one suite and one group, so that every server does the same
 * arithmetic: AES-128-GCM with SHA-256, x25519. The server's certificate is not verified, its signature is. */
#ifndef BENCH_LOAD_TLS_H
#define BENCH_LOAD_TLS_H

#include <mbedtls/ssl.h>

#include "bench/load.h"

typedef struct tls_stream {
    int descriptor;
    bool drained;     /* the last receive emptied the socket, and no event came since */
    bool has_hung_up; /* its end is known to lie behind what can be received */
    bool has_ended;   /* the server's close_notify came */
    mbedtls_ssl_context tls;
    unsigned char flight[2048]; /* of a handshake: leaves in one piece, so that servers are woken once by each */
    size_t flight_size;
    unsigned char *ahead; /* received, and not yet asked for by mbedTLS */
    size_t ahead_from;
    size_t ahead_to;

    uint64_t start; /* in the content */
    uint64_t asked; /* bytes that the server is to send */
    uint64_t answered;
    int64_t begun_ns;
} tls_stream;

/* Before the first connection: the version of TLS that all have. */
void tls_configure(mbedtls_ssl_protocol_version version);
void tls_unconfigure(void);

/* Opens a connection that is watched, and handshakes with tls_handshake. */
void tls_begin(load *self, tls_stream *made, size_t number);

/* tls_begin, and the handshake with it. */
void tls_open(load *self, tls_stream *made, size_t number);

/* An event came for it. */
void tls_stir(tls_stream *of, uint32_t events);

/* False: go on at the next event. Fails the program if the server refuses. */
bool tls_handshake(tls_stream *of);

/* All of it; these modes send little enough for the socket to take it. */
void tls_send(tls_stream *to, const unsigned char *from, size_t size);

/* Receives some bytes; 0: go on at the next event. Fails the program at the end of the stream. */
size_t tls_receive(tls_stream *from, unsigned char *to, size_t size);

/* The same, waiting for exactly so many. */
void tls_receive_all(tls_stream *from, unsigned char *to, size_t size);

/* Sends the close_notify and the end. */
void tls_end(tls_stream *last);

/* True when the server's close_notify and its end have come; false: go on at the next event. Fails the program if
 * anything else comes. */
bool tls_has_ended(tls_stream *last);

/* Waits for that, and frees what the connection has. */
void tls_close(tls_stream *gone);

/* Frees it. */
void tls_free(tls_stream *gone);

#endif
