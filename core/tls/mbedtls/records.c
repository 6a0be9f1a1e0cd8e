/* SPDX-License-Identifier: Apache-2.0 */
/* Application data. */
#include "core/base/assert.h"
#include "core/tls/mbedtls/failures.h"
#include "core/tls/mbedtls/private.h"
#include "core/tls/mbedtls/session.h"
#include <firth/backend.h>

/* The transport's failure ends that direction alone: what the peer sent before is still to be read. It is noted again
 * unless it is what was noted last, with more than its code. */
static int transport_failed(int code, const char *step)
{
    return code == FIRTH_EOF || firth_last_failure()->code == code ? code : firth_fail(code, 0, step);
}

/* mbedTLS says 0 for an end without close_notify, for a failure of the transport, and for two empty records in a row,
 * which are no end at all. */
static int read_nothing(fth_tls_session *session)
{
    if (session->has_transport_ended)
        session->read_end = FIRTH_ERR_TLS_TRUNCATED;
    else
        session->read_end = session->receive_error;
    return session->read_end == FIRTH_OK ? FIRTH_OK : transport_failed(session->read_end, "read");
}

/* mbedTLS looks at a ticket of TLS 1.3 only when all that it has made is sent. A reader cannot wait for that: the peer
 * may be one that takes nothing before it was read from. Test:
 * a_ticket_that_comes_while_a_record_waits_for_room_is_read. */
static int read_behind_write(fth_tls_session *session)
{
    if (fth_tls_state(&session->ssl) == MBEDTLS_SSL_HANDSHAKE_OVER)
        return FIRTH_OK; /* a warning of ours, which goes with the next record */
    if (session->sets_aside)
        return fth_tls_fail(session, MBEDTLS_ERR_SSL_ALLOC_FAILED, "read");
    session->sets_aside = true;
    return FIRTH_OK;
}

/* What a call of mbedTLS's that delivered no byte came to: FIRTH_OK to try again, since a ticket, a warning, an empty
 * record or a refused renegotiation is not what the caller waits for. */
static int read_other(fth_tls_session *session, int result)
{
    if (result == 0)
        return read_nothing(session);
    if (fth_tls_is_new_ticket(result)) {
        session->link.context->side->new_ticket(session);
        return FIRTH_OK;
    }
    if (result == MBEDTLS_ERR_SSL_WANT_READ)
        return session->is_starved ? FIRTH_ERR_WOULD_BLOCK : FIRTH_OK;
    if (result == MBEDTLS_ERR_SSL_WANT_WRITE)
        return read_behind_write(session);
    if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        return session->read_end = FIRTH_EOF;
    return fth_tls_fail(session, result, "read");
}

int64_t fth_tls_session_read(fth_tls_session *session, void *bytes, size_t size)
{
    FTH_ASSERT(size > 0);
    if (session->failure.code != FIRTH_OK)
        return fth_tls_failed(session);
    if (session->read_end != FIRTH_OK)
        return transport_failed(session->read_end, "read");
    for (int idle = 0, tickets = 0; idle < FTH_TLS_MOST_IDLE_CALLS && tickets <= FTH_TLS_MOST_TICKETS; idle++) {
        int result, other;

        fth_tls_call_begins(session);
        result = mbedtls_ssl_read(&session->ssl, bytes, size);
        if (result != MBEDTLS_ERR_SSL_WANT_WRITE)
            session->sets_aside = false;
        if (result > 0)
            return result;
        other = read_other(session, result);
        if (other != FIRTH_OK)
            return other;
        if (fth_tls_is_new_ticket(result)) {
            tickets++;
            idle = -1;
        }
    }
    return fth_tls_fail(session, MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE, "read");
}

size_t fth_tls_session_readable(const fth_tls_session *session)
{
    return session->failure.code == FIRTH_OK ? mbedtls_ssl_get_bytes_avail(&session->ssl) : 0;
}

static int write_failed(fth_tls_session *session, int error)
{
    if (session->send_error != FIRTH_OK)
        return transport_failed(session->send_error, "write");
    return fth_tls_fail(session, error, "write");
}

/* FIRTH_OK when mbedTLS has no byte for the transport any more. While it has, mbedtls_ssl_send_alert_message sends
 * those, and the alert not; it must not be called with nothing to send. mbedtls_ssl_write would go on with a handshake, whose
 * keys and failures are handshake.c's affair. Test: a_flush_in_a_handshake_sends_what_is_left_and_does_nothing_else. */
static int send_rest(fth_tls_session *session)
{
    int result = session->send_error == FIRTH_OK ? fth_tls_send_aside(session) : session->send_error;

    if (result == FIRTH_ERR_WOULD_BLOCK)
        return FTH_TLS_WANT_WRITE;
    if (result < 0) {
        session->send_error = result;
        return write_failed(session, MBEDTLS_ERR_SSL_CONN_EOF);
    }
    if (fth_tls_unsent(&session->ssl) == 0)
        return FIRTH_OK;
    fth_tls_call_begins(session);
    result = mbedtls_ssl_send_alert_message(&session->ssl, MBEDTLS_SSL_ALERT_LEVEL_WARNING,
                                            MBEDTLS_SSL_ALERT_MSG_CLOSE_NOTIFY);
    if (result == 0)
        return FIRTH_OK;
    return result == MBEDTLS_ERR_SSL_WANT_WRITE ? FTH_TLS_WANT_WRITE : write_failed(session, result);
}

size_t fth_tls_session_record_bytes(const fth_tls_session *session)
{
    int most = mbedtls_ssl_get_max_out_record_payload(&session->ssl);

    return most > 0 ? (size_t)most : 1;
}

/* At most what fits a record: that much is mbedTLS's even if the transport did not take all of it. */
static int64_t write_record(fth_tls_session *session, const void *bytes, size_t size)
{
    int most = mbedtls_ssl_get_max_out_record_payload(&session->ssl);
    int result;

    if (most <= 0)
        return fth_tls_fail(session, most, "write");
    if (size > (size_t)most)
        size = (size_t)most;
    fth_tls_call_begins(session);
    result = mbedtls_ssl_write(&session->ssl, bytes, size);
    if (result >= 0)
        return result;
    if (result == MBEDTLS_ERR_SSL_WANT_WRITE)
        return (int64_t)size;
    return write_failed(session, result);
}

int64_t fth_tls_session_write(fth_tls_session *session, const void *bytes, size_t size)
{
    int rest;

    FTH_ASSERT(size > 0);
    if (session->failure.code != FIRTH_OK)
        return fth_tls_failed(session);
    if (session->has_ended)
        return firth_fail(FIRTH_ERR_CLOSED, 0, "write");
    rest = send_rest(session);
    if (rest == FIRTH_OK)
        return write_record(session, bytes, size);
    return rest == FTH_TLS_WANT_WRITE ? FIRTH_ERR_WOULD_BLOCK : rest;
}

int fth_tls_session_flush(fth_tls_session *session)
{
    if (session->failure.code != FIRTH_OK)
        return fth_tls_failed(session);
    return send_rest(session);
}

int fth_tls_session_end(fth_tls_session *session)
{
    int result = fth_tls_session_flush(session);

    if (result != FIRTH_OK || session->has_ended || !session->is_established)
        return result;
    session->has_ended = true;
    fth_tls_call_begins(session);
    result = mbedtls_ssl_close_notify(&session->ssl);
    if (result == 0)
        return FIRTH_OK;
    return result == MBEDTLS_ERR_SSL_WANT_WRITE ? FTH_TLS_WANT_WRITE : write_failed(session, result);
}
