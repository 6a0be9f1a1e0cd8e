/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the messages of a handshake into other records, as a peer may that sends them in pieces (RFC 8446 §5.1): what
 * follows one another in plain is one stream, cut at every so many bytes wherever a message begins. */
#ifndef FIRTH_TESTS_TLS_RECUT_H
#define FIRTH_TESTS_TLS_RECUT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct recut {
    size_t piece;   /* bytes of a record; 0: nothing is changed */
    bool is_1_2;    /* what follows a change_cipher_spec is sealed; in TLS 1.3 that record means nothing */
    bool is_sealed; /* nothing is changed any more */
} recut;

enum { RECUT_GROWTH = 6 };

/* Takes as many records of bytes as are there in full, and puts them cut into out, which has room for RECUT_GROWTH times
 * size. Returns the number of bytes in out; *taken is that of bytes taken. */
size_t recut_records(recut *this, const unsigned char *bytes, size_t size, unsigned char *out, size_t *taken);

#endif
