/* SPDX-License-Identifier: Apache-2.0 */
/* The graceful close: flush, FIN, and no reset that overtakes the last bytes. */
#include "core/base/assert.h"
#include "core/sockets/op.h"
#include "core/sockets/socket.h"

static void wait_for_others(firth_socket *socket)
{
    socket->closer = fth_current;
    fth_task_suspend("close", NULL, NULL);
    FTH_ASSERT(socket->closer == NULL);
}

static int64_t discard_some(firth_socket *socket, fth_block *block)
{
    firth_buffer piece = {block->bytes, block->size};
    firth_op op;

    fth_op_init(&op, FIRTH_OP_RECEIVE, &socket->io);
    op.attempt_only = true;
    op.look_again = true;
    op.piece_count = 1;
    op.with.pieces = &piece;
    (void)fth_op_submit(&op);
    return op.result;
}

/* A kernel that closes a socket with bytes unread sends RST instead of FIN, and a peer that gets it may lose what it
 * had not read yet (RFC 1122 §4.2.2.13). So what the peer is still sending is thrown away until it stops or the linger
 * is over; a peer that sends nothing is not waited for. Test:
 * close_lets_the_last_bytes_through_though_the_peer_had_sent_more. */
static int discard_incoming(firth_socket *socket, fth_block *block)
{
    firth_op wait;
    int64_t n = discard_some(socket, block);
    unsigned rounds = 0;
    int rc;

    if (n == FIRTH_ERR_WOULD_BLOCK)
        return FIRTH_OK;
    rc = socket->out.finished ? FIRTH_OK : socket->io.selector->backend->shutdown_write(&socket->io);
    while (rc >= 0 && (n > 0 || n == FIRTH_ERR_WOULD_BLOCK)) {
        if (fth_task_is_cancelled())
            return FIRTH_OK;
        if (n == FIRTH_ERR_WOULD_BLOCK) {
            fth_op_init(&wait, FIRTH_OP_WAIT_READABLE, &socket->io);
            (void)fth_op_await(&wait, "close", 0);
        } else if (++rounds % FTH_DISCARDS_IN_A_ROW == 0) {
            (void)firth_yield();
        }
        n = discard_some(socket, block);
    }
    return FIRTH_OK;
}

int fth_socket_farewell(firth_socket *socket)
{
    fth_block *block;
    int rc;

    if (socket->in.cause != 0 && !socket->in.cancelled)
        return FIRTH_OK;
    block = fth_block_take(&socket->io.selector->blocks);
    if (block == NULL)
        return FIRTH_OK;
    rc = discard_incoming(socket, block);
    fth_block_give(&socket->io.selector->blocks, block);
    return rc;
}

/* Stopping a program, or a deadline for many connections, is not to take the linger for each of them. Test:
 * silent_peers_hold_up_a_scope_that_owns_many_for_one_linger. */
int fth_socket_linger(firth_socket *socket)
{
    firth_scope_options options = {
        .timeout_ms = socket->linger_ms > 0 ? (int64_t)socket->linger_ms : -1, .shield = true, .name = "linger"};
    firth_scope *around = fth_current->innermost;
    firth_scope scope;
    int rc;

    socket->is_hurried = (around->flags & (FTH_SCOPE_CANCELLED | FTH_SCOPE_HURRIED)) != 0;
    firth_scope_open(&scope, around, &options);
    rc = fth_write_flush(&socket->out);
    if (rc >= 0)
        rc = socket->kind->farewell(socket);
    if ((scope.flags & FTH_SCOPE_EXPIRED) != 0 && (around->flags & FTH_SCOPE_SEALED) != 0)
        around->flags |= FTH_SCOPE_HURRIED;
    rc = firth_scope_close(&scope, rc);
    if (rc < 0 && rc == socket->out.cause)
        (void)firth_fail(rc, socket->out.os_code, socket->out.step);
    return rc;
}

int firth_socket_close(firth_socket *socket)
{
    int rc;

    if (socket == NULL)
        return FIRTH_OK;
    rc = fth_socket_check(socket);
    if (rc < 0)
        return rc;
    if (fth_current == NULL || fth_current->selector != socket->io.selector)
        return FTH_MISUSE("firth_socket_close outside a task of the selector");
    fth_socket_disown(socket);
    socket->stage = FTH_SOCKET_CLOSING;
    fth_read_close(&socket->in);
    fth_write_close(&socket->out);
    if (socket->in.reader != NULL || socket->out.writer != NULL)
        wait_for_others(socket);
    rc = socket->how == FIRTH_CLOSE_RESET ? socket->out.cause : fth_socket_linger(socket);
    if (rc < 0)
        socket->how = FIRTH_CLOSE_RESET;
    socket->stage = FTH_SOCKET_CLOSED;
    /* Ended, so that what a send in the background leaves over is not sent after it. */
    fth_write_end(&socket->out, FIRTH_ERR_CLOSED, 0, "firth_socket_close");
    if (socket->out.in_flight > 0) {
        socket->kind->stop_sending(socket);
        wait_for_others(socket);
    }
    fth_socket_settle(socket);
    return rc;
}
