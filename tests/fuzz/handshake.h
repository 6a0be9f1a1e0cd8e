/* SPDX-License-Identifier: Apache-2.0 */
/* A session of the engine whose peer is the fuzzer's: what all handshake targets share.
 *
 * An input is a byte that says what kind of session it is, and then either what the peer sends, byte for byte, or edits of
 * what an honest peer sends: offset (2 bytes, big-endian), what to do, and with which value. */
#ifndef FIRTH_TESTS_FUZZ_HANDSHAKE_H
#define FIRTH_TESTS_FUZZ_HANDSHAKE_H

#include <firth/tls.h>

enum {
    FUZZ_EDITED = 1,             /* edits of an honest peer's bytes; else they are the peer's bytes */
    FUZZ_TLS_1_2 = 2,            /* that alone */
    FUZZ_TLS_1_3 = 4,            /* that alone; with both, any */
    FUZZ_CLIENT_CERTIFICATE = 8, /* the server wants one, the client has one */
    FUZZ_RSA = 16,               /* the server's key */
    FUZZ_PIECES = 32,            /* bytes come one by one */
    FUZZ_ANY_CERTIFICATE = 64,   /* the client verifies nothing */
    FUZZ_KINDS = 128,
};

enum { FUZZ_STREAM_BYTES = 64 * 1024, FUZZ_EDIT_BYTES = 4, FUZZ_EDITS_MAX = 16 };

/* One direction, before the edits. */
typedef struct fuzz_stream {
    unsigned char bytes[FUZZ_STREAM_BYTES];
    size_t written, read;
} fuzz_stream;

/* Plays one input against a session of that role. Ends the program when a rule of the engine's is broken. */
void fuzz_handshake(firth_tls_role target, const uint8_t *input, size_t size);

/* An honest handshake of that kind and some data both ways: what the client sent and what the server sent. */
void fuzz_record(unsigned kind, fuzz_stream *of_client, fuzz_stream *of_server);

#endif
