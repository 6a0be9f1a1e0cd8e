/* SPDX-License-Identifier: Apache-2.0 */
/* Texts made of what a certificate has in it. All of that is the peer's: no byte of it goes out that could confuse a
 * terminal or a log. */
#ifndef FTH_TLS_MBEDTLS_TEXTS_H
#define FTH_TLS_MBEDTLS_TEXTS_H

#include "core/tls/mbedtls/adapter.h"
#include <firth/export.h>

/* A text that grows up to a limit; what is beyond it is cut off. */
typedef struct fth_tls_text {
    char *start;
    size_t size; /* with the NUL */
    size_t used;
} fth_tls_text;

void fth_tls_text_add(fth_tls_text *text, const char *format, ...) FIRTH_PRINTF(2, 3);

/* A distinguished name (RFC 4514), "CN=example.org, O=Example"; "(empty)" for one without parts. */
void fth_tls_text_add_name(fth_tls_text *text, const mbedtls_x509_name *name);

/* A subject alternative name, "DNS:example.org", behind a separator. False, and nothing added, for a kind that is not
 * told. */
bool fth_tls_text_add_alternative(fth_tls_text *text, const char *separator, const mbedtls_x509_buf *name);

#endif
