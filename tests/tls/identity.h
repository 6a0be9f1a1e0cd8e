/* SPDX-License-Identifier: Apache-2.0 */
/* Servers of one identity, which are built or not; in cmocka tests. */
#ifndef FIRTH_TESTS_TLS_IDENTITY_H
#define FIRTH_TESTS_TLS_IDENTITY_H

#include "tests/tls/certificates.h"

firth_tls_identity identity_of(firth_tls_data one, firth_tls_data key, const char *password);

/* The builder points to the identity. */
firth_tls_builder identity_server(const firth_tls_identity *identity);

firth_tls_data identity_text(const char *text);

/* What a block of PEM is in DER; returns its bytes. */
size_t identity_decode(unsigned char *der, size_t capacity, const char *pem);

/* That it can be built with; that it cannot, as a fault of the option identities with both texts in the detail. */
void identity_built(firth_tls_data one, firth_tls_data key, const char *password);
void identity_refused(firth_tls_data one, firth_tls_data key, const char *password, const char *text,
                      const char *other);

#endif
