/* SPDX-License-Identifier: Apache-2.0 */
/* Listening and accepting. */
#include "core/sockets/server.h"
#include "core/base/assert.h"
#include "core/base/list.h"
#include "core/sockets/tcp.h"
#include "core/tls/connected.h"
#include <string.h>

static void abandon(fth_opened *opened)
{
    firth_server_close(FTH_CONTAINER(opened, firth_server, opened));
}

static const fth_opened_kind server_kind = {.name = "server", .abandon = abandon};

/* ---- bind -------------------------------------------------------------------------------------------------------- */

static void close_io(firth_server *server)
{
    if (server->io.native != -1 && server->kind->closing != NULL)
        server->kind->closing(server);
    if (server->io.native != -1)
        server->io.selector->backend->socket_close(&server->io, FIRTH_CLOSE_NORMAL);
    server->io.native = -1;
}

static void free_server(firth_server *server)
{
    close_io(server);
    fth_tls_forget(server);
    fth_selector_bury(server->io.selector, server);
}

void fth_server_init(firth_server *server, const fth_server_kind *kind, firth_selector *selector)
{
    server->kind = kind;
    server->io.selector = selector;
    server->io.native = -1;
}

void fth_server_start(firth_server *server, const char *place)
{
    fth_opened_add(&server->io.selector->opened, &server->opened, &server_kind, place);
}

/* ---- of TCP ------------------------------------------------------------------------------------------------------ */

static firth_socket *new_socket(firth_server *server)
{
    return fth_socket_new(server->io.selector);
}

static int apply(firth_server *server, firth_io *io)
{
    if ((server->io.selector->backend->capabilities & FIRTH_CAN_INHERIT) != 0)
        return FIRTH_OK;
    return fth_tcp_apply(&server->tcp, io, (firth_family)server->address.family, FTH_TCP_ACCEPTED);
}

static const fth_server_kind tcp_kind = {.transport = FTH_TCP, .new_socket = new_socket, .apply = apply};

static int listen_on(firth_server *server, const firth_address *address)
{
    const firth_backend *backend = server->io.selector->backend;
    int rc = backend->socket_open(&server->io, (firth_family)address->family);

    if (rc < 0)
        return rc;
    rc = fth_tcp_apply(&server->tcp, &server->io, (firth_family)address->family, FTH_TCP_LISTEN);
    if (rc >= 0)
        rc = backend->bind(&server->io, address);
    if (rc >= 0)
        rc = backend->listen(&server->io, server->tcp.backlog);
    if (rc >= 0)
        rc = backend->local_address(&server->io, &server->address);
    if (rc < 0) {
        firth_failure why = *firth_last_failure();

        close_io(server);
        (void)firth_fail(why.code, why.os_code, why.step);
    }
    return rc;
}

/* Every address of the machine: IPv6 with IPv4 inside it, or IPv4 where there is no IPv6. */
static int listen_on_all(firth_server *server, int port)
{
    firth_address address;
    int rc = firth_address_make(&address, "::", port);

    if (rc < 0)
        return rc;
    rc = listen_on(server, &address);
    if (rc != FIRTH_ERR_NOT_SUPPORTED && rc != FIRTH_ERR_ADDRESS_NOT_AVAILABLE)
        return rc;
    rc = firth_address_make(&address, "0.0.0.0", port);
    return rc < 0 || server->tcp.ipv6_only ? rc : listen_on(server, &address);
}

static int listen_at(firth_server *server, const char *host, int port)
{
    firth_address address;
    int rc;

    if (host == NULL || strcmp(host, "*") == 0)
        return listen_on_all(server, port);
    rc = firth_address_make(&address, host, port);
    return rc < 0 ? rc : listen_on(server, &address);
}

int firth_tcp_bind_at(const firth_tcp_builder *tcp, const char *host, int port, firth_server **server,
                      const char *place)
{
    firth_tcp_builder full;
    firth_server *made;
    int rc = fth_tcp_read(&full, tcp);

    *server = NULL;
    if (rc < 0)
        return rc;
    fth_selector_assert_thread(full.selector);
    made = firth_selector_allocate(full.selector, sizeof *made);
    if (made == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_tcp_bind");
    fth_server_init(made, &tcp_kind, full.selector);
    made->tcp = full;
    rc = fth_tls_listening(made);
    if (rc >= 0)
        rc = listen_at(made, host, port);
    if (rc < 0) {
        fth_tls_forget(made);
        firth_selector_release(full.selector, made);
        return rc;
    }
    fth_server_start(made, place);
    *server = made;
    return FIRTH_OK;
}

/* ---- accept ------------------------------------------------------------------------------------------------------ */

static int check_server(const firth_server *server)
{
    if (server->closed)
        return FTH_MISUSE("a server after it was closed");
    fth_selector_assert_thread(server->io.selector);
    return FIRTH_OK;
}

/* What an accept's failure means: wait and try again, try again, or the end. */
bool fth_accept_is_shortage(int rc)
{
    return rc == FIRTH_ERR_TOO_MANY_OPEN || rc == FIRTH_ERR_NO_MEMORY || rc == FIRTH_ERR_NO_BUFFERS;
}

bool fth_accept_is_clients_fault(int rc)
{
    return rc == FIRTH_ERR_ABORTED || rc == FIRTH_ERR_RESET || rc == FIRTH_ERR_NOT_CONNECTED;
}

/* One client, or one failure. */
static int accept_one(firth_server *server, firth_socket **made)
{
    firth_op op;
    int rc;

    if (*made == NULL)
        *made = server->kind->new_socket(server);
    if (*made == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_accept");
    fth_op_init(&op, FIRTH_OP_ACCEPT, &server->io);
    op.with.accepted = &(*made)->io;
    server->op = &op;
    rc = (int)fth_op_await(&op, "accept", 0);
    server->op = NULL;
    if (rc < 0)
        return rc;
    rc = server->kind->apply(server, &(*made)->io);
    if (rc < 0) {
        fth_socket_discard(*made);
        *made = NULL;
    }
    return rc;
}

static int accept_next(firth_server *server, firth_socket **made)
{
    int64_t backoff_ms = FTH_BACKOFF_FIRST_MS;
    int rc = FIRTH_OK;

    for (;;) {
        /* Closed during an accept, or while this task was ready to go on after a backoff. */
        if (!server->closed)
            rc = accept_one(server, made);
        if (server->closed)
            return firth_fail(FIRTH_ERR_CLOSED, 0, "accept");
        if (rc >= 0)
            return rc;
        if (fth_accept_is_shortage(rc)) {
            rc = fth_task_is_cancelled() ? FIRTH_ERR_CANCELED
                                         : fth_task_park("accept", fth_after_ms(firth_now_ns(), backoff_ms));
            if (rc == FIRTH_ERR_CANCELED)
                return server->closed ? firth_fail(FIRTH_ERR_CLOSED, 0, "accept") : fth_task_canceled();
            backoff_ms = backoff_ms * 2 < FTH_BACKOFF_LAST_MS ? backoff_ms * 2 : FTH_BACKOFF_LAST_MS;
        } else if (!fth_accept_is_clients_fault(rc)) {
            return rc;
        }
        if (fth_task_is_cancelled())
            return fth_task_canceled();
    }
}

int firth_accept_at(firth_server *server, firth_socket **socket, const char *place)
{
    firth_socket *made = NULL;
    int rc = check_server(server);

    *socket = NULL;
    if (rc < 0)
        return rc;
    if (server->acceptor != NULL)
        return firth_fail(FIRTH_ERR_BUSY, 0, "accept");
    server->acceptor = fth_current;
    rc = fth_task_enter(server->io.selector);
    if (rc >= 0 && server->closed)
        rc = firth_fail(FIRTH_ERR_CLOSED, 0, "accept");
    if (rc >= 0)
        rc = server->handshakes != NULL ? fth_tls_accept(server, place, socket) : accept_next(server, &made);
    server->acceptor = NULL;
    if (rc >= 0 && made != NULL) {
        fth_socket_start(made, &server->tcp, place);
        *socket = made;
    } else if (made != NULL) {
        fth_socket_discard(made);
    }
    if (server->closed)
        free_server(server);
    return rc < 0 ? rc : FIRTH_OK;
}

/* ---- close and small calls --------------------------------------------------------------------------------------- */

static void disown(firth_server *server)
{
    if (server->owner != NULL)
        firth_scope_disown(server->owner, &server->cleanup);
    server->owner = NULL;
}

void firth_server_close(firth_server *server)
{
    if (server == NULL || check_server(server) < 0)
        return;
    disown(server);
    fth_tls_not_listening(server);
    server->closed = true;
    fth_opened_remove(&server->opened);
    if (server->acceptor == NULL) {
        free_server(server);
        return;
    }
    fth_task_interrupt(server->acceptor);
    /* The port is free at once where the backend has let go of the op already. */
    if (server->op == NULL || server->op->state == FIRTH_SUBMIT_DONE)
        close_io(server);
}

static void close_owned(void *argument)
{
    firth_server *server = argument;

    server->owner = NULL;
    firth_server_close(server);
}

void firth_scope_own_server(firth_scope *scope, firth_server *server)
{
    if (check_server(server) < 0)
        return;
    disown(server);
    server->owner = scope;
    firth_scope_own(scope, &server->cleanup, close_owned, server);
}

const firth_address *firth_server_address(const firth_server *server)
{
    return &server->address;
}

int firth_server_get_option(const firth_server *server, firth_option option, int *value)
{
    int rc = check_server(server);

    return rc < 0 ? rc : fth_option_get(&server->io, server->kind->transport, option, value);
}

intptr_t firth_server_descriptor(const firth_server *server)
{
    return check_server(server) < 0 ? -1 : server->io.native;
}
