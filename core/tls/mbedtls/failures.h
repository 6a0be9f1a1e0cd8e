/* SPDX-License-Identifier: Apache-2.0 */
/* From mbedTLS's errors to Firth's: code, alert and words. A session that failed stays failed, and nothing of mbedTLS's
 * is called for it any more but to free it. */
#ifndef FTH_TLS_MBEDTLS_FAILURES_H
#define FTH_TLS_MBEDTLS_FAILURES_H

#include "core/tls/mbedtls/session.h"

/* Fails the session with what mbedTLS's error stands for, after its alert if mbedTLS sent none; or with what the
 * transport failed with. step is what was being done, of static storage. Returns the code. */
FIRTH_COLD int fth_tls_fail(fth_tls_session *session, int error, const char *step);

/* Fails it because the peer's certificate is not accepted: mbedTLS's flags say why, session->words in words. */
FIRTH_COLD int fth_tls_fail_certificate(fth_tls_session *session, uint32_t flags, int error);

/* What the session failed with, noted again. */
FIRTH_COLD int fth_tls_failed(const fth_tls_session *session);

#endif
