/* SPDX-License-Identifier: Apache-2.0 */
/* Starting TLS on a socket, and what can be read of it afterwards. */
#include "core/base/words.h"
#include "core/tls/connected.h"
#include "core/tls/secure.h"
#include <string.h>

static int shake(fth_secure *secure)
{
    for (;;) {
        int rc = fth_secure_handshake(secure);

        if (rc <= FIRTH_OK)
            return rc;
        rc = rc == FTH_TLS_WANT_READ ? fth_secure_wait_readable(secure) : fth_write_wait(&secure->socket.out);
        if (rc < 0)
            return rc;
        if (fth_task_is_cancelled())
            return fth_task_canceled();
    }
}

/* Whether the peer should be told, and can be: what went wrong on this side alone is internal_error, once there is a
 * session to say so. */
static bool is_told(const fth_secure *secure, int rc)
{
    if (rc == FIRTH_ERR_NO_MEMORY || rc == FIRTH_ERR_SYSTEM)
        return secure != NULL;
    return rc <= FIRTH_ERR_TLS_CONFIG && rc >= FIRTH_ERR_TLS_TRUNCATED;
}

/* The time that this end had for the handshake is over, or its task is cancelled: the peer is told so at once or not at
 * all, since nobody waits for it any longer. */
static firth_close_how tell_at_once(firth_socket *below, fth_secure *secure)
{
    below->linger_ms = 0;
    return fth_secure_give_up(secure) && fth_socket_linger(below) >= 0 ? FIRTH_CLOSE_NORMAL : FIRTH_CLOSE_RESET;
}

/* Saying why the handshake failed is a part of it, and of the time that it has: a peer that sends on and on, or takes
 * nothing, would keep the caller until the linger is over. */
static void shorten_linger(firth_socket *below, int64_t until_ns)
{
    int64_t left_ms = (until_ns - firth_now_ns()) / 1000000;

    if (left_ms < (int64_t)below->linger_ms)
        below->linger_ms = left_ms > 0 ? (uint32_t)left_ms : 0;
}

static firth_close_how tell(firth_socket *below, fth_secure *secure, int64_t until_ns, int rc)
{
    if (is_told(secure, rc)) {
        shorten_linger(below, until_ns);
        (void)fth_socket_linger(below);
        return FIRTH_CLOSE_NORMAL;
    }
    if (secure != NULL && (rc == FIRTH_ERR_TIMED_OUT || rc == FIRTH_ERR_CANCELED))
        return tell_at_once(below, secure);
    return FIRTH_CLOSE_RESET;
}

/* The alert that says why leaves before the connection does. What is known of the failure outlives that. */
static int give_up(firth_socket *below, fth_secure *secure, int64_t until_ns, int rc)
{
    firth_failure why = *firth_last_failure();
    firth_close_how how;
    char detail[256];

    (void)strncpy(detail, why.detail, sizeof detail - 1);
    detail[sizeof detail - 1] = '\0';
    how = tell(below, secure, until_ns, rc);
    if (secure != NULL)
        fth_secure_discard(secure, how);
    else
        fth_socket_drop(below, FIRTH_CLOSE_RESET);
    if (why.code != rc)
        return firth_fail(rc, 0, "TLS handshake");
    return detail[0] != '\0' ? firth_fail_in_words(rc, why.os_code, why.step, "%s", detail)
                             : firth_fail(rc, why.os_code, why.step);
}

/* Everything that was written in plain has left, and nothing that was sent in plain lies about. */
static int leave_plain(firth_socket *below)
{
    int rc = fth_write_flush(&below->out);

    if (rc < 0)
        return rc;
    if (fth_read_buffered(&below->in) > 0)
        return firth_fail_in_words(FIRTH_ERR_TLS_PLAINTEXT, 0, "firth_tls_start",
                                   "%u bytes came before TLS was started", (unsigned)fth_read_buffered(&below->in));
    return FIRTH_OK;
}

/* Nothing that was asked for is ignored: a server looks at no name. */
static int check_config(const firth_tls_config *config, const char *server_name)
{
    if (config == NULL)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "config");
    if (server_name != NULL && fth_tls_role_of(config) == FIRTH_TLS_SERVER)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "server_name");
    return FIRTH_OK;
}

/* All that the peer can hold up: that it takes what was written in plain, and the handshake. */
static int secure_within(firth_socket *below, firth_tls_config *config, const char *server_name, const char *place,
                         int64_t limit_ms, fth_secure **secure)
{
    firth_scope_options limit = {.timeout_ms = limit_ms, .name = "TLS handshake"};
    firth_scope scope;
    int rc;

    firth_scope_open(&scope, fth_current->innermost, &limit);
    rc = leave_plain(below);
    if (rc >= 0)
        rc = fth_secure_new(below, config, server_name, place, secure);
    if (rc >= 0)
        rc = shake(*secure);
    return firth_scope_close(&scope, rc);
}

static int start(firth_socket *below, firth_tls_config *config, const char *server_name, const char *place,
                 firth_socket **socket)
{
    firth_scope *owner = below->owner;
    fth_secure *secure = NULL;
    int64_t until_ns = INT64_MAX;
    int rc;

    *socket = NULL;
    fth_socket_put_below(below);
    rc = check_config(config, server_name);
    if (rc >= 0) {
        int64_t limit_ms = fth_tls_handshake_timeout_ms(config);

        if (limit_ms > 0)
            until_ns = fth_after_ms(firth_now_ns(), limit_ms);
        rc = secure_within(below, config, server_name, place, limit_ms, &secure);
    }
    if (rc < 0)
        return give_up(below, secure, until_ns, rc);
    fth_secure_start(secure);
    *socket = &secure->socket;
    if (owner != NULL)
        firth_scope_own_socket(owner, *socket);
    return FIRTH_OK;
}

int firth_tls_start_at(firth_socket *socket, firth_tls_config *config, const char *server_name, firth_socket **secure,
                       const char *place)
{
    int rc = fth_socket_check(socket);

    if (rc < 0)
        return rc;
    rc = fth_task_enter(socket->io.selector);
    if (rc == FIRTH_ERR_MISUSE)
        return rc;
    if (socket->in.reader != NULL || socket->out.writer != NULL)
        return firth_fail(FIRTH_ERR_BUSY, 0, "firth_tls_start");
    if (rc < 0) {
        *secure = NULL;
        fth_socket_put_below(socket);
        return give_up(socket, NULL, INT64_MAX, rc);
    }
    return start(socket, config, server_name, place, secure);
}

static char *copy_text(firth_selector *selector, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = firth_selector_allocate(selector, size);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

int fth_tls_connecting(firth_socket **socket, const char *host, firth_tls_config *config, const char *place)
{
    firth_socket *plain = *socket;

    if (host != NULL)
        plain->host = copy_text(plain->io.selector, host);
    if (host != NULL && plain->host == NULL) {
        *socket = NULL;
        firth_socket_abort(plain);
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "connect");
    }
    if (config == NULL)
        return FIRTH_OK;
    if (fth_tls_role_of(config) != FIRTH_TLS_CLIENT) {
        *socket = NULL;
        firth_socket_abort(plain);
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, FTH_OPTION("tls"));
    }
    return start(plain, config, NULL, place, socket);
}

/* ---- what was agreed on ------------------------------------------------------------------------------------------ */

static int check_secure(const firth_socket *socket)
{
    int rc = fth_socket_check(socket);

    if (rc >= 0 && socket->kind != &fth_secure_kind)
        rc = firth_fail(FIRTH_ERR_ARGUMENT, 0, "a socket without TLS");
    if (rc >= 0 && socket->below == NULL)
        rc = firth_fail(FIRTH_ERR_NOT_CONNECTED, 0, "socket");
    return rc;
}

int firth_tls_get_info(const firth_socket *socket, firth_tls_info *info)
{
    int rc = check_secure(socket);

    if (rc < 0)
        return rc;
    memset(info, 0, sizeof *info);
    fth_tls_engine_facts_used->info(
        (const fth_tls_session *)(const void *)((const fth_secure *)(const void *)socket)->session, info);
    return FIRTH_OK;
}

int firth_tls_peer_certificate(firth_socket *socket, const firth_tls_certificate **certificate)
{
    int rc = check_secure(socket);

    *certificate = NULL;
    return rc < 0 ? rc
                  : fth_tls_engine_facts_used->peer_certificate(fth_secure_session(fth_secure_of(socket)), certificate);
}
