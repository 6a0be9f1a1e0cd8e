/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a socket but for its graceful close. */
#include "core/sockets/socket.h"
#include "core/base/assert.h"
#include "core/base/list.h"
#include "core/sockets/op.h"
#include <string.h>

static void abandon(fth_opened *opened)
{
    firth_socket_abort(FTH_CONTAINER(opened, firth_socket, opened));
}

static const fth_opened_kind socket_kind = {.name = "socket", .abandon = abandon};

uint32_t fth_milliseconds(int64_t ms)
{
    if (ms <= 0)
        return 0;
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

int fth_socket_check(const firth_socket *socket)
{
    if (socket->stage != FTH_SOCKET_OPEN)
        return FTH_MISUSE("a socket after it was closed");
    fth_selector_assert_thread(socket->io.selector);
    return FIRTH_OK;
}

firth_socket *fth_socket_new(firth_selector *selector)
{
    firth_socket *socket = firth_selector_allocate(selector, sizeof *socket);

    if (socket != NULL)
        fth_socket_init(socket, selector, &fth_socket_plain);
    return socket;
}

void fth_socket_init(firth_socket *socket, firth_selector *selector, const fth_socket_kind *kind)
{
    socket->io.selector = selector;
    socket->io.native = -1;
    socket->kind = kind;
}

void fth_socket_discard(firth_socket *socket)
{
    firth_selector *selector = socket->io.selector;

    FTH_ASSERT(socket->stage == FTH_SOCKET_NEW);
    if (socket->io.native != -1)
        selector->backend->socket_close(&socket->io, FIRTH_CLOSE_RESET);
    firth_selector_release(selector, socket);
}

static void start(firth_socket *socket, bool auto_flush, const char *place)
{
    firth_selector *selector = socket->io.selector;

    fth_read_init(&socket->in, socket->kind->source, selector);
    fth_write_init(&socket->out, socket->kind->sink, selector, auto_flush);
    socket->stage = FTH_SOCKET_OPEN;
    fth_opened_add(&selector->opened, &socket->opened, &socket_kind, place);
}

void fth_socket_start(firth_socket *socket, const firth_tcp_builder *tcp, const char *place)
{
    socket->read_idle_ms = fth_milliseconds(tcp->read_idle_ms);
    socket->write_idle_ms = fth_milliseconds(tcp->write_idle_ms);
    socket->linger_ms = fth_milliseconds(tcp->linger_ms);
    start(socket, tcp->auto_flush, place);
}

void fth_socket_start_above(firth_socket *socket, firth_socket *below, const char *place)
{
    socket->below = below;
    socket->read_idle_ms = below->read_idle_ms;
    socket->write_idle_ms = below->write_idle_ms;
    socket->linger_ms = below->linger_ms;
    start(socket, below->out.auto_flush, place);
}

static void free_socket(firth_socket *socket)
{
    fth_write_clean(&socket->out);
    fth_write_discard(&socket->out);
    socket->kind->close(socket);
    firth_selector_release(socket->io.selector, socket->host);
    fth_opened_remove(&socket->opened);
    socket->in.source = NULL;
    socket->out.sink = NULL;
    fth_selector_bury(socket->io.selector, socket);
}

void fth_socket_settle(firth_socket *socket)
{
    firth_task *closer = socket->closer;

    if (socket->in.reader != NULL || socket->out.writer != NULL)
        return;
    /* What is on its way in the background to a peer that takes nothing would never end. Test:
     * abort_behind_a_stalled_background_send_resets_at_once. */
    if (socket->how == FIRTH_CLOSE_RESET && socket->out.in_flight > 0)
        socket->kind->stop_sending(socket);
    if (closer != NULL && (socket->stage == FTH_SOCKET_CLOSING || socket->out.in_flight == 0)) {
        socket->closer = NULL;
        fth_task_wake(closer);
    } else if (socket->out.in_flight == 0 && socket->stage == FTH_SOCKET_CLOSED) {
        free_socket(socket);
    } else if (socket->out.in_flight == 0 && socket->stage == FTH_SOCKET_OPEN && socket->how == FIRTH_CLOSE_RESET) {
        socket->kind->close(socket);
    }
}

void fth_socket_put_below(firth_socket *socket)
{
    fth_socket_disown(socket);
    socket->stage = FTH_SOCKET_BELOW;
    socket->in.closed = socket->out.closed = true;
    fth_opened_remove(&socket->opened);
    fth_opened_init(&socket->opened);
}

void fth_socket_drop(firth_socket *socket, firth_close_how how)
{
    fth_socket_disown(socket);
    socket->stage = FTH_SOCKET_CLOSED;
    socket->how = (uint8_t)how;
    if (socket->out.in_flight > 0)
        socket->how = FIRTH_CLOSE_RESET;
    fth_read_close(&socket->in);
    fth_write_close(&socket->out);
    fth_write_end(&socket->out, FIRTH_ERR_CLOSED, 0, "firth_socket_abort");
    /* Nobody has it any more, though a backend that ends a cancelled op later has. Test:
     * an_aborted_socket_whose_send_ends_late_is_not_open_any_more. */
    fth_opened_move(&socket->io.selector->leaving, &socket->opened);
    fth_socket_settle(socket);
}

void firth_socket_abort(firth_socket *socket)
{
    if (socket != NULL && fth_socket_check(socket) >= 0)
        fth_socket_drop(socket, FIRTH_CLOSE_RESET);
}

/* ---- owned by a scope -------------------------------------------------------------------------------------------- */

static void close_owned(void *argument)
{
    firth_socket *socket = argument;

    socket->owner = NULL;
    (void)firth_socket_close(socket);
}

void fth_socket_disown(firth_socket *socket)
{
    if (socket->owner != NULL)
        firth_scope_disown(socket->owner, &socket->cleanup);
    socket->owner = NULL;
}

void firth_scope_own_socket(firth_scope *scope, firth_socket *socket)
{
    if (fth_socket_check(socket) < 0)
        return;
    fth_socket_disown(socket);
    socket->owner = scope;
    firth_scope_own(scope, &socket->cleanup, close_owned, socket);
}

/* ---- small calls ------------------------------------------------------------------------------------------------- */

/* The handle is good, and the connection was not reset by firth_write_cancel. */
static int check_connected(const firth_socket *socket)
{
    int rc = fth_socket_check(socket);

    if (rc >= 0 && fth_socket_io(socket)->native == -1)
        rc = firth_fail(FIRTH_ERR_NOT_CONNECTED, 0, "socket");
    return rc;
}

firth_read_channel *firth_socket_input(firth_socket *socket)
{
    (void)fth_socket_check(socket);
    return &socket->in;
}

firth_write_channel *firth_socket_output(firth_socket *socket)
{
    (void)fth_socket_check(socket);
    return &socket->out;
}

int firth_socket_local_address(const firth_socket *socket, firth_address *address)
{
    int rc = check_connected(socket);

    return rc < 0 ? rc : socket->io.selector->backend->local_address(fth_socket_io(socket), address);
}

int firth_socket_peer_address(const firth_socket *socket, firth_address *address)
{
    int rc = check_connected(socket);

    return rc < 0 ? rc : socket->io.selector->backend->peer_address(fth_socket_io(socket), address);
}

int firth_socket_get_option(const firth_socket *socket, firth_option option, int *value)
{
    int rc = check_connected(socket);

    while (socket->below != NULL)
        socket = socket->below;
    return rc < 0 ? rc : fth_option_get(&socket->io, (fth_transport)socket->transport, option, value);
}

int firth_socket_set_option(firth_socket *socket, firth_option option, int value)
{
    int rc = check_connected(socket);

    while (socket->below != NULL)
        socket = socket->below;
    return rc < 0 ? rc : fth_option_set(&socket->io, (fth_transport)socket->transport, option, value);
}

void firth_socket_set_idle(firth_socket *socket, int64_t read_idle_ms, int64_t write_idle_ms)
{
    if (fth_socket_check(socket) < 0)
        return;
    /* The waits are those of the socket at the bottom. */
    for (; socket != NULL; socket = socket->below) {
        socket->read_idle_ms = fth_milliseconds(read_idle_ms);
        socket->write_idle_ms = fth_milliseconds(write_idle_ms);
    }
}

intptr_t firth_socket_descriptor(const firth_socket *socket)
{
    return fth_socket_check(socket) < 0 ? -1 : fth_socket_io(socket)->native;
}

int firth_socket_release(firth_socket *socket, intptr_t *descriptor)
{
    const firth_backend *backend = socket->io.selector->backend;
    int rc = check_connected(socket);

    if (rc < 0)
        return rc;
    if ((backend->capabilities & FIRTH_CAN_ADOPT) == 0 || socket->below != NULL)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "firth_socket_release");
    if (socket->in.reader != NULL || socket->out.writer != NULL || fth_read_buffered(&socket->in) > 0 ||
        fth_write_buffered(&socket->out) > 0 || (socket->kind->holds != NULL && socket->kind->holds(socket)))
        return firth_fail(FIRTH_ERR_BUSY, 0, "firth_socket_release");
    rc = backend->release(&socket->io, descriptor);
    if (rc < 0)
        return rc;
    socket->io.native = -1;
    firth_socket_abort(socket);
    return FIRTH_OK;
}
