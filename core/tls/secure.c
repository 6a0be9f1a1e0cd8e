/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a secure socket. */
#include "core/tls/secure.h"
#include "core/base/assert.h"
#include "core/tls/engine.h"

static int open_session(fth_secure *secure, const char *server_name)
{
    firth_socket *below = secure->socket.below;
    firth_address peer = {.family = FIRTH_FAMILY_NONE};
    fth_tls_opening opening = {.transport = &fth_secure_transport, .owner = secure, .server_name = server_name};
    int rc;

    if (fth_tls_role_of(secure->generation->config) == FIRTH_TLS_CLIENT) {
        opening.host = below->host;
        if (firth_socket_peer_address(&secure->socket, &peer) >= 0)
            opening.port = peer.port;
    }
    rc = fth_tls_engine_used->open(fth_secure_session(secure), secure->generation->context, &opening);
    secure->is_open = rc >= 0;
    return rc;
}

int fth_secure_new(firth_socket *below, firth_tls_config *config, const char *server_name, const char *place,
                   fth_secure **made)
{
    firth_selector *selector = below->io.selector;
    fth_secure *secure = firth_selector_allocate(selector, sizeof *secure + fth_tls_engine_used->session_bytes);
    firth_socket *socket;
    int rc;

    *made = NULL;
    if (secure == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_tls_start");
    socket = &secure->socket;
    fth_socket_init(socket, selector, &fth_secure_kind);
    fth_socket_start_above(socket, below, place);
    secure->generation = fth_tls_use(config);
    rc = open_session(secure, server_name);
    if (rc < 0) {
        fth_opened_remove(&socket->opened);
        fth_tls_unuse(secure->generation);
        firth_selector_release(selector, secure);
        return rc;
    }
    secure->gathering = true;
    below->out.upper = &socket->out;
    *made = secure;
    return FIRTH_OK;
}

int fth_secure_handshake(fth_secure *secure)
{
    int rc;

    secure->busy = true;
    rc = fth_tls_engine_used->handshake(fth_secure_session(secure));
    secure->busy = false;
    /* The last flight leaves with what the user writes first, or when the task suspends. */
    if (rc != FIRTH_OK && secure->socket.below->out.cause == 0) {
        firth_failure why = *firth_last_failure();
        int pushed = fth_secure_push(secure);

        if (rc < 0)
            return why.code == rc ? firth_fail(why.code, why.os_code, why.step) : rc;
        rc = pushed < 0 ? pushed : rc;
    }
    return rc;
}

bool fth_secure_give_up(fth_secure *secure)
{
    int rc;

    secure->busy = true;
    rc = fth_tls_engine_used->cancel(fth_secure_session(secure));
    secure->busy = false;
    return rc == FIRTH_OK && fth_secure_push(secure) >= 0;
}

/* Whole records are buffered: TLS 1.3 of mbedTLS takes 16383 bytes, and the last of a block would be a record alone. */
static void fit_records(firth_write_channel *out, size_t record_bytes)
{
    if (record_bytes < out->capacity)
        out->capacity -= out->capacity % (uint32_t)record_bytes;
    out->by_record = true;
}

void fth_secure_start(fth_secure *secure)
{
    firth_write_channel *below = &secure->socket.below->out;

    secure->gathering = false;
    firth_write_auto_flush(below, true);
    fit_records(&secure->socket.out, fth_tls_engine_used->record_bytes(fth_secure_session(secure)));
}

void fth_secure_discard(fth_secure *secure, firth_close_how how)
{
    fth_socket_drop(&secure->socket, how);
}

/* ---- the kind ---------------------------------------------------------------------------------------------------- */

/* Reads on until the peer has said that it sends no more: FIRTH_EOF. What else comes first, the scope's deadline too, is
 * another code; FIRTH_ERR_WOULD_BLOCK if the peer is silent, and nobody is to wait for it. */
static int await_close_notify(fth_secure *secure)
{
    fth_blocks *blocks = &secure->socket.io.selector->blocks;
    fth_block *block = fth_block_take(blocks);
    unsigned rounds = 0;
    int64_t n = 1;

    while (block != NULL && (n > 0 || n == FIRTH_ERR_WOULD_BLOCK) && !fth_task_is_cancelled()) {
        n = fth_tls_engine_used->read(fth_secure_session(secure), block->bytes, block->size);
        if (n == FIRTH_ERR_WOULD_BLOCK && (secure->socket.is_hurried || fth_secure_wait_readable(secure) < 0))
            break;
        if (n > 0 && ++rounds % FTH_DISCARDS_IN_A_ROW == 0)
            (void)firth_yield();
    }
    if (block != NULL)
        fth_block_give(blocks, block);
    return (int)n;
}

static bool is_gone(int rc)
{
    return rc == FIRTH_ERR_NOT_CONNECTED || rc == FIRTH_ERR_RESET || rc == FIRTH_ERR_ABORTED;
}

/* A peer that said that it sends no more has often closed already, and answers our close_notify with a reset: that is no
 * failure. Test: peer_that_closes_first_and_at_once_is_no_failure. An alert says that it has not taken what was sent: with
 * TLS 1.3 a server may refuse a client that has gone on long since. */
static int farewell(firth_socket *socket)
{
    bool has_peer_ended = socket->in.cause == FIRTH_EOF;
    int rc = FIRTH_OK;

    if (!socket->out.finished)
        rc = socket->out.sink->finish(&socket->out);
    if ((rc >= 0 || is_gone(rc)) && (socket->in.cause == 0 || socket->in.cancelled)) {
        int last = await_close_notify(fth_secure_of(socket));

        if (last == FIRTH_ERR_TLS_ALERT)
            return last;
        has_peer_ended = last == FIRTH_EOF;
    }
    if (rc >= 0)
        rc = socket->below->kind->farewell(socket->below);
    return has_peer_ended && is_gone(rc) ? FIRTH_OK : rc;
}

/* Nothing of the buffer is ever in flight: the engine has copied what it took. */
static void stop_sending(firth_socket *socket)
{
    FTH_ASSERT(socket->out.in_flight == 0);
}

static void close_session(firth_socket *socket)
{
    fth_secure *secure = fth_secure_of(socket);
    firth_socket *below = socket->below;

    if (!secure->is_open)
        return;
    secure->is_open = false;
    fth_tls_engine_used->close(fth_secure_session(secure));
    fth_tls_unuse(secure->generation);
    below->out.upper = NULL;
    socket->below = NULL;
    fth_socket_drop(below, (firth_close_how)socket->how);
}

const fth_socket_kind fth_secure_kind = {
    .source = &fth_secure_source,
    .sink = &fth_secure_sink,
    .farewell = farewell,
    .stop_sending = stop_sending,
    .close = close_session,
};
