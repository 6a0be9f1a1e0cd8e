/* SPDX-License-Identifier: Apache-2.0 */
/* A client's sessions, to be resumed. They hold secrets, so they stay in memory; they are used with the name and the port
 * they were made with and no other: mbedTLS fails a handshake of TLS 1.3 else, and another server must not learn that
 * both are visited by the same client. The configuration's ALPN is the same for all of them. */
#include "core/base/words.h"
#include "core/tls/mbedtls/parts.h"
#include <firth/backend.h>
#include <string.h>

enum { MOST_KEPT = 64 };

struct fth_tls_kept_session {
    fth_tls_kept_session *next;
    mbedtls_ssl_session session;
    int64_t until_ns;
    bool is_used_once; /* TLS 1.3: a ticket shown twice tells an observer that it is the same client (RFC 8446 §C.4) */
    uint16_t port;
    char host[];
};

static void drop(fth_tls_kept_session *kept)
{
    if (kept == NULL)
        return;
    mbedtls_ssl_session_free(&kept->session);
    firth_port_release(kept);
}

static fth_tls_kept_session **find(fth_tls_context *context, const char *host, uint16_t port)
{
    fth_tls_kept_session **at = &context->kept;

    while (*at != NULL && ((*at)->port != port || strcmp((*at)->host, host) != 0))
        at = &(*at)->next;
    return at;
}

static fth_tls_kept_session *unlink_at(fth_tls_context *context, fth_tls_kept_session **at)
{
    fth_tls_kept_session *kept = *at;

    if (kept != NULL) {
        *at = kept->next;
        context->kept_count--;
    }
    return kept;
}

int64_t fth_tls_kept_offer(fth_tls_context *context, mbedtls_ssl_context *ssl, const char *host, uint16_t port)
{
    fth_tls_kept_session **at, *done = NULL;
    int64_t until_ns = 0;

    if (context->kept_lock == NULL || host == NULL)
        return 0;
    firth_port_lock_take(context->kept_lock);
    at = find(context, host, port);
    if (*at != NULL) {
        const bool is_old = (*at)->until_ns <= firth_port_now_ns();

        if (!is_old && mbedtls_ssl_set_session(ssl, &(*at)->session) == 0)
            until_ns = (*at)->until_ns;
        if (is_old || (*at)->is_used_once)
            done = unlink_at(context, at);
    }
    firth_port_lock_give(context->kept_lock);
    drop(done);
    return until_ns;
}

static fth_tls_kept_session *copy_session(const mbedtls_ssl_context *ssl, const char *host, uint16_t port,
                                          int64_t until_ns)
{
    const size_t size = strlen(host) + 1;
    fth_tls_kept_session *kept = firth_port_allocate(sizeof *kept + size);

    if (kept == NULL)
        return NULL;
    mbedtls_ssl_session_init(&kept->session);
    kept->next = NULL;
    kept->until_ns = until_ns;
    kept->is_used_once = mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_3;
    kept->port = port;
    memcpy(kept->host, host, size);
    if (mbedtls_ssl_get_session(ssl, &kept->session) == 0)
        return kept;
    drop(kept);
    return NULL;
}

void fth_tls_kept_keep(fth_tls_context *context, const mbedtls_ssl_context *ssl, const char *host, uint16_t port,
                       int64_t until_ns)
{
    fth_tls_kept_session *kept, *before, *oldest = NULL, **at;

    if (context->kept_lock == NULL || host == NULL)
        return;
    kept = copy_session(ssl, host, port, until_ns != 0 ? until_ns : firth_port_now_ns() + context->kept_lifetime_ns);
    if (kept == NULL)
        return;
    firth_port_lock_take(context->kept_lock);
    before = unlink_at(context, find(context, host, port));
    if (context->kept_count >= MOST_KEPT) {
        for (at = &context->kept; (*at)->next != NULL;)
            at = &(*at)->next;
        oldest = unlink_at(context, at);
    }
    kept->next = context->kept;
    context->kept = kept;
    context->kept_count++;
    firth_port_lock_give(context->kept_lock);
    drop(before);
    drop(oldest);
}

void fth_tls_kept_forget(fth_tls_context *context, const char *host, uint16_t port)
{
    fth_tls_kept_session *kept;

    if (context->kept_lock == NULL || host == NULL)
        return;
    firth_port_lock_take(context->kept_lock);
    kept = unlink_at(context, find(context, host, port));
    firth_port_lock_give(context->kept_lock);
    drop(kept);
}

int fth_tls_kept_build(fth_tls_context *context, const firth_tls_builder *tls)
{
    /* TLS 1.3 shows a ticket as it shows a pre-shared key; of a client with both nobody could say which was taken. */
    if (!tls->session_tickets || tls->psk != NULL)
        return FIRTH_OK;
    context->kept_lifetime_ns = (int64_t)tls->ticket_lifetime_s * 1000000000;
    context->kept_lock = firth_port_lock_open();
    return context->kept_lock != NULL ? FIRTH_OK : firth_fail(FIRTH_ERR_NO_MEMORY, 0, FTH_OPTION("session_tickets"));
}

void fth_tls_kept_free(fth_tls_context *context)
{
    while (context->kept != NULL)
        drop(unlink_at(context, &context->kept));
    if (context->kept_lock != NULL)
        firth_port_lock_close(context->kept_lock);
}
