/* SPDX-License-Identifier: Apache-2.0 */
/* Unix datagram sockets: the life is that of UDP's, receiving and sending are attempts with waits between. */
#include "core/base/list.h"
#include "core/sockets/datagram.h"
#include "core/sockets/unix.h"
#include <firth/unix_datagram.h>
#include <string.h>

/* How long a receiver without room is left alone when no report of this socket would tell. */
enum { BACKOFF_FIRST_MS = 1, BACKOFF_LAST_MS = 16 };

struct firth_unix_datagram_socket {
    firth_datagram_socket socket;
    firth_unix_address address;
    firth_unix_file file;
    bool unlink_on_close;
};

/* While the socket is bound its file's number is nobody else's. */
static void closing(firth_datagram_socket *socket)
{
    firth_unix_datagram_socket *self = FTH_CONTAINER(socket, firth_unix_datagram_socket, socket);

    if (self->unlink_on_close)
        fth_unix_slots(socket->io.selector)->unlink(&self->address, &self->file);
}

/* ---- opening ------------------------------------------------------------------------------------------------------- */

static firth_unix_datagram_socket *new_socket(firth_selector *selector)
{
    firth_unix_datagram_socket *made = firth_selector_allocate(selector, sizeof *made);

    if (made != NULL) {
        made->socket.io.selector = selector;
        made->socket.io.native = -1;
        made->socket.closing = closing;
    }
    return made;
}

static int bind_to(const firth_unix_builder *builder, firth_unix_datagram_socket *socket)
{
    const firth_unix_backend *slots = fth_unix_slots(builder->selector);
    firth_io *io = &socket->socket.io;
    int rc = slots->open(io, true);

    if (rc < 0) {
        io->native = -1;
        return rc;
    }
    rc = fth_unix_apply(builder, io);
    if (rc < 0 || socket->address.size == 0)
        return rc;
    rc = slots->bind(io, &socket->address, builder->mode, builder->replace_stale, builder->unlink_on_close,
                     &socket->file);
    socket->unlink_on_close = rc >= 0 && builder->unlink_on_close;
    return rc;
}

/* A socket without an address (size 0) has no use for what is said of its file. */
static int open_at(const firth_unix_builder *full, const firth_unix_address *address,
                   firth_unix_datagram_socket **socket, const char *place)
{
    firth_unix_datagram_socket *made;
    int rc;

    fth_selector_assert_thread(full->selector);
    if (address->size > 0 && (rc = fth_unix_check_bind(full, address)) < 0)
        return rc;
    made = new_socket(full->selector);
    if (made == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_unix");
    made->address = *address;
    rc = bind_to(full, made);
    if (rc < 0) {
        fth_datagram_socket_discard(&made->socket);
        return rc;
    }
    fth_datagram_socket_start(&made->socket, place);
    *socket = made;
    return FIRTH_OK;
}

int firth_unix_datagram_bind_at(const firth_unix_builder *builder, const char *path,
                                firth_unix_datagram_socket **socket, const char *place)
{
    firth_unix_builder full = {.selector = NULL};
    firth_unix_address address = {.size = 0};
    int rc = fth_unix_read(&full, builder);

    *socket = NULL;
    if (rc < 0 || (path != NULL && (rc = firth_unix_address_make(&address, path, full.abstract)) < 0))
        return rc;
    return open_at(&full, &address, socket, place);
}

int firth_unix_datagram_bind_to_at(const firth_unix_builder *builder, const firth_unix_address *address,
                                   firth_unix_datagram_socket **socket, const char *place)
{
    firth_unix_builder full = {.selector = NULL};
    int rc = fth_unix_read(&full, builder);

    *socket = NULL;
    if (rc < 0 || (rc = fth_unix_check_address(address)) < 0)
        return rc;
    return open_at(&full, address, socket, place);
}

int firth_unix_datagram_adopt_at(const firth_unix_builder *builder, intptr_t descriptor,
                                 firth_unix_datagram_socket **socket, const char *place)
{
    firth_unix_builder full = {.selector = NULL};
    firth_unix_datagram_socket *made;
    intptr_t ignored;
    int rc = fth_unix_read(&full, builder);

    *socket = NULL;
    if (rc < 0 || full.selector == NULL)
        return rc;
    fth_selector_assert_thread(full.selector);
    made = new_socket(full.selector);
    if (made == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_unix");
    rc = fth_unix_slots(full.selector)->adopt(&made->socket.io, descriptor, true);
    if (rc >= 0) {
        rc = fth_unix_apply(&full, &made->socket.io);
        if (rc < 0)
            (void)full.selector->backend->release(&made->socket.io, &ignored);
    }
    if (rc < 0) {
        made->socket.io.native = -1;
        fth_datagram_socket_discard(&made->socket);
        return rc;
    }
    fth_datagram_socket_start(&made->socket, place);
    *socket = made;
    return FIRTH_OK;
}

int firth_unix_datagram_connect(firth_unix_datagram_socket *socket, const firth_unix_address *address)
{
    int rc = fth_datagram_socket_check(&socket->socket);

    if (rc < 0 || (rc = fth_unix_check_address(address)) < 0)
        return rc;
    return fth_unix_slots(socket->socket.io.selector)->connect(&socket->socket.io, address);
}

/* ---- entering and leaving a call ------------------------------------------------------------------------------------ */

static int enter(firth_datagram_socket *socket, fth_datagram_side *side)
{
    int rc = fth_datagram_socket_check(socket);

    if (rc < 0)
        return rc;
    if (side->task != NULL)
        return firth_fail(FIRTH_ERR_BUSY, 0, "datagram socket");
    side->task = fth_current;
    rc = fth_task_enter(socket->io.selector);
    if (rc >= 0 && socket->closed)
        rc = FIRTH_ERR_CLOSED;
    if (rc < 0)
        side->task = NULL;
    if (rc < 0 && socket->closed) {
        fth_datagram_socket_settle(socket);
        rc = firth_fail(FIRTH_ERR_CLOSED, 0, "datagram socket");
    }
    return rc;
}

static int64_t leave(firth_datagram_socket *socket, fth_datagram_side *side, int64_t result)
{
    side->task = NULL;
    if (!socket->closed)
        return result;
    fth_datagram_socket_settle(socket);
    return firth_fail(FIRTH_ERR_CLOSED, 0, "datagram socket");
}

static int64_t wait_for(firth_datagram_socket *socket, fth_datagram_side *side, firth_op_kind kind, const char *what)
{
    firth_op op;
    int64_t rc;

    fth_op_init(&op, kind, &socket->io);
    side->op = &op;
    rc = fth_op_await(&op, what, 0);
    side->op = NULL;
    return rc < 0 || !socket->closed ? rc : FIRTH_ERR_CLOSED;
}

/* ---- receiving and sending ------------------------------------------------------------------------------------------ */

static int check_message(const firth_unix_message *message, size_t size, size_t descriptors)
{
    if (message->bytes == NULL && size > 0)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "bytes");
    if (descriptors > FIRTH_UNIX_DESCRIPTORS_MAX || (message->descriptors == NULL && descriptors > 0))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "descriptors");
    return FIRTH_OK;
}

int64_t firth_unix_receive(firth_unix_datagram_socket *socket, firth_unix_message *message)
{
    firth_datagram_socket *base = &socket->socket;
    const firth_unix_backend *slots = fth_unix_slots(base->io.selector);
    int64_t n = check_message(message, message->capacity, message->descriptor_capacity);

    if (n < 0 || (n = enter(base, &base->receiving)) < 0)
        return n;
    while ((n = slots->receive(&base->io, message)) == FIRTH_ERR_WOULD_BLOCK)
        if ((n = wait_for(base, &base->receiving, FIRTH_OP_WAIT_READABLE, "receive")) < 0)
            break;
    return leave(base, &base->receiving, n);
}

/* Until there may be room: by a report, or for a while. */
static int64_t wait_for_room(firth_datagram_socket *socket, const firth_unix_message *message, int64_t *backoff_ms)
{
    if (message->address == NULL)
        return wait_for(socket, &socket->sending, FIRTH_OP_WAIT_WRITABLE, "send");
    if (fth_task_park("send", fth_after_ms(firth_now_ns(), *backoff_ms)) == FIRTH_ERR_CANCELED)
        return fth_task_canceled();
    *backoff_ms = *backoff_ms * 2 < BACKOFF_LAST_MS ? *backoff_ms * 2 : BACKOFF_LAST_MS;
    return socket->closed ? FIRTH_ERR_CLOSED : FIRTH_OK;
}

int firth_unix_send(firth_unix_datagram_socket *socket, const firth_unix_message *message)
{
    firth_datagram_socket *base = &socket->socket;
    const firth_unix_backend *slots = fth_unix_slots(base->io.selector);
    int64_t n = check_message(message, message->size, message->descriptor_count), backoff_ms = BACKOFF_FIRST_MS;

    if (n >= 0 && message->address != NULL)
        n = fth_unix_check_address(message->address);
    if (n < 0 || (n = enter(base, &base->sending)) < 0)
        return (int)n;
    while ((n = slots->send(&base->io, message)) == FIRTH_ERR_WOULD_BLOCK)
        if ((n = wait_for_room(base, message, &backoff_ms)) < 0)
            break;
    n = leave(base, &base->sending, n);
    return n < 0 ? (int)n : FIRTH_OK;
}

/* ---- small calls ----------------------------------------------------------------------------------------------------- */

void firth_unix_datagram_close(firth_unix_datagram_socket *socket)
{
    firth_datagram_socket_close(socket != NULL ? &socket->socket : NULL);
}

void firth_scope_own_unix_datagram(firth_scope *scope, firth_unix_datagram_socket *socket)
{
    firth_scope_own_datagram_socket(scope, &socket->socket);
}

static int get_address(const firth_unix_datagram_socket *socket, bool of_peer, firth_unix_address *address)
{
    int rc = fth_datagram_socket_check(&socket->socket);

    memset(address, 0, sizeof *address);
    return rc < 0 ? rc : fth_unix_slots(socket->socket.io.selector)->address(&socket->socket.io, of_peer, address);
}

int firth_unix_datagram_local_address(const firth_unix_datagram_socket *socket, firth_unix_address *address)
{
    return get_address(socket, false, address);
}

int firth_unix_datagram_peer_address(const firth_unix_datagram_socket *socket, firth_unix_address *address)
{
    return get_address(socket, true, address);
}

int firth_unix_datagram_get_option(const firth_unix_datagram_socket *socket, firth_option option, int *value)
{
    int rc = fth_datagram_socket_check(&socket->socket);

    return rc < 0 ? rc : fth_option_get(&socket->socket.io, FTH_UNIX, option, value);
}

int firth_unix_datagram_set_option(firth_unix_datagram_socket *socket, firth_option option, int value)
{
    int rc = fth_datagram_socket_check(&socket->socket);

    return rc < 0 ? rc : fth_option_set(&socket->socket.io, FTH_UNIX, option, value);
}

intptr_t firth_unix_datagram_descriptor(const firth_unix_datagram_socket *socket)
{
    return firth_datagram_socket_descriptor(&socket->socket);
}
