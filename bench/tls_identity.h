/* SPDX-License-Identifier: Apache-2.0 */
/* What a TLS server shows: a P-256 key and the certificate that it signed itself, made anew each time, so that there is no
 * key among the sources. */
#ifndef BENCH_TLS_IDENTITY_H
#define BENCH_TLS_IDENTITY_H

#include <stdbool.h>

enum { TLS_IDENTITY_PEM_BYTES = 2048 };

typedef struct tls_identity {
    char certificate[TLS_IDENTITY_PEM_BYTES]; /* PEM, NUL at the end */
    char key[TLS_IDENTITY_PEM_BYTES];
} tls_identity;

/* False if mbedTLS would not. */
bool tls_identity_make(tls_identity *made);

#endif
