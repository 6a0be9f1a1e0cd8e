/* SPDX-License-Identifier: Apache-2.0 */
/* Receive, send, and the waits for either. */
#include "backends/iocp/iocp.h"

#include <string.h>

#include <firth/task.h>

#include "core/base/assert.h"

/* A WSABUF has 32 bits for its length. */
static const size_t transfer_limit_bytes = (size_t)1 << 30;

/* The pieces as the system wants them; returns how many bytes they are. */
static size_t to_vector(const firth_op *op, WSABUF *vector, DWORD *count)
{
    size_t total = 0;
    DWORD i;

    for (i = 0; i < op->piece_count && total < transfer_limit_bytes; i++) {
        const firth_buffer *piece = &op->with.pieces[i];
        const size_t room = transfer_limit_bytes - total, size = piece->size < room ? piece->size : room;

        vector[i].buf = (char *)(uintptr_t)piece->bytes;
        vector[i].len = (ULONG)size;
        total += size;
    }
    *count = i;
    return total;
}

/* What a wait asks for: no bytes. It ends when there would be some, and pins no buffer until then. */
static DWORD no_bytes(WSABUF *vector)
{
    static char nowhere;

    vector[0].buf = &nowhere;
    vector[0].len = 0;
    return 1;
}

/* The system tells a connection's error to whichever call comes first, and a read afterwards that the stream has ended. So
 * the error is kept: cut off is not the same as finished. WSAESHUTDOWN is what a sender hears after its own end.
 * Test: a_wait_for_readable_ends_with_bytes_an_end_or_a_reset. */
static void keep_error(firth_io *io, int os_code)
{
    if (os_code != WSAESHUTDOWN && os_code != WSAENOBUFS && os_code != WSA_OPERATION_ABORTED &&
        os_code != WSAEWOULDBLOCK && io->state >> FTH_ERROR_SHIFT == 0)
        io->state |= (uint32_t)os_code << FTH_ERROR_SHIFT;
}

static int kept_error(const firth_io *io)
{
    return (int)(io->state >> FTH_ERROR_SHIFT);
}

/* A reset that no op was there for some systems take note of, and then tell a reader that the stream has ended (Wine 8,
 * measured; SO_ERROR is 0). Sending nothing, by a side that has not ended, tells the two apart: it fails after a reset
 * alone. A clean end that has been told stays one. Test: a_normal_close_is_the_peers_end_and_a_reset_is_not. */
static int error_behind_the_end(firth_io *io)
{
    WSABUF nothing[1];
    DWORD bytes = 0;

    if (kept_error(io) != 0 || (io->state & (FTH_ENDED | FTH_SHUT | FTH_UNIX)) != 0)
        return kept_error(
            io); /* Wine has no Unix sockets, and without a peer they take nothing after a clean end either */
    if (WSASend(fth_socket_of(io), nothing, no_bytes(nothing), &bytes, 0, NULL, NULL) != 0 &&
        WSAGetLastError() != WSAEWOULDBLOCK)
        return WSAECONNRESET;
    io->state |= FTH_ENDED;
    return 0;
}

/* ---- ahead ------------------------------------------------------------------------------------------------------- */

/* A wait on a connection that is busy receives a little, into the socket's record, so that a message takes one call to be
 * waited for and received. On one that is idle, or new, it receives nothing: so an idle connection pins no buffer.
 * Tests: a_message_costs_a_receive_a_send_and_a_look, a_new_connection_waits_with_no_buffer. */
enum { FTH_IDLE_MS = 1000 };

static DWORD wait_vector(fth_record *record, WSABUF *vector)
{
    record->waiting_since_ns = firth_now_ns();
    if (!record->is_busy)
        return no_bytes(vector);
    vector[0].buf = record->ahead;
    vector[0].len = sizeof record->ahead;
    return 1;
}

static void wait_ended(fth_record *record, DWORD bytes)
{
    record->is_busy = firth_now_ns() - record->waiting_since_ns < (int64_t)FTH_IDLE_MS * 1000000;
    record->ahead_start = 0;
    record->ahead_end = bytes;
}

static bool has_ahead(const fth_record *record)
{
    return record->ahead_start < record->ahead_end;
}

/* What a wait has received. When it had room for more the socket is empty, most likely. */
static firth_submit receive_ahead(firth_op *op, fth_record *record)
{
    size_t total = 0;
    DWORD i;

    for (i = 0; i < op->piece_count && has_ahead(record); i++) {
        const firth_buffer *piece = &op->with.pieces[i];
        const uint32_t left = record->ahead_end - record->ahead_start;
        const uint32_t some = piece->size < left ? (uint32_t)piece->size : left;

        memcpy((char *)(uintptr_t)piece->bytes, record->ahead + record->ahead_start, some);
        record->ahead_start += some;
        total += some;
    }
    if (!has_ahead(record) && record->ahead_end < sizeof record->ahead)
        op->io->state |= FIRTH_IO_DRY;
    else
        op->io->state &= ~(uint32_t)FIRTH_IO_DRY;
    return fth_end(op, (int64_t)total, 0, NULL);
}

/* ---- receive ----------------------------------------------------------------------------------------------------- */

/* asked: to tell a short receive, after which the socket is empty, most likely; core then waits before it asks again. */
static firth_submit received(firth_op *op, DWORD bytes, size_t asked)
{
    firth_io *io = op->io;
    int os_code;

    if (bytes > 0) {
        if (bytes < asked)
            io->state |= FIRTH_IO_DRY;
        else
            io->state &= ~(uint32_t)FIRTH_IO_DRY;
        return fth_end(op, bytes, 0, NULL);
    }
    io->state &= ~(uint32_t)FIRTH_IO_DRY;
    os_code = error_behind_the_end(io);
    if (os_code == 0)
        return fth_end(op, 0, 0, NULL);
    keep_error(io, os_code);
    return fth_fail(op, os_code, "recv");
}

static firth_submit receive_failed(firth_op *op, int os_code)
{
    keep_error(op->io, os_code);
    return fth_fail(op, os_code, "recv");
}

static firth_submit attempt_receive(firth_op *op)
{
    WSABUF vector[FIRTH_OP_PIECES_MAX];
    DWORD count, bytes = 0, flags = 0;
    const size_t asked = to_vector(op, vector, &count);

    if (WSARecv(fth_socket_of(op->io), vector, count, &bytes, &flags, NULL, NULL) == 0)
        return received(op, bytes, asked);
    if (WSAGetLastError() == WSAEWOULDBLOCK) {
        if (kept_error(op->io) != 0)
            return fth_fail(op, kept_error(op->io), "recv");
        op->io->state |= FIRTH_IO_DRY;
        return fth_end(op, FIRTH_ERR_WOULD_BLOCK, 0, "recv");
    }
    return receive_failed(op, WSAGetLastError());
}

firth_submit fth_receive_start(firth_op *op)
{
    fth_record *record = fth_record_of(op->io);
    WSABUF vector[FIRTH_OP_PIECES_MAX];
    DWORD count, bytes = 0, flags = 0;
    int os_code;

    if (op->kind == FIRTH_OP_RECEIVE && has_ahead(record))
        return receive_ahead(op, record);
    if (op->attempt_only)
        return attempt_receive(op);
    if (op->kind == FIRTH_OP_WAIT_READABLE) {
        if (kept_error(op->io) != 0 || has_ahead(record)) { /* there is something to be told */
            op->io->state &= ~(uint32_t)FIRTH_IO_DRY;
            return fth_end(op, FIRTH_OK, 0, NULL);
        }
        count = wait_vector(record, vector);
    } else {
        (void)to_vector(op, vector, &count);
    }
    os_code = WSARecv(fth_socket_of(op->io), vector, count, &bytes, &flags, &record->reading, NULL) == 0
                  ? 0
                  : WSAGetLastError();
    return fth_is_pending(op->io, os_code) ? FIRTH_SUBMIT_PENDING : fth_receive_end(op, os_code, bytes);
}

firth_submit fth_receive_end(firth_op *op, int os_code, DWORD bytes)
{
    WSABUF vector[FIRTH_OP_PIECES_MAX];
    DWORD count;

    if (os_code == WSA_OPERATION_ABORTED && bytes == 0)
        return fth_end(op, FIRTH_ERR_CANCELED, 0, "recv");
    if (os_code == WSA_OPERATION_ABORTED) /* data beats cancel */
        os_code = 0;
    if (op->kind == FIRTH_OP_RECEIVE)
        return os_code == 0 ? received(op, bytes, to_vector(op, vector, &count)) : receive_failed(op, os_code);
    wait_ended(fth_record_of(op->io), bytes);
    /* Of an error the next receive tells, after the bytes before it. */
    if (os_code != 0)
        keep_error(op->io, os_code);
    op->io->state &= ~(uint32_t)FIRTH_IO_DRY;
    return fth_end(op, FIRTH_OK, 0, NULL);
}

/* ---- send -------------------------------------------------------------------------------------------------------- */

static firth_submit send_failed(firth_op *op, int os_code)
{
    keep_error(op->io, os_code);
    return fth_fail(op, os_code, "send");
}

static firth_submit attempt_send(firth_op *op)
{
    WSABUF vector[FIRTH_OP_PIECES_MAX];
    DWORD count, bytes = 0;

    (void)to_vector(op, vector, &count);
    if (WSASend(fth_socket_of(op->io), vector, count, &bytes, 0, NULL, NULL) == 0)
        return fth_end(op, bytes, 0, NULL);
    if (WSAGetLastError() == WSAEWOULDBLOCK) {
        op->io->state |= FTH_BLOCKED;
        return fth_end(op, FIRTH_ERR_WOULD_BLOCK, 0, "send");
    }
    return send_failed(op, WSAGetLastError());
}

firth_submit fth_send_start(firth_op *op)
{
    fth_record *record = fth_record_of(op->io);
    WSABUF vector[FIRTH_OP_PIECES_MAX];
    DWORD count, bytes = 0;
    int os_code;

    if (op->attempt_only)
        return attempt_send(op);
    if (op->kind == FIRTH_OP_SEND)
        (void)to_vector(op, vector, &count);
    else if ((op->io->state & FTH_BLOCKED) == 0)
        return fth_end(op, FIRTH_OK, 0, NULL); /* as far as is known */
    else
        count = no_bytes(vector);
    os_code =
        WSASend(fth_socket_of(op->io), vector, count, &bytes, 0, &record->writing, NULL) == 0 ? 0 : WSAGetLastError();
    return fth_is_pending(op->io, os_code) ? FIRTH_SUBMIT_PENDING : fth_send_end(op, os_code, bytes);
}

/* A send that was cancelled half-way tells how far it came, and that is its result: those bytes are on their way. */
firth_submit fth_send_end(firth_op *op, int os_code, DWORD bytes)
{
    if (op->kind == FIRTH_OP_SEND && bytes > 0 && (os_code == 0 || os_code == WSA_OPERATION_ABORTED)) {
        op->io->state &= ~(uint32_t)FTH_BLOCKED;
        return fth_end(op, bytes, 0, NULL);
    }
    if (os_code == WSA_OPERATION_ABORTED)
        return fth_end(op, FIRTH_ERR_CANCELED, 0, "send");
    if (os_code != 0 && op->kind == FIRTH_OP_SEND)
        return send_failed(op, os_code);
    if (os_code != 0)
        keep_error(op->io, os_code);
    op->io->state &= ~(uint32_t)FTH_BLOCKED;
    return fth_end(op, FIRTH_OK, 0, NULL);
}
