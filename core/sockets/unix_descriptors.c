/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors beside the bytes of a stream. A system drops those that come with bytes which are read without room for
 * them, so a socket that is to take any reads all its bytes with room, and keeps what came until it is asked for. */
#include "core/base/assert.h"
#include "core/base/list.h"
#include "core/base/words.h"
#include "core/channels/fill.h"
#include "core/sockets/op.h"
#include "core/sockets/unix.h"
#include <firth/unix_datagram.h>
#include <string.h>

typedef struct taker {
    firth_socket socket;
    bool lost; /* and not told yet */
    unsigned most;
    unsigned count;
    intptr_t descriptors[];
} taker;

static taker *of_socket(firth_socket *socket)
{
    return FTH_CONTAINER(socket, taker, socket);
}

/* ---- receiving ----------------------------------------------------------------------------------------------------- */

static int64_t attempt(taker *self, void *bytes, size_t size)
{
    firth_unix_message message = {.bytes = bytes,
                                  .capacity = size,
                                  .descriptors = self->descriptors + self->count,
                                  .descriptor_capacity = self->most - self->count};
    firth_io *io = &self->socket.io;
    int64_t n = fth_unix_slots(io->selector)->receive(io, &message);

    if (n > 0) {
        FTH_ASSERT(message.descriptor_count <= self->most - self->count);
        self->count += (unsigned)message.descriptor_count;
        self->lost = self->lost || message.descriptors_lost;
    }
    return n;
}

static int64_t receive(firth_read_channel *in, void *bytes, size_t size, bool attempt_only)
{
    taker *self = of_socket(FTH_CONTAINER(in, firth_socket, in));
    const firth_failure *why = firth_last_failure();
    int64_t n;
    int rc;

    while ((n = attempt(self, bytes, size)) == FIRTH_ERR_WOULD_BLOCK && !attempt_only)
        if ((rc = fth_socket_wait_readable(in)) < 0)
            return rc;
    if (n > 0 || n == FIRTH_ERR_WOULD_BLOCK)
        return n;
    if (n == 0)
        fth_read_end(in, FIRTH_EOF, 0, "recvmsg");
    else
        fth_read_end(in, (int)n, why->os_code, why->step);
    return in->cause;
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

static int fill(firth_read_channel *in, uint64_t most)
{
    return fth_read_fill_from(in, &source, most);
}

static void close_all(firth_socket *socket)
{
    taker *self = of_socket(socket);

    while (self->count > 0)
        fth_unix_slots(socket->io.selector)->discard(self->descriptors[--self->count]);
    fth_socket_close_io(socket);
}

static bool holds(firth_socket *socket)
{
    return of_socket(socket)->count > 0;
}

static const fth_socket_kind taking = {
    .source = &source,
    .sink = &fth_socket_sink,
    .farewell = fth_socket_farewell,
    .stop_sending = fth_socket_stop_sending,
    .close = close_all,
    .holds = holds,
};

firth_socket *fth_unix_socket_new(firth_selector *selector, int descriptors_max)
{
    size_t most = (size_t)descriptors_max;
    firth_socket *socket;

    if (most == 0) {
        socket = fth_socket_new(selector);
    } else {
        taker *self = firth_selector_allocate(selector, sizeof *self + most * sizeof self->descriptors[0]);

        socket = self != NULL ? &self->socket : NULL;
        if (self != NULL) {
            fth_socket_init(&self->socket, selector, &taking);
            self->most = (unsigned)most;
        }
    }
    if (socket != NULL)
        socket->transport = FTH_UNIX;
    return socket;
}

int firth_unix_take_descriptors(firth_socket *socket, intptr_t *descriptors, size_t capacity)
{
    taker *self;
    size_t taken;
    int rc = fth_socket_check(socket);

    if (rc < 0)
        return rc;
    if (socket->kind != &taking)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, FTH_OPTION("descriptors_max"));
    self = of_socket(socket);
    if (self->count == 0 && self->lost) {
        self->lost = false;
        return firth_fail(FIRTH_ERR_TOO_MANY_OPEN, 0, "recvmsg");
    }
    taken = self->count < capacity ? self->count : capacity;
    memcpy(descriptors, self->descriptors, taken * sizeof descriptors[0]);
    memmove(self->descriptors, self->descriptors + taken, (self->count - taken) * sizeof descriptors[0]);
    self->count -= (unsigned)taken;
    return (int)taken;
}

/* ---- sending ------------------------------------------------------------------------------------------------------- */

static int wait_writable(firth_socket *socket)
{
    firth_op op;

    fth_op_init(&op, FIRTH_OP_WAIT_WRITABLE, &socket->io);
    return (int)fth_op_await(&op, "write", socket->write_idle_ms);
}

/* Nothing is buffered. Returns how many bytes went, and the descriptors with them. */
static int64_t send_first(firth_socket *socket, const firth_unix_message *message)
{
    const firth_failure *why = firth_last_failure();
    int64_t n;
    int rc;

    while ((n = fth_unix_slots(socket->io.selector)->send(&socket->io, message)) == FIRTH_ERR_WOULD_BLOCK)
        if ((rc = wait_writable(socket)) < 0)
            return rc;
    if (n > 0 || n == FIRTH_ERR_ARGUMENT || n == FIRTH_ERR_TOO_MANY_OPEN) /* of the descriptors, not of the stream */
        return n;
    fth_write_end(&socket->out, (int)n, why->os_code, why->step);
    return socket->out.cause;
}

static int send_all(firth_socket *socket, const firth_unix_message *message)
{
    firth_write_channel *out = &socket->out;
    int64_t n = fth_write_flush(out);

    if (n >= 0)
        n = send_first(socket, message);
    if (n < 0)
        return fth_write_waited(out, (int)n);
    out->progress += (size_t)n;
    return fth_write_all(out, (const char *)message->bytes + n, message->size - (size_t)n, true);
}

int firth_unix_send_descriptors(firth_socket *socket, const void *bytes, size_t size, const intptr_t *descriptors,
                                size_t count)
{
    const firth_unix_message message = {.bytes = (void *)(uintptr_t)bytes,
                                        .size = size,
                                        .descriptors = (intptr_t *)(uintptr_t)descriptors,
                                        .descriptor_count = count};
    int rc = fth_socket_check(socket);

    if (rc < 0)
        return rc;
    if (bytes == NULL || size == 0)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "bytes");
    if (descriptors == NULL || count == 0 || count > FIRTH_UNIX_DESCRIPTORS_MAX)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "descriptors");
    if (socket->transport != FTH_UNIX)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "firth_unix_send_descriptors");
    rc = fth_write_enter(&socket->out);
    return rc < 0 ? rc : fth_write_leave(&socket->out, send_all(socket, &message));
}
