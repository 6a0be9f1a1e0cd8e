/* SPDX-License-Identifier: Apache-2.0 */
/* A socket's side of its channels: receive and send by ops. */
#include "core/base/assert.h"
#include "core/base/list.h"
#include "core/channels/fill.h"
#include "core/sockets/op.h"
#include "core/sockets/socket.h"

static firth_socket *of_input(const firth_read_channel *in)
{
    return FTH_CONTAINER(in, firth_socket, in);
}

static firth_socket *of_output(const firth_write_channel *out)
{
    return FTH_CONTAINER(out, firth_socket, out);
}

/* Whether a failed op leaves the stream as it was. */
static bool is_passing(int64_t result)
{
    return result == FIRTH_ERR_CANCELED || result == FIRTH_ERR_WOULD_BLOCK;
}

/* ---- receiving --------------------------------------------------------------------------------------------------- */

FIRTH_INLINE int64_t receive(firth_read_channel *in, void *bytes, size_t size, bool attempt_only)
{
    firth_socket *socket = of_input(in);
    firth_buffer piece = {bytes, size};
    firth_op op;
    bool idle = false;

    fth_op_init(&op, FIRTH_OP_RECEIVE, &socket->io);
    op.attempt_only = attempt_only;
    op.piece_count = 1;
    op.with.pieces = &piece;
    if (attempt_only) {
        (void)fth_op_submit(&op);
    } else {
        (void)fth_op_await(&op, "read", socket->read_idle_ms);
        idle = op.result == FIRTH_ERR_TIMED_OUT && op.os_code == 0;
    }
    if (op.result > 0 || is_passing(op.result) || idle)
        return op.result;
    if (op.result == 0)
        op.result = FIRTH_EOF;
    fth_read_end(in, (int)op.result, op.os_code, op.step);
    return in->cause;
}

int fth_socket_wait_readable(firth_read_channel *in)
{
    firth_socket *socket = of_input(in);
    firth_op op;
    int64_t rc;

    fth_op_init(&op, FIRTH_OP_WAIT_READABLE, &socket->io);
    rc = fth_op_await(&op, "read", socket->read_idle_ms);
    /* A failure of the connection itself is what the next receive will tell. */
    if (rc < 0 && !is_passing(rc) && !(rc == FIRTH_ERR_TIMED_OUT && op.os_code == 0))
        fth_read_end(in, (int)rc, op.os_code, op.step);
    return (int)rc;
}

bool fth_socket_must_wait(const firth_read_channel *in)
{
    return (of_input(in)->io.state & FIRTH_IO_DRY) != 0;
}

void fth_socket_reader_left(firth_read_channel *in)
{
    fth_socket_settle(of_input(in));
}

static int fill(firth_read_channel *in, uint64_t most);

static const fth_source source = {
    .name = "read",
    .receive = receive,
    .wait = fth_socket_wait_readable,
    .must_wait = fth_socket_must_wait,
    .fill = fill,
    .left = fth_socket_reader_left,
};

FIRTH_HOT static int fill(firth_read_channel *in, uint64_t most)
{
    return fth_read_fill_from(in, &source, most);
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

static void sent_in_background(firth_op *op)
{
    firth_socket *socket = op->owner;
    firth_write_channel *out = &socket->out;

    if (op->result > 0 && out->cause == 0) {
        fth_write_drained(out, (uint32_t)op->result);
        /* Writers that wait for room wait for it all: fewer, larger segments. */
        if (fth_write_buffered(out) > 0)
            (void)out->sink->drain(out);
    } else {
        out->in_flight = 0;
        if (op->result < 0)
            fth_write_end(out, (int)op->result, op->os_code, op->step);
        fth_write_discard(out);
    }
    if (out->upper != NULL)
        out->upper->sink->below_moved(out->upper);
    if (out->tell_left)
        fth_socket_settle(socket);
}

FIRTH_HOT static int drain(firth_write_channel *out)
{
    firth_socket *socket = of_output(out);

    while (out->in_flight == 0 && fth_write_buffered(out) > 0) {
        fth_block *block = out->block;

        block->piece.bytes = block->bytes + out->start;
        block->piece.size = fth_write_buffered(out);
        fth_op_init(&block->op, FIRTH_OP_SEND, &socket->io);
        block->op.piece_count = 1;
        block->op.with.pieces = &block->piece;
        block->op.owner = socket;
        block->op.done = sent_in_background;
        out->in_flight = fth_write_buffered(out);
        if (fth_op_submit(&block->op) == FIRTH_SUBMIT_PENDING)
            return FTH_DRAINING;
        out->in_flight = 0;
        if (block->op.result < 0) {
            fth_write_end(out, (int)block->op.result, block->op.os_code, block->op.step);
            return out->cause;
        }
        fth_write_drained(out, (uint32_t)block->op.result);
    }
    return out->in_flight > 0 ? FTH_DRAINING : FTH_DRAINED;
}

FIRTH_HOT static int64_t send_pieces(firth_write_channel *out, firth_buffer *pieces, unsigned count)
{
    firth_socket *socket = of_output(out);
    firth_op op;

    fth_op_init(&op, FIRTH_OP_SEND, &socket->io);
    op.piece_count = (uint8_t)count;
    op.with.pieces = pieces;
    (void)fth_op_await(&op, "write", socket->write_idle_ms);
    if (op.result > 0 || is_passing(op.result) || (op.result == FIRTH_ERR_TIMED_OUT && op.os_code == 0))
        return op.result;
    fth_write_end(out, (int)op.result, op.os_code, op.step);
    return out->cause;
}

static int64_t attempt(firth_write_channel *out, const void *bytes, size_t size)
{
    firth_socket *socket = of_output(out);
    firth_buffer piece = {bytes, size};
    firth_op op;

    fth_op_init(&op, FIRTH_OP_SEND, &socket->io);
    op.attempt_only = true;
    op.piece_count = 1;
    op.with.pieces = &piece;
    (void)fth_op_submit(&op);
    if (op.result > 0 || op.result == FIRTH_ERR_WOULD_BLOCK)
        return op.result;
    fth_write_end(out, (int)op.result, op.os_code, op.step);
    return out->cause;
}

int64_t fth_socket_idle_deadline_ns(const firth_write_channel *out)
{
    const firth_socket *socket = of_output(out);

    return socket->write_idle_ms > 0 ? fth_after_ms(firth_now_ns(), socket->write_idle_ms) : INT64_MAX;
}

static int finish(firth_write_channel *out)
{
    firth_socket *socket = of_output(out);

    return socket->io.selector->backend->shutdown_write(&socket->io);
}

void fth_socket_writer_left(firth_write_channel *out)
{
    fth_socket_settle(of_output(out));
}

/* Without the rest of its bytes the stream is of no use to the peer: it gets a reset as soon as nobody is inside any
 * more, and reading ends here and now. */
void fth_socket_write_cancelled(firth_write_channel *out, int cause)
{
    firth_socket *socket = of_output(out);

    socket->how = FIRTH_CLOSE_RESET;
    socket->in.tell_left = out->tell_left = true;
    if (socket->in.cause == 0 || fth_read_buffered(&socket->in) > 0)
        firth_read_cancel(&socket->in, cause);
    fth_socket_settle(socket);
}

const fth_sink fth_socket_sink = {
    .name = "write",
    .drain = drain,
    .send = send_pieces,
    .idle_deadline_ns = fth_socket_idle_deadline_ns,
    .finish = finish,
    .attempt = attempt,
    .left = fth_socket_writer_left,
    .cancelled = fth_socket_write_cancelled,
};

/* ---- on a backend's io ------------------------------------------------------------------------------------------- */

void fth_socket_stop_sending(firth_socket *socket)
{
    fth_op_cancel(&socket->out.block->op);
}

void fth_socket_close_io(firth_socket *socket)
{
    if (socket->io.native != -1)
        socket->io.selector->backend->socket_close(&socket->io, (firth_close_how)socket->how);
    socket->io.native = -1;
}

const fth_socket_kind fth_socket_plain = {
    .source = &source,
    .sink = &fth_socket_sink,
    .farewell = fth_socket_farewell,
    .stop_sending = fth_socket_stop_sending,
    .close = fth_socket_close_io,
};
