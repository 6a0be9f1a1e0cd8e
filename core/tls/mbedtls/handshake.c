/* SPDX-License-Identifier: Apache-2.0 */
/* The handshake, a state of mbedTLS's at a time, so that each failure is known to be of one message. */
#include "core/tls/mbedtls/failures.h"
#include "core/tls/mbedtls/private.h"
#include "core/tls/mbedtls/session.h"
#include <firth/backend.h>

static const char step_name[] = "handshake";

static const fth_tls_engine_side *side_of(const fth_tls_session *session)
{
    return session->link.context->side;
}

static bool is_1_3(const fth_tls_session *session)
{
    return mbedtls_ssl_get_version_number(&session->ssl) == MBEDTLS_SSL_VERSION_TLS1_3;
}

int fth_tls_session_fail(fth_tls_session *session, int error)
{
    int code = fth_tls_fail(session, error, step_name);

    side_of(session)->failed(session);
    return code;
}

static int established(fth_tls_session *session)
{
    const int rc = side_of(session)->established(session, is_1_3(session));

    session->is_established = rc == FIRTH_OK;
    return rc;
}

/* What a step came to: FIRTH_OK to take the next. */
static int stepped(fth_tls_session *session, int result)
{
    if (result == 0 && is_1_3(session))
        result = fth_tls_pieces_end(session);
    if (result == 0)
        return side_of(session)->stepped(session);
    if (fth_tls_is_new_ticket(result)) {
        side_of(session)->new_ticket(session);
        return FIRTH_OK;
    }
    if (result == MBEDTLS_ERR_SSL_WANT_READ && !session->is_starved)
        return ++session->idle_steps < FTH_TLS_MOST_IDLE_CALLS
                   ? FIRTH_OK
                   : fth_tls_session_fail(session, MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE);
    if (result == MBEDTLS_ERR_SSL_WANT_READ)
        return FTH_TLS_WANT_READ;
    if (result == MBEDTLS_ERR_SSL_WANT_WRITE)
        return FTH_TLS_WANT_WRITE;
    return fth_tls_session_fail(session, result);
}

static void prepare_step(fth_tls_session *session)
{
    const int state = fth_tls_state(&session->ssl);

    if (state == MBEDTLS_SSL_SERVER_CERTIFICATE)
        session->has_certificate_step = true;
    side_of(session)->prepare(session, state, is_1_3(session));
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
    return result == 0 ? FIRTH_OK : fth_tls_session_fail(session, result);
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
        side_of(session)->failed(session);
    if (fth_tls_unsent(&session->ssl) != 0)
        return FTH_TLS_WANT_WRITE;
    fth_tls_call_begins(session);
    if (!session->is_established)
        result = warn(session, MBEDTLS_SSL_ALERT_MSG_USER_CANCELED);
    return result == FIRTH_OK ? warn(session, MBEDTLS_SSL_ALERT_MSG_CLOSE_NOTIFY) : result;
}
