/* SPDX-License-Identifier: Apache-2.0 */
/* Receive and send: one system call an attempt, and what its outcome proves about the next. */
#include "backends/readiness/reactor.h"

#include <errno.h>
#include <sys/socket.h>

#include "core/base/assert.h"

/* Linux moves at most 2 GiB less a page at once and a BSD refuses more than INT_MAX; a transfer that the system cut
 * short by itself would be taken for a short one. Ask for less than either. */
static const size_t transfer_limit_bytes = (size_t)1 << 30;

/* One piece, as nearly all ops have. */
static size_t only_piece(const firth_op *op, void **bytes)
{
    const firth_buffer *piece = op->with.pieces;

    *bytes = (void *)(uintptr_t)piece->bytes;
    return piece->size < transfer_limit_bytes ? piece->size : transfer_limit_bytes;
}

/* The pieces as the system wants them; returns how many bytes they are. */
static size_t to_vector(const firth_op *op, struct iovec *vector, size_t *count)
{
    size_t total = 0, i;

    for (i = 0; i < op->piece_count && total < transfer_limit_bytes; i++) {
        const firth_buffer *piece = &op->with.pieces[i];
        size_t room = transfer_limit_bytes - total;

        vector[i].iov_base = (void *)(uintptr_t)piece->bytes;
        vector[i].iov_len = piece->size < room ? piece->size : room;
        total += vector[i].iov_len;
    }
    *count = i;
    return total;
}

static ssize_t receive_gathered(const firth_op *op, size_t *asked)
{
    struct iovec vector[FIRTH_OP_PIECES_MAX];
    struct msghdr message = {.msg_iov = vector};
    size_t count;

    *asked = to_vector(op, vector, &count);
    message.msg_iovlen = count;
    return recvmsg((int)op->io->native, &message, 0);
}

static ssize_t receive(const firth_op *op, size_t *asked)
{
    void *bytes;
    ssize_t n;

    do {
        if (op->piece_count == 1) {
            *asked = only_piece(op, &bytes);
            n = recv((int)op->io->native, bytes, *asked, 0);
        } else {
            n = receive_gathered(op, asked);
        }
    } while (n < 0 && errno == EINTR);
    return n;
}

static ssize_t transmit_gathered(const firth_op *op, size_t *asked)
{
    struct iovec vector[FIRTH_OP_PIECES_MAX];
    struct msghdr message = {.msg_iov = vector};
    size_t count;

    *asked = to_vector(op, vector, &count);
    message.msg_iovlen = count;
    return sendmsg((int)op->io->native, &message, MSG_NOSIGNAL);
}

static ssize_t transmit(const firth_op *op, size_t *asked)
{
    void *bytes;
    ssize_t n;

    do {
        if (op->piece_count == 1) {
            *asked = only_piece(op, &bytes);
            n = send((int)op->io->native, bytes, *asked, MSG_NOSIGNAL);
        } else {
            n = transmit_gathered(op, asked);
        }
    } while (n < 0 && errno == EINTR);
    return n;
}

/* The system tells a socket's error to whichever call comes first, and afterwards a read ends as if the peer had closed
 * (Linux, tcp_recvmsg: sk_err is taken once). So the error is kept: cut off is not the same as finished.
 * EPIPE is no such error: it is what a sender hears after its own end, or after another call took the real one.
 * Tests: a_reset_that_a_send_took_is_no_end_of_stream. */
static bool fail_transfer(firth_op *op, int os_code, const char *step)
{
    firth_io *io = op->io;

    if (os_code != EPIPE && os_code != ENOBUFS && os_code != ENOMEM && io->state >> FTH_ERROR_SHIFT == 0)
        io->state |= (uint32_t)os_code << FTH_ERROR_SHIFT;
    return fth_fail(op, os_code, step);
}

bool fth_attempt_receive(firth_op *op)
{
    firth_io *io = op->io;
    size_t asked;
    ssize_t n = receive(op, &asked);

    if (n > 0) {
        /* Less than asked means that the socket is empty and that the next bytes will be reported, which saves the call
         * that would only say so. Not so with the end of the stream or urgent data behind the bytes. */
        if ((size_t)n < asked && (io->state & (FTH_HANGUP | FTH_URGENT)) == 0)
            fth_set_dry(io);
        return fth_succeed(op, n);
    }
    if (n == 0) {
        io->state |= FTH_HANGUP;
        if (io->state >> FTH_ERROR_SHIFT != 0)
            return fth_fail(op, (int)(io->state >> FTH_ERROR_SHIFT), "recv");
        return fth_succeed(op, 0);
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        fth_set_dry(io);
        return false;
    }
    return fail_transfer(op, errno, "recv");
}

bool fth_attempt_send(firth_op *op)
{
    firth_io *io = op->io;
    size_t asked;
    ssize_t n = transmit(op, &asked);

    FTH_ASSERT(n != 0);
    if (n > 0) {
        if ((size_t)n < asked)
            io->state &= ~(uint32_t)FTH_WRITABLE;
        return fth_succeed(op, n);
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        io->state &= ~(uint32_t)FTH_WRITABLE;
        return false;
    }
    return fail_transfer(op, errno, "send");
}
