/* SPDX-License-Identifier: Apache-2.0 */
/* What is checked of a peer's certificate beside mbedTLS's own checks, and the words for what is wrong with it. */
#ifndef FTH_TLS_MBEDTLS_VERIFY_H
#define FTH_TLS_MBEDTLS_VERIFY_H

#include "core/tls/mbedtls/session.h"

/* ---- verify.c ---------------------------------------------------------------------------------------------------- */

/* mbedTLS's verify callback, whose argument is the session: called for each certificate of the chain, the leaf (depth 0) last. */
int fth_tls_verify(void *argument, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

/* ---- names.c: the host (RFC 6125, RFC 9525) ---------------------------------------------------------------------- */

enum { FTH_TLS_HOST_SIZE = 254 }; /* of the longest host name with its NUL (RFC 1035 §2.3.4) */

/* Takes the host's name into the session: without its last dot, numeric or not. FIRTH_OK; FIRTH_ERR_ARGUMENT;
 * FIRTH_ERR_NO_MEMORY. */
int fth_tls_host_set(fth_tls_session *session, const char *name);

/* Whether the certificate is for the host: by a subject alternative name alone, never by a common name. */
bool fth_tls_is_for_host(const mbedtls_x509_crt *certificate, const fth_tls_session *session);

/* Whether a dNSName of a certificate is for a host name. A wildcard is the whole first label, stands for one label, and
 * has at least two behind it. */
bool fth_tls_name_matches(const unsigned char *pattern, size_t size, const char *host);

/* ---- words.c ----------------------------------------------------------------------------------------------------- */

/* Adds to session->words what the flags say about a certificate. Without memory there are no words. */
void fth_tls_verdict_add(fth_tls_session *session, const mbedtls_x509_crt *certificate, int depth, uint32_t flags);

/* Ends them with what mbedTLS found out after its callback. */
void fth_tls_verdict_end(fth_tls_session *session, uint32_t flags);

/* The alert that the flags stand for (RFC 8446 §6.2). */
int fth_tls_verdict_alert(uint32_t flags);

#endif
