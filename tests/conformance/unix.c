/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/unix.h"

enum { PATIENCE_MS = 1000 };

/* ---- paths ------------------------------------------------------------------------------------------------------- */

typedef struct place {
    firth_cleanup cleanup;
    char path[256];
} place;

/* Kits run at the same time, in one folder: their names differ by when they began and where their memory is. */
static uint32_t program_number(void)
{
    static uint32_t number;
    uint64_t now_ns = (uint64_t)firth_now_ns();

    if (number == 0)
        number = (uint32_t)now_ns ^ (uint32_t)(now_ns >> 32) * 2654435761u ^ (uint32_t)((uintptr_t)&now_ns >> 4) ^ 1u;
    return number;
}

static void leave(void *argument)
{
    const place *it = argument;

    (void)remove(it->path);
}

const char *fth_kit_unix_path(firth_scope *scope, size_t bytes)
{
    static unsigned count;
    const char *folder = fth_kit.subject.socket_folder;
    place *it = fth_kit_keep(sizeof *it);
    size_t used = (size_t)snprintf(it->path, sizeof it->path, "%s%sfirth-%08lx-%u", folder != NULL ? folder : "",
                                   folder != NULL ? "/" : "", (unsigned long)program_number(), ++count);

    if (used >= sizeof it->path || bytes >= sizeof it->path || (bytes > 0 && used > bytes))
        return NULL;
    if (used < bytes)
        memset(it->path + used, 'a', bytes - used);
    (void)remove(it->path);
    firth_scope_own(scope, &it->cleanup, leave, it);
    return it->path;
}

/* ---- streams ----------------------------------------------------------------------------------------------------- */

firth_unix_builder fth_kit_unix(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));

    builder.auto_flush = tcp.auto_flush;
    builder.linger_ms = tcp.linger_ms;
    builder.unlink_on_close = true;
    return builder;
}

int fth_kit_unix_server(firth_scope *scope, const firth_unix_builder *builder, firth_server **server, const char **path)
{
    *path = fth_kit_unix_path(scope, 0);
    EXPECT(*path != NULL);
    TRY(firth_unix_bind(builder, *path, server));
    firth_scope_own_server(scope, *server);
    return FIRTH_OK;
}

int fth_kit_unix_connect(firth_scope *scope, const char *path, firth_socket **socket)
{
    firth_unix_builder builder = fth_kit_unix(scope);

    TRY(firth_unix_connect(&builder, path, socket));
    firth_scope_own_socket(scope, *socket);
    return FIRTH_OK;
}

int fth_kit_unix_pair(firth_scope *scope, const firth_unix_builder *builder, kit_pair *pair)
{
    firth_server *server;
    const char *path;

    memset(pair, 0, sizeof *pair);
    TRY(fth_kit_unix_server(scope, builder, &server, &path));
    TRY(firth_unix_connect(builder, path, &pair->a));
    firth_scope_own_socket(scope, pair->a);
    TRY(firth_accept(server, &pair->b));
    firth_scope_own_socket(scope, pair->b);
    firth_server_close(server);
    pair->a_in = firth_socket_input(pair->a);
    pair->a_out = firth_socket_output(pair->a);
    pair->b_in = firth_socket_input(pair->b);
    pair->b_out = firth_socket_output(pair->b);
    return FIRTH_OK;
}

/* ---- datagrams --------------------------------------------------------------------------------------------------- */

bool fth_kit_has_unix(firth_scope *scope)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_socket *socket;
    int rc = firth_unix_connect(&builder, "there is no such socket", &socket);

    if (rc >= 0)
        (void)firth_socket_close(socket);
    return rc != FIRTH_ERR_NOT_SUPPORTED;
}

bool fth_kit_has_unix_datagrams(firth_scope *scope)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));
    firth_unix_datagram_socket *socket;
    int rc = firth_unix_datagram_bind(&builder, NULL, &socket);

    firth_unix_datagram_close(socket);
    return rc != FIRTH_ERR_NOT_SUPPORTED;
}

int fth_kit_unix_datagrams(firth_scope *scope, const char *path, firth_unix_datagram_socket **socket)
{
    firth_unix_builder builder = firth_unix(firth_scope_selector(scope));

    builder.unlink_on_close = path != NULL;
    TRY(firth_unix_datagram_bind(&builder, path, socket));
    firth_scope_own_unix_datagram(scope, *socket);
    return FIRTH_OK;
}

firth_unix_address fth_kit_unix_address(const char *path)
{
    firth_unix_address address;

    (void)!firth_unix_address_make(&address, path, false);
    return address;
}

int fth_kit_unix_send(firth_unix_datagram_socket *socket, const void *bytes, size_t size, const firth_unix_address *to)
{
    firth_unix_address address;
    firth_unix_message message = {.bytes = (void *)(uintptr_t)bytes, .size = size};

    if (to != NULL) {
        address = *to;
        message.address = &address;
    }
    return firth_unix_send(socket, &message);
}

typedef struct receiving {
    firth_unix_datagram_socket *socket;
    firth_unix_message *message;
} receiving;

static int receive(firth_scope *scope, void *argument)
{
    receiving *it = argument;

    (void)scope;
    return (int)firth_unix_receive(it->socket, it->message);
}

int64_t fth_kit_unix_receive_within(firth_unix_datagram_socket *socket, firth_unix_message *message, int64_t within_ms)
{
    receiving it = {.socket = socket, .message = message};

    return firth_with_timeout(fth_kit_paced_ms(within_ms), receive, &it);
}

int64_t fth_kit_unix_receive(firth_unix_datagram_socket *socket, firth_unix_message *message)
{
    return fth_kit_unix_receive_within(socket, message, PATIENCE_MS);
}
