/* SPDX-License-Identifier: Apache-2.0 */
/* What only a server does: it chooses its certificate, issues tickets, finds pre-shared keys and judges its clients. */
#include "core/base/words.h"
#include "core/tls/left_out.h"
#include "core/tls/mbedtls/failures.h"
#include "core/tls/mbedtls/parts.h"
#include "core/tls/mbedtls/private.h"
#include "core/tls/mbedtls/session.h"
#include <firth/backend.h>

/* A ticket of TLS 1.3 does not hold the client's certificate in mbedTLS: a server that asks for one would resume without
 * knowing whom with, so it issues none. Those of TLS 1.2 do hold it. */
static int build_tickets(fth_tls_context *context, const firth_tls_builder *tls)
{
    int error;

    if (!FTH_TLS_HAS_SESSION_TICKETS || !tls->session_tickets)
        return FIRTH_OK;
    mbedtls_ssl_ticket_init(&context->tickets);
    context->has_tickets = true;
    error = fth_tls_ticket_setup(&context->tickets, (unsigned)tls->ticket_lifetime_s);
    if (error != 0)
        return fth_tls_context_fail(error, FTH_OPTION("session_tickets"), FTH_WORDS("no keys for tickets"));
    mbedtls_ssl_conf_session_tickets_cb(&context->config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse,
                                        &context->tickets);
    mbedtls_ssl_conf_new_session_tickets(&context->config, tls->client_authentication == FIRTH_TLS_CLIENT_NONE ? 1 : 0);
    return FIRTH_OK;
}

static int build(fth_tls_context *context, const firth_tls_builder *tls)
{
    int rc = FIRTH_OK;

    if (tls->identity_count == 0 && tls->psk_find == NULL)
        return firth_fail_in_words(FIRTH_ERR_TLS_CONFIG, 0, FTH_OPTION("identities"),
                                   "a server needs a certificate or pre-shared keys");
    mbedtls_ssl_conf_cert_cb(&context->config, fth_tls_choose);
    if (FTH_TLS_HAS_PSK)
        rc = fth_tls_psk_build_server(context, tls);
    return rc < 0 ? rc : build_tickets(context, tls);
}

static void release(fth_tls_context *context)
{
    if (FTH_TLS_HAS_SESSION_TICKETS && context->has_tickets)
        mbedtls_ssl_ticket_free(&context->tickets);
}

static int begin(fth_tls_session *session, const fth_tls_opening *opening)
{
    (void)session, (void)opening;
    return FIRTH_OK;
}

/* ---- the handshake ----------------------------------------------------------------------------------------------- */

static bool requires_certificate(const fth_tls_session *session)
{
    return session->link.context->client_authentication == FIRTH_TLS_CLIENT_REQUIRED;
}

/* A server of TLS 1.3 answers a client without a certificate with certificate_required (RFC 8446 §4.4.2.4); mbedTLS's, that
 * requires one, with the no_certificate of SSL 3.0. So it is told, for that message alone, that none is required. */
static void judge_certificate(fth_tls_session *session)
{
    session->is_judge = true;
    mbedtls_ssl_set_hs_authmode(&session->ssl, MBEDTLS_SSL_VERIFY_OPTIONAL);
}

static void prepare(fth_tls_session *session, int state, bool is_1_3)
{
    if (!is_1_3)
        return;
    switch (state) {
    case MBEDTLS_SSL_HELLO_RETRY_REQUEST:
        session->has_asked_again = !FTH_TLS_MINDS_A_DOWNGRADE;
        break;
    case MBEDTLS_SSL_CLIENT_CERTIFICATE:
        if (requires_certificate(session))
            judge_certificate(session);
        fth_tls_use_application_keys(&session->ssl);
        break;
    case MBEDTLS_SSL_CLIENT_CERTIFICATE_VERIFY:
    case MBEDTLS_SSL_CLIENT_FINISHED:
        fth_tls_use_application_keys(&session->ssl);
        break;
    default:
        break;
    }
}

/* With FIRTH_TLS_CLIENT_OPTIONAL mbedTLS lets a client's certificate pass whatever is wrong with it; where the session is
 * the judge, the lack of one too. */
static bool is_refused(const fth_tls_session *session)
{
    return ((session->has_verified && session->link.context->client_authentication == FIRTH_TLS_CLIENT_OPTIONAL) ||
            session->is_judge) &&
           mbedtls_ssl_get_verify_result(&session->ssl) != 0;
}

/* Who was asked for another ClientHello has TLS 1.3, and cannot have lost it since. Before 3.6.6 mbedTLS takes that for a
 * hello of TLS 1.2, and of one with a ticket of TLS 1.3 it resumes a session whose secret is all zeros. */
static bool is_downgraded(const fth_tls_session *session)
{
    return !FTH_TLS_MINDS_A_DOWNGRADE && session->has_asked_again &&
           mbedtls_ssl_get_version_number(&session->ssl) != MBEDTLS_SSL_VERSION_TLS1_3;
}

static int stepped(fth_tls_session *session)
{
    uint32_t flags;

    if (is_downgraded(session))
        return fth_tls_session_fail(session, MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER);
    if (!is_refused(session))
        return FIRTH_OK;
    flags = mbedtls_ssl_get_verify_result(&session->ssl);
    return flags == MBEDTLS_X509_BADCERT_MISSING
               ? fth_tls_session_fail(session, MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE)
               : fth_tls_fail_certificate(session, flags, MBEDTLS_ERR_X509_CERT_VERIFY_FAILED);
}

/* However the handshake came about, no client gets past a server that requires certificates with none, or with one that is
 * not good. A session that is resumed has that of the first handshake. A pre-shared key stands for one (firth/tls.h): in
 * TLS 1.3 it was used if the server had to show no certificate, in TLS 1.2 if it was asked for at all. */
static int established(fth_tls_session *session, bool is_1_3)
{
    const bool is_by_key = FTH_TLS_HAS_PSK && session->link.has_found_key && !(is_1_3 && session->has_certificate_step);

    if (!requires_certificate(session) || is_by_key)
        return FIRTH_OK;
    return mbedtls_ssl_get_peer_cert(&session->ssl) != NULL && mbedtls_ssl_get_verify_result(&session->ssl) == 0
               ? FIRTH_OK
               : fth_tls_session_fail(session, MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE);
}

/* Keeps nothing that could be forgotten, and gets no tickets. */
static void nothing(fth_tls_session *session)
{
    (void)session;
}

const fth_tls_engine_side fth_tls_mbedtls_server = {
    .endpoint = MBEDTLS_SSL_IS_SERVER,
    .build = build,
    .free = release,
    .open = begin,
    .prepare = prepare,
    .stepped = stepped,
    .established = established,
    .failed = nothing,
    .new_ticket = nothing,
};
