/* SPDX-License-Identifier: Apache-2.0 */
/* What handshakes are to come to; in cmocka tests. */
#ifndef FIRTH_TESTS_TLS_EXPECT_H
#define FIRTH_TESTS_TLS_EXPECT_H

#include "tests/tls/pki.h"
#include "tests/tls/wire.h"

/* part is somewhere in text. */
void expect_text(const char *text, const char *part);

/* The client refuses the server's certificate for that reason, and the server is told by that alert. */
void expect_refused(wire_pair *pair, const char *host, const char *why, const char *alert);

/* Both agree. */
void expect_accepted(wire_pair *pair, const char *host);

/* A pair that agrees on that version, with the keys' elliptic curve. */
wire_pair *expect_agreed(const pki *keys, firth_tls_version version);

#endif
