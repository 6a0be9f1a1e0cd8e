/* SPDX-License-Identifier: Apache-2.0 */
/* What only a client does: it names and checks its server, and keeps sessions to resume them. */
#include "core/base/words.h"
#include "core/tls/left_out.h"
#include "core/tls/mbedtls/parts.h"
#include "core/tls/mbedtls/private.h"
#include "core/tls/mbedtls/session.h"
#include "core/tls/mbedtls/verify.h"
#include <firth/backend.h>

static int build(fth_tls_context *context, const firth_tls_builder *tls)
{
    int rc = FIRTH_OK;

    if (FTH_TLS_HAS_SESSION_TICKETS && tls->session_tickets)
        fth_tls_signal_tickets(&context->config);
    if (tls->server_name != NULL) {
        context->server_name = fth_tls_copy_text(tls->server_name);
        if (context->server_name == NULL)
            return firth_fail(FIRTH_ERR_NO_MEMORY, 0, FTH_OPTION("server_name"));
    }
    if (FTH_TLS_HAS_PSK)
        rc = fth_tls_psk_build_client(context, tls);
    return rc < 0 || !FTH_TLS_HAS_SESSION_TICKETS ? rc : fth_tls_kept_build(context, tls);
}

static void release(fth_tls_context *context)
{
    if (FTH_TLS_HAS_SESSION_TICKETS)
        fth_tls_kept_free(context);
    firth_port_release(context->server_name);
}

/* ---- the server's name ------------------------------------------------------------------------------------------- */

static bool needs_name(const fth_tls_context *context)
{
    return context->wants_certificate && !context->any_certificate && !context->any_name;
}

/* mbedTLS compares the name as well as sending it. A numeric one is not sent (RFC 6066 §3) and compared by Firth alone;
 * mbedTLS must be told that there is none, or it refuses to verify. */
static int set_host(fth_tls_session *session, const char *name)
{
    bool is_sent;
    int result;

    result = name != NULL ? fth_tls_host_set(session, name) : FIRTH_OK;
    if (result != FIRTH_OK)
        return result;
    is_sent = name != NULL && session->host_number.family == FIRTH_FAMILY_NONE;
    if (mbedtls_ssl_set_hostname(&session->ssl, is_sent ? session->host : NULL) != 0)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "mbedtls_ssl_set_hostname");
    return FIRTH_OK;
}

static int begin(fth_tls_session *session, const fth_tls_opening *opening)
{
    fth_tls_context *context = session->link.context;
    const char *name = opening->server_name != NULL ? opening->server_name : context->server_name;
    int result;

    if (name == NULL)
        name = opening->host;
    if (name == NULL && needs_name(context))
        return firth_fail(FIRTH_ERR_TLS_NO_NAME, 0, FTH_OPTION("server_name"));
    result = set_host(session, name);
    if (result != FIRTH_OK)
        return result;
    session->port = opening->port;
    if (FTH_TLS_HAS_SESSION_TICKETS)
        session->offered_until_ns = fth_tls_kept_offer(context, &session->ssl, session->host, session->port);
    return FIRTH_OK;
}

static void check_leaf(const fth_tls_session *session, const mbedtls_x509_crt *leaf, uint32_t *flags)
{
    if (session->link.context->any_name)
        *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_CN_MISMATCH;
    else if (session->host == NULL || !fth_tls_is_for_host(leaf, session))
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
}

/* ---- the handshake ----------------------------------------------------------------------------------------------- */

static void keep(fth_tls_session *session, int64_t until_ns)
{
    if (FTH_TLS_HAS_SESSION_TICKETS)
        fth_tls_kept_keep(session->link.context, &session->ssl, session->host, session->port, until_ns);
}

static void forget(fth_tls_session *session)
{
    if (FTH_TLS_HAS_SESSION_TICKETS && session->offered_until_ns != 0)
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

static void new_ticket(fth_tls_session *session)
{
    keep(session, 0);
}

static void prepare(fth_tls_session *session, int state, bool is_1_3)
{
    (void)state;
    if (is_1_3)
        fth_tls_prepare_alerts(&session->ssl);
}

/* mbedTLS itself refuses what is wrong with a server. */
static int stepped(fth_tls_session *session)
{
    (void)session;
    return FIRTH_OK;
}

static int established(fth_tls_session *session, bool is_1_3)
{
    if (FTH_TLS_HAS_SESSION_TICKETS && !is_1_3)
        keep_1_2(session);
    return FIRTH_OK;
}

const fth_tls_engine_side fth_tls_mbedtls_client = {
    .endpoint = MBEDTLS_SSL_IS_CLIENT,
    .build = build,
    .free = release,
    .open = begin,
    .prepare = prepare,
    .stepped = stepped,
    .established = established,
    .failed = forget,
    .new_ticket = new_ticket,
    .check_leaf = check_leaf,
};
