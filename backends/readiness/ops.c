/* SPDX-License-Identifier: Apache-2.0 */
/* An op from its first attempt to its end. Receive and send are here too, and not in files of their own: a request takes
 * this way twice, and each call less on it is one less to return from after the system call. */
#include "backends/readiness/datagram.h"
#include "backends/readiness/reactor.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "backends/readiness/descriptors.h"
#include "core/base/assert.h"

/* ---- receive and send: one system call an attempt, and what its outcome proves about the next ---------------------- */

/* One piece, as nearly all ops have. */
static size_t only_piece(const firth_op *op, void **bytes)
{
    const firth_buffer *piece = op->with.pieces;

    *bytes = (void *)(uintptr_t)piece->bytes;
    return piece->size < (size_t)FTH_TRANSFER_BYTES ? piece->size : (size_t)FTH_TRANSFER_BYTES;
}

/* The pieces as the system wants them; returns how many bytes they are. */
static size_t to_vector(const firth_op *op, struct iovec *vector, size_t *count)
{
    size_t total = 0, i;

    for (i = 0; i < op->piece_count && total < (size_t)FTH_TRANSFER_BYTES; i++) {
        const firth_buffer *piece = &op->with.pieces[i];
        size_t room = (size_t)FTH_TRANSFER_BYTES - total;

        vector[i].iov_base = (void *)(uintptr_t)piece->bytes;
        vector[i].iov_len = piece->size < room ? piece->size : room;
        total += vector[i].iov_len;
    }
    *count = i;
    return total;
}

FIRTH_NOINLINE static ssize_t receive_gathered(const firth_op *op, size_t *asked)
{
    struct iovec vector[FIRTH_OP_PIECES_MAX];
    struct msghdr message = {.msg_iov = vector};
    size_t count;

    *asked = to_vector(op, vector, &count);
    message.msg_iovlen = (__typeof__(message.msg_iovlen))count; /* an int on the BSDs */
    return recvmsg((int)op->io->native, &message, 0);
}

FIRTH_INLINE ssize_t receive(const firth_op *op, size_t *asked)
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

FIRTH_NOINLINE static ssize_t transmit_gathered(const firth_op *op, size_t *asked)
{
    struct iovec vector[FIRTH_OP_PIECES_MAX];
    struct msghdr message = {.msg_iov = vector};
    size_t count;

    *asked = to_vector(op, vector, &count);
    message.msg_iovlen = (__typeof__(message.msg_iovlen))count;
    return sendmsg((int)op->io->native, &message, MSG_NOSIGNAL);
}

FIRTH_INLINE ssize_t transmit(const firth_op *op, size_t *asked)
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

/* A read ends at the urgent mark, and at descriptors, and some bytes that were reported are left then. What comes after the
 * report is reported too. Test: urgent_data_does_not_hide_what_follows. */
FIRTH_NOINLINE static void count_read(firth_io *io, uint32_t n, bool is_short)
{
    const fth_reactor *reactor = fth_reactor_of(io);
    uint32_t *left;

    if (reactor->poller->bytes == NULL)
        return;
    left = reactor->poller->bytes(reactor->poller_state, fth_slots_token(reactor, io));
    *left = *left > n ? *left - n : 0;
    if (is_short && *left == 0 && (io->state & FTH_HANGUP) == 0)
        fth_set_dry(io);
}

FIRTH_INLINE bool attempt_receive(firth_op *op)
{
    firth_io *io = op->io;
    size_t asked;
    ssize_t n = receive(op, &asked);

    if (n > 0) {
        /* Less than asked means that the socket is empty and that the next bytes will be reported, which saves the call
         * that would only say so. Not so with the end of the stream or urgent data behind the bytes. */
        if ((size_t)n < asked && (io->state & (FTH_HANGUP | FTH_URGENT)) == 0)
            fth_set_dry(io);
        else if ((io->state & FTH_URGENT) != 0)
            count_read(io, (uint32_t)n, (size_t)n < asked);
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

FIRTH_COLD FIRTH_NOINLINE static bool fail_send(firth_op *op)
{
    /* Buffers come back without an event, so a poller that can try again does so. The state says "writable" still: that
     * is what asks for the second look. Test: a_send_without_buffers_is_tried_again. */
    if (errno == ENOBUFS && fth_reactor_of(op->io)->poller->waits_for_buffers)
        return false;
    /* macOS: a send that meets the peer's reset half-way (libuv, src/unix/stream.c). Test: eprototype_is_a_reset. */
    return fail_transfer(op, errno == EPROTOTYPE ? ECONNRESET : errno, "send");
}

FIRTH_INLINE bool attempt_send(firth_op *op)
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
    return fail_send(op);
}

/* What each kind of op waits for, and the name of its step. */
static const struct rule {
    unsigned ready;
    const char *step;
} rules[] = {
    [FIRTH_OP_WAIT_READABLE] = {FTH_READABLE, "recv"},
    [FIRTH_OP_WAIT_WRITABLE] = {FTH_WRITABLE, "send"},
    [FIRTH_OP_ACCEPT] = {FTH_READABLE, "accept"},
    [FIRTH_OP_CONNECT] = {FTH_WRITABLE, "connect"},
    [FIRTH_OP_RECEIVE] = {FTH_READABLE, "recv"},
    [FIRTH_OP_SEND] = {FTH_WRITABLE, "send"},
    [FIRTH_OP_RECEIVE_DATAGRAMS] = {FTH_READABLE, "recvmsg"},
    [FIRTH_OP_SEND_DATAGRAMS] = {FTH_WRITABLE, "sendmsg"},
};

/* ---- ops --------------------------------------------------------------------------------------------------------- */

static firth_op **side_of(const firth_op *op)
{
    return rules[op->kind].ready == FTH_READABLE ? &op->io->reading : &op->io->writing;
}

/* Sees to it that a report comes for an op that waits. Returns 0 or an errno, which only a first call for io can do. */
static int watch(fth_reactor *reactor, firth_io *io, unsigned ready)
{
    const fth_poller *poller = reactor->poller;
    uint64_t token = fth_slots_token(reactor, io);
    unsigned watched = io->state / FTH_WATCHED_READ & (FTH_READABLE | FTH_WRITABLE);
    unsigned wanted = watched | ready | FTH_READABLE;
    int os_code;

    if (!poller->edges) {
        poller->arm(reactor->poller_state, (int)io->native, token, ready);
    } else if (watched == 0) {
        os_code = poller->add(reactor->poller_state, (int)io->native, token, wanted | (io->state & FTH_LEVEL));
        if (os_code != 0)
            return os_code;
    } else if (wanted != watched || (io->state & ready) != 0) {
        /* The first blocked write, or an attempt that gave up before it was blocked. */
        poller->arm(reactor->poller_state, (int)io->native, token, wanted | (io->state & FTH_LEVEL));
    }
    io->state |= wanted * FTH_WATCHED_READ | (poller->edges ? (unsigned)FTH_STANDING : 0u);
    return 0;
}

/* The report is on its way, or was asked for once and for all, and the last attempt was really blocked. */
static bool is_watched(const firth_io *io, unsigned ready)
{
    return (io->state & (FTH_STANDING | ready * FTH_WATCHED_READ | ready)) == (FTH_STANDING | ready * FTH_WATCHED_READ);
}

/* The first wait for io, or the first after an attempt that gave up too early. */
FIRTH_NOINLINE static firth_submit watch_and_pend(firth_op *op)
{
    fth_reactor *reactor = fth_reactor_of(op->io);
    int os_code = watch(reactor, op->io, rules[op->kind].ready);

    if (os_code != 0) {
        fth_fail(op, os_code, reactor->poller->add_step);
        return FIRTH_SUBMIT_DONE;
    }
    *side_of(op) = op;
    return FIRTH_SUBMIT_PENDING;
}

/* Apart from what attempts, so that an op which ends at once does not pay for what waiting takes, nor the other way. */
FIRTH_HOT FIRTH_NOINLINE static firth_submit pend(firth_op *op)
{
    const struct rule *rule = &rules[op->kind];

    if (op->attempt_only) {
        fth_end(op, FIRTH_ERR_WOULD_BLOCK, 0, rule->step);
        return FIRTH_SUBMIT_DONE;
    }
    if (!is_watched(op->io, rule->ready))
        return watch_and_pend(op);
    *side_of(op) = op;
    return FIRTH_SUBMIT_PENDING;
}

FIRTH_NOINLINE static bool attempt_rarely(firth_op *op, bool first)
{
    if (op->kind == FIRTH_OP_ACCEPT)
        return fth_attempt_accept(op);
    if (op->kind == FIRTH_OP_CONNECT)
        return first ? fth_attempt_connect(op) : fth_attempt_connected(op);
    return fth_succeed(op, FIRTH_OK); /* a wait */
}

/* One attempt, the first of this op or a later one, the frequent kinds first. Not by a table, and of so few kinds that the
 * compiler makes none: a jump by pointer is one that the processor guesses wrong after a system call. */
FIRTH_INLINE bool attempt(firth_op *op, bool first)
{
    if (op->kind == FIRTH_OP_RECEIVE)
        return attempt_receive(op);
    if (op->kind == FIRTH_OP_SEND)
        return attempt_send(op);
    if (op->kind == FIRTH_OP_RECEIVE_DATAGRAMS)
        return fth_attempt_receive_datagrams(op);
    if (op->kind == FIRTH_OP_SEND_DATAGRAMS)
        return fth_attempt_send_datagrams(op);
    return attempt_rarely(op, first);
}

FIRTH_HOT FIRTH_NOINLINE static firth_submit attempt_or_pend(firth_op *op)
{
    return attempt(op, true) ? FIRTH_SUBMIT_DONE : pend(op);
}

FIRTH_HOT firth_submit fth_reactor_submit(firth_op *op)
{
    FTH_ASSERT(*side_of(op) == NULL);
    if ((op->io->state & rules[op->kind].ready) != 0 || op->look_again || op->kind == FIRTH_OP_CONNECT)
        return attempt_or_pend(op);
    return pend(op);
}

void fth_reactor_cancel(firth_op *op)
{
    firth_op **side = side_of(op);

    FTH_ASSERT(*side == op);
    if (*side != op)
        return;
    /* What the poller was asked for stays asked for: its report then only says what is true of the socket. */
    *side = NULL;
    firth_op_complete(op, FIRTH_ERR_CANCELED, 0, rules[op->kind].step);
}

FIRTH_HOT void fth_reactor_retry(fth_reactor *reactor, firth_io *io, firth_op **side)
{
    firth_op *op = *side;

    /* There is nothing to try, and this is what most wait by. */
    if (op->kind == FIRTH_OP_WAIT_READABLE) {
        *side = NULL;
        firth_op_complete(op, FIRTH_OK, 0, NULL);
        return;
    }
    if (!attempt(op, false)) {
        if (!is_watched(io, rules[op->kind].ready))
            (void)watch(reactor, io, rules[op->kind].ready); /* cannot fail: it is registered */
        return;
    }
    *side = NULL;
    firth_op_complete(op, op->result, op->os_code, op->step);
}

/* Waits in a row that report a listener of which nobody accepts: he may be about to, and the loop looks at its network
 * between two tasks. */
enum { FTH_UNHEEDED_MOST = 8 };

/* Level-triggered, it would be reported by every wait until somebody accepts. So after some the report is kept, and from
 * then on changes alone are told.
 * Tests: a_listener_that_nobody_accepts_from_is_quiet, an_accept_that_comes_late_costs_no_more. */
void fth_reactor_end_level(fth_reactor *reactor, firth_io *io)
{
    if (++reactor->slots[io->slot].of.listener.unheeded < FTH_UNHEEDED_MOST)
        return;
    io->state &= ~(uint32_t)FTH_LEVEL;
    reactor->poller->arm(reactor->poller_state, (int)io->native, fth_slots_token(reactor, io), FTH_READABLE);
}
