/* SPDX-License-Identifier: Apache-2.0 */
/* The handshake, a state of mbedTLS's at a time, so that each failure is known to be of one message. */
#include "core/tls/mbedtls/failures.h"
#include "core/tls/mbedtls/private.h"
#include "core/tls/mbedtls/session.h"
#include <firth/backend.h>

static const char step_name[] = "handshake";

static bool is_client(const fth_tls_session *session)
{
    return session->link.context->role == FIRTH_TLS_CLIENT;
}

static bool is_1_3(const fth_tls_session *session)
{
    return mbedtls_ssl_get_version_number(&session->ssl) == MBEDTLS_SSL_VERSION_TLS1_3;
}

static void keep(fth_tls_session *session, int64_t until_ns)
{
    if (is_client(session))
        fth_tls_kept_keep(session->link.context, &session->ssl, session->host, session->port, until_ns);
}

static void forget(fth_tls_session *session)
{
    if (session->offered_until_ns != 0)
        fth_tls_kept_forget(session->link.context, session->host, session->port);
}

/* A client that has TLS 1.3 has offered it unless it offered a session of TLS 1.2. That session must not keep it from
 * TLS 1.3 for ever: it goes when the server says that it has that, or resumes nothing, as one does that was replaced; and
 * it lasts no longer by being resumed. Tests: a_session_of_tls_1_2_…. */
static void keep_1_2(fth_tls_session *session)
{
    const bool has_withheld = session->link.context->offers_1_3 && session->offered_until_ns != 0;

    if (has_withheld && (session->link.is_held_back || session->has_certificate_step))
        forget(session);
    else
        keep(session, has_withheld ? session->offered_until_ns : 0);
}

static int fail(fth_tls_session *session, int error)
{
    int code = fth_tls_fail(session, error, step_name);

    forget(session);
    return code;
}

static bool requires_certificate(const fth_tls_session *session)
{
    return !is_client(session) && session->link.context->client_authentication == FIRTH_TLS_CLIENT_REQUIRED;
}

/* With FIRTH_TLS_CLIENT_OPTIONAL mbedTLS lets a client's certificate pass whatever is wrong with it; where the session is
 * the judge, the lack of one too. */
static bool is_refused(const fth_tls_session *session)
{
    return ((session->has_verified && session->link.context->client_authentication == FIRTH_TLS_CLIENT_OPTIONAL) ||
            session->is_judge) &&
           mbedtls_ssl_get_verify_result(&session->ssl) != 0;
}

static int refuse(fth_tls_session *session)
{
    const uint32_t flags = mbedtls_ssl_get_verify_result(&session->ssl);

    return flags == MBEDTLS_X509_BADCERT_MISSING
               ? fail(session, MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE)
               : fth_tls_fail_certificate(session, flags, MBEDTLS_ERR_X509_CERT_VERIFY_FAILED);
}

/* However the handshake came about, no client gets past a server that requires certificates with none, or with one that is
 * not good. A session that is resumed has that of the first handshake. A pre-shared key stands for one (firth/tls.h): in
 * TLS 1.3 it was used if the server had to show no certificate, in TLS 1.2 if it was asked for at all. */
static bool is_unknown_client(const fth_tls_session *session)
{
    const bool is_by_key = session->link.has_found_key && !(is_1_3(session) && session->has_certificate_step);

    if (!requires_certificate(session) || is_by_key)
        return false;
    return mbedtls_ssl_get_peer_cert(&session->ssl) == NULL || mbedtls_ssl_get_verify_result(&session->ssl) != 0;
}

static int established(fth_tls_session *session)
{
    if (is_unknown_client(session))
        return fail(session, MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE);
    session->is_established = true;
    if (!is_1_3(session))
        keep_1_2(session);
    return FIRTH_OK;
}

/* What a step came to: FIRTH_OK to take the next. */
static int stepped(fth_tls_session *session, int result)
{
    if (result == 0 && is_1_3(session))
        result = fth_tls_pieces_end(session);
    if (result == 0 && is_refused(session))
        return refuse(session);
    if (result == 0)
        return FIRTH_OK;
    if (fth_tls_is_new_ticket(result)) {
        keep(session, 0);
        return FIRTH_OK;
    }
    if (result == MBEDTLS_ERR_SSL_WANT_READ && !session->is_starved)
        return ++session->idle_steps < FTH_TLS_MOST_IDLE_CALLS ? FIRTH_OK
                                                               : fail(session, MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE);
    if (result == MBEDTLS_ERR_SSL_WANT_READ)
        return FTH_TLS_WANT_READ;
    if (result == MBEDTLS_ERR_SSL_WANT_WRITE)
        return FTH_TLS_WANT_WRITE;
    return fail(session, result);
}

/* A server of TLS 1.3 answers a client without a certificate with certificate_required (RFC 8446 §4.4.2.4); mbedTLS's, that
 * requires one, with the no_certificate of SSL 3.0. So it is told, for that message alone, that none is required. */
static void judge_certificate(fth_tls_session *session)
{
    session->is_judge = true;
    mbedtls_ssl_set_hs_authmode(&session->ssl, MBEDTLS_SSL_VERIFY_OPTIONAL);
}

static void prepare_step(fth_tls_session *session)
{
    const int state = fth_tls_state(&session->ssl);

    if (state == MBEDTLS_SSL_CLIENT_CERTIFICATE && requires_certificate(session) && is_1_3(session))
        judge_certificate(session);
    switch (state) {
    case MBEDTLS_SSL_SERVER_CERTIFICATE:
        session->has_certificate_step = true;
        break;
    case MBEDTLS_SSL_CLIENT_CERTIFICATE:
    case MBEDTLS_SSL_CLIENT_CERTIFICATE_VERIFY:
    case MBEDTLS_SSL_CLIENT_FINISHED:
        if (!is_client(session) && is_1_3(session))
            fth_tls_use_application_keys(&session->ssl);
        break;
    default:
        break;
    }
    if (is_client(session) && is_1_3(session))
        fth_tls_prepare_alerts(&session->ssl);
    fth_tls_call_begins(session);
}

int fth_tls_session_handshake(fth_tls_session *session)
{
    if (session->failure.code != FIRTH_OK)
        return fth_tls_failed(session);
    if (session->is_established)
        return FIRTH_OK;
    while (fth_tls_state(&session->ssl) != MBEDTLS_SSL_HANDSHAKE_OVER) {
        int result;

        prepare_step(session);
        result = stepped(session, mbedtls_ssl_handshake_step(&session->ssl));
        if (result != FIRTH_OK)
            return result;
    }
    return established(session);
}

static int warn(fth_tls_session *session, unsigned char alert)
{
    int result = mbedtls_ssl_send_alert_message(&session->ssl, MBEDTLS_SSL_ALERT_LEVEL_WARNING, alert);

    if (result == MBEDTLS_ERR_SSL_WANT_WRITE)
        return FTH_TLS_WANT_WRITE;
    return result == 0 ? FIRTH_OK : fail(session, result);
}

/* While something of a flight is left, mbedTLS is between two sets of keys for all one knows. When it waits for the peer's
 * next message, the keys are those that prepare_step saw to. */
int fth_tls_session_cancel(fth_tls_session *session)
{
    int result = FIRTH_OK;

    if (session->failure.code != FIRTH_OK)
        return fth_tls_failed(session);
    /* Who is silent may be so because of the session that was offered. */
    if (!session->is_established)
        forget(session);
    if (fth_tls_unsent(&session->ssl) != 0)
        return FTH_TLS_WANT_WRITE;
    fth_tls_call_begins(session);
    if (!session->is_established)
        result = warn(session, MBEDTLS_SSL_ALERT_MSG_USER_CANCELED);
    return result == FIRTH_OK ? warn(session, MBEDTLS_SSL_ALERT_MSG_CLOSE_NOTIFY) : result;
}
