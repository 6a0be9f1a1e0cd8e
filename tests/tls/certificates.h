/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and revocation lists for the tests, made with mbedTLS when they are needed: no tool, no file, no date that
 * passes one day. */
#ifndef FIRTH_TESTS_TLS_CERTIFICATES_H
#define FIRTH_TESTS_TLS_CERTIFICATES_H

#include "core/tls/mbedtls/adapter.h"
#include <firth/tls.h>

/* The last two are not for use: a curve that TLS 1.3 does not have, and an RSA key that is too short. */
typedef enum certificate_key { KEY_P256, KEY_P384, KEY_P521, KEY_RSA, KEY_BRAINPOOL, KEY_RSA_1024 } certificate_key;

typedef struct certificate certificate;

/* What a certificate is to be. What is left 0 has the default that is said. */
typedef struct certificate_wish {
    const char *subject;       /* "CN=Test" */
    const char *names;         /* "DNS:a.example,IP:192.0.2.1,IP:2001:db8::1,URI:x:y"; NULL: no such extension */
    certificate_key key;       /* those of RSA are the same each time, made in advance */
    const certificate *issuer; /* NULL: signed by itself */
    const char *not_before;    /* "20200101000000"; the year 2020 */
    const char *not_after;     /* the year 2090 */
    const char *purpose;       /* extended key usage: "server", "client", "both"; NULL: no such extension */
    bool is_authority;
    unsigned char serial;
} certificate_wish;

struct certificate {
    certificate_wish wish;
    mbedtls_pk_context key;
    unsigned char der[2048], key_der[2048];
    size_t der_size, key_der_size;
};

/* Makes one; free it with certificate_free. Fails the cmocka test, or the program outside one, if it cannot. */
certificate *certificate_make(const certificate_wish *wish);
void certificate_free(certificate *made);

/* Certificates one behind the other in PEM, as files have them, with a NUL; size counts it not. */
size_t certificate_pem(char *pem, size_t capacity, const certificate *const *chain, size_t count);
size_t certificate_key_pem(char *pem, size_t capacity, const certificate *of);

/* A revocation list of an authority's, DER, valid from 2020 to not_after (NULL: 2090). */
size_t certificate_revoke(unsigned char *der, size_t capacity, const certificate *authority,
                          const unsigned char *serials, size_t count, const char *not_after);

/* The certificate alone and its key, as a builder wants them; they point into made. */
firth_tls_data certificate_data(const certificate *made);
firth_tls_identity certificate_identity(const certificate *made);

/* The pin of it, or of its key. */
firth_tls_pin certificate_pin(const certificate *made, bool is_public_key);

#endif
