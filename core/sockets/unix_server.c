/* SPDX-License-Identifier: Apache-2.0 */
/* Listening at a path. */
#include "core/base/list.h"
#include "core/sockets/server.h"
#include "core/sockets/unix.h"
#include <string.h>

typedef struct unix_server {
    firth_server server;
    firth_unix_builder builder;
    firth_unix_address address;
    firth_unix_file file;
} unix_server;

static unix_server *of_server(const firth_server *server)
{
    return FTH_CONTAINER(server, unix_server, server);
}

static firth_socket *new_socket(firth_server *server)
{
    return fth_unix_socket_new(server->io.selector, of_server(server)->builder.descriptors_max);
}

/* No system hands a Unix listener's options on to those it accepts. */
static int apply(firth_server *server, firth_io *io)
{
    return fth_unix_apply(&of_server(server)->builder, io);
}

/* While the socket is bound its file's number is nobody else's. */
static void closing(firth_server *server)
{
    unix_server *self = of_server(server);

    if (self->builder.unlink_on_close && server->io.native != -1)
        fth_unix_slots(server->io.selector)->unlink(&self->address, &self->file);
}

static const fth_server_kind kind = {
    .transport = FTH_UNIX,
    .new_socket = new_socket,
    .apply = apply,
    .closing = closing,
};

static int listen_there(unix_server *self)
{
    firth_io *io = &self->server.io;
    const firth_unix_backend *slots = fth_unix_slots(io->selector);
    const firth_unix_builder *builder = &self->builder;
    int rc = slots->open(io, false);

    if (rc < 0)
        return rc;
    rc = fth_unix_apply(builder, io);
    if (rc >= 0)
        rc = slots->bind(io, &self->address, builder->mode, builder->replace_stale, builder->unlink_on_close,
                         &self->file);
    if (rc >= 0) {
        rc = io->selector->backend->listen(io, builder->backlog);
        if (rc < 0 && !self->address.abstract)
            slots->unlink(&self->address, &self->file);
    }
    if (rc < 0)
        io->selector->backend->socket_close(io, FIRTH_CLOSE_NORMAL);
    return rc;
}

static int bind_to(const firth_unix_builder *full, const firth_unix_address *address, firth_server **server,
                   const char *place)
{
    unix_server *made;
    int rc = fth_unix_check_bind(full, address);

    if (rc < 0)
        return rc;
    fth_selector_assert_thread(full->selector);
    made = firth_selector_allocate(full->selector, sizeof *made);
    if (made == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_unix_bind");
    fth_server_init(&made->server, &kind, full->selector);
    made->server.tcp = fth_unix_as_tcp(full);
    made->builder = *full;
    made->address = *address;
    rc = listen_there(made);
    if (rc < 0) {
        firth_selector_release(full->selector, made);
        return rc;
    }
    fth_server_start(&made->server, place);
    *server = &made->server;
    return FIRTH_OK;
}

int firth_unix_bind_at(const firth_unix_builder *builder, const char *path, firth_server **server, const char *place)
{
    firth_unix_builder full;
    firth_unix_address address;
    int rc = fth_unix_read(&full, builder);

    *server = NULL;
    if (rc < 0 || (rc = firth_unix_address_make(&address, path, full.abstract)) < 0)
        return rc;
    return bind_to(&full, &address, server, place);
}

int firth_unix_bind_to_at(const firth_unix_builder *builder, const firth_unix_address *address, firth_server **server,
                          const char *place)
{
    firth_unix_builder full;
    int rc = fth_unix_read(&full, builder);

    *server = NULL;
    if (rc < 0 || (rc = fth_unix_check_address(address)) < 0)
        return rc;
    return bind_to(&full, address, server, place);
}

const firth_unix_address *firth_unix_server_address(const firth_server *server)
{
    return server->kind == &kind ? &of_server(server)->address : NULL;
}
