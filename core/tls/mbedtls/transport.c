/* SPDX-License-Identifier: Apache-2.0 */
/* mbedTLS's way to the transport, and what is learned on it. */
#include "core/base/assert.h"
#include "core/tls/mbedtls/private.h"
#include "core/tls/mbedtls/session.h"
#include <limits.h>
#include <string.h>

/* An error ends the stream for mbedTLS; which of the two it was is remembered beside it. */
static int ended(fth_tls_session *session, int64_t error)
{
    if (error == FIRTH_EOF)
        session->has_transport_ended = true;
    else
        session->receive_error = (int)error;
    return MBEDTLS_ERR_SSL_CONN_EOF;
}

int fth_tls_transport_receive(void *owner, unsigned char *bytes, size_t size)
{
    fth_tls_session *session = owner;
    int64_t got;

    FTH_ASSERT(size > 0 && size <= INT_MAX);
    if (session->has_transport_ended || session->receive_error != FIRTH_OK)
        return MBEDTLS_ERR_SSL_CONN_EOF;
    if (session->most_received == 0)
        return MBEDTLS_ERR_SSL_WANT_READ;
    if (size > session->most_received)
        size = session->most_received;
    got = session->transport->receive(session->owner, bytes, size);
    if (got == FIRTH_ERR_WOULD_BLOCK) {
        session->is_starved = true;
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    if (got < 0)
        return ended(session, got);
    FTH_ASSERT(got > 0 && (size_t)got <= size);
    session->has_begun_send = false;
    session->most_received -= (size_t)got;
    return (int)got;
}

int fth_tls_send_aside(fth_tls_session *session)
{
    while (session->aside != NULL) {
        int64_t taken = session->transport->send(session->owner, session->aside + session->aside_sent,
                                                 session->aside_bytes - session->aside_sent);

        if (taken < 0)
            return (int)taken;
        session->aside_sent += (size_t)taken;
        if (session->aside_sent < session->aside_bytes)
            continue;
        mbedtls_free(session->aside);
        session->aside = NULL;
    }
    return FIRTH_OK;
}

static bool put_aside(fth_tls_session *session, const unsigned char *bytes, size_t size)
{
    if (!session->sets_aside || session->aside != NULL)
        return false;
    session->aside = mbedtls_calloc(1, size);
    if (session->aside == NULL)
        return false;
    memcpy(session->aside, bytes, size);
    session->aside_bytes = size;
    session->aside_sent = 0;
    return true;
}

int fth_tls_transport_send(void *owner, const unsigned char *bytes, size_t size)
{
    fth_tls_session *session = owner;
    int64_t taken;

    FTH_ASSERT(size > 0 && size <= INT_MAX);
    if (session->send_error != FIRTH_OK)
        return MBEDTLS_ERR_SSL_CONN_EOF;
    if (session->carried_bytes == 0)
        session->has_begun_send = true;
    if (FTH_TLS_HAS_PSK && !session->is_established && session->link.context->mend_alert != NULL)
        session->link.context->mend_alert(&session->ssl, &session->link);
    taken = fth_tls_send_aside(session);
    if (taken == FIRTH_OK)
        taken = session->transport->send(session->owner, bytes, size);
    if (taken == FIRTH_ERR_WOULD_BLOCK)
        return put_aside(session, bytes, size) ? (int)size : MBEDTLS_ERR_SSL_WANT_WRITE;
    if (taken < 0) {
        session->send_error = (int)taken;
        return MBEDTLS_ERR_SSL_CONN_EOF;
    }
    FTH_ASSERT(taken > 0 && (size_t)taken <= size);
    session->carried_bytes -= (size_t)taken < session->carried_bytes ? (size_t)taken : session->carried_bytes;
    return (int)taken;
}

void fth_tls_call_begins(fth_tls_session *session)
{
    session->is_starved = false;
    session->has_begun_send = false;
    session->most_received = FTH_TLS_MOST_RECEIVED;
    session->carried_bytes = fth_tls_unsent(&session->ssl);
}
