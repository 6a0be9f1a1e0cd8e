/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tls/mbedtls/session.h"
#include "core/tls/mbedtls/verify.h"
#include <firth/backend.h>
#include <string.h>

static void session_close(fth_tls_session *session)
{
    fth_tls_tear_down(&session->ssl);
    fth_tls_detach(&session->link);
    mbedtls_free(session->aside);
    mbedtls_free(session->host);
    mbedtls_free(session->words);
    mbedtls_free(session->peer);
}

static int session_open(fth_tls_session *session, fth_tls_context *context, const fth_tls_opening *opening)
{
    int result = FIRTH_OK;

    session->transport = opening->transport;
    session->owner = opening->owner;
    mbedtls_ssl_init(&session->ssl);
    session->failure.step = session->failure.detail = "";
    if (fth_tls_set_up(&session->ssl, &context->config, fth_tls_verify, session) != 0)
        result = firth_fail(FIRTH_ERR_NO_MEMORY, 0, "mbedtls_ssl_setup");
    fth_tls_attach(context, &session->ssl, &session->link);
    mbedtls_ssl_set_bio(&session->ssl, session, fth_tls_transport_send, fth_tls_pieces_receive, NULL);
    if (result == FIRTH_OK)
        result = context->side->open(session, opening);
    if (result != FIRTH_OK)
        session_close(session);
    return result;
}

const fth_tls_engine fth_tls_mbedtls = {
    .session_bytes = sizeof(fth_tls_session),
    .context_build = fth_tls_context_build,
    .context_free = fth_tls_context_free,
    .open = session_open,
    .handshake = fth_tls_session_handshake,
    .cancel = fth_tls_session_cancel,
    .read = fth_tls_session_read,
    .readable = fth_tls_session_readable,
    .write = fth_tls_session_write,
    .record_bytes = fth_tls_session_record_bytes,
    .flush = fth_tls_session_flush,
    .end = fth_tls_session_end,
    .close = session_close,
};

const fth_tls_engine_facts fth_tls_mbedtls_facts = {
    .name = fth_tls_engine_text,
    .info = fth_tls_session_info,
    .peer_certificate = fth_tls_session_peer_certificate,
};
