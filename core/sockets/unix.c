/* SPDX-License-Identifier: Apache-2.0 */
/* Unix sockets: the builder, connecting, adopting, and who is at the other end. */
#include "core/sockets/unix.h"
#include "core/base/assert.h"
#include "core/base/failure.h"
#include "core/base/words.h"
#include "core/sockets/op.h"
#include <string.h>

/* How long a full backlog is left alone. No system tells when it has room. */
enum { BACKOFF_FIRST_MS = 1, BACKOFF_LAST_MS = 64 };

/* ---- the builder ------------------------------------------------------------------------------------------------- */

void firth_unix_init(firth_unix_builder *builder, firth_selector *selector, size_t struct_bytes)
{
    const firth_unix_builder defaults = {
        .struct_bytes = struct_bytes,
        .selector = selector,
        .linger_ms = 5000,
        .connect_timeout_ms = 30000,
        .mode = -1,
    };

    memset(builder, 0, struct_bytes);
    memcpy(builder, &defaults, struct_bytes < sizeof defaults ? struct_bytes : sizeof defaults);
}

static int check(const firth_unix_builder *builder)
{
    static const fth_field fields[] = {
        FTH_FIELD(firth_unix_builder, send_buffer_bytes, 0, INT16_MAX),
        FTH_FIELD(firth_unix_builder, receive_buffer_bytes, 0, INT16_MAX),
        FTH_FIELD(firth_unix_builder, linger_ms, 0, INT16_MAX),
        FTH_FIELD(firth_unix_builder, read_idle_ms, 0, INT16_MAX),
        FTH_FIELD(firth_unix_builder, write_idle_ms, 0, INT16_MAX),
        FTH_FIELD(firth_unix_builder, descriptors_max, 0, FIRTH_UNIX_DESCRIPTORS_MAX),
        FTH_FIELD(firth_unix_builder, connect_timeout_ms, 0, INT16_MAX),
        FTH_FIELD(firth_unix_builder, mode, -1, 0777),
        FTH_FIELD(firth_unix_builder, backlog, 0, INT16_MAX),
    };

    return fth_fields_check(builder, builder->selector, fields, sizeof fields / sizeof fields[0]);
}

int fth_unix_read(firth_unix_builder *full, const firth_unix_builder *given)
{
    int rc;

    if (given == NULL || given->struct_bytes < offsetof(firth_unix_builder, auto_flush))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, FTH_OPTION("struct_bytes"));
    firth_unix_init(full, given->selector, sizeof *full);
    memcpy(full, given, given->struct_bytes < sizeof *full ? given->struct_bytes : sizeof *full);
    full->struct_bytes = sizeof *full;
    rc = check(full);
    if (rc < 0)
        return rc;
    if ((full->selector->backend->capabilities & FIRTH_CAN_UNIX) == 0)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "firth_unix");
    return FIRTH_OK;
}

int fth_unix_check_bind(const firth_unix_builder *builder, const firth_unix_address *address)
{
    if (!address->abstract)
        return FIRTH_OK;
    if (builder->replace_stale)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, FTH_OPTION("replace_stale"));
    if (builder->unlink_on_close)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, FTH_OPTION("unlink_on_close"));
    return builder->mode == -1 ? FIRTH_OK : firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, FTH_OPTION("mode"));
}

static int too_long(size_t size)
{
    return firth_fail_in_words(FIRTH_ERR_TOO_LONG, 0, "path", "the path has %u bytes, and a socket's has at most %u",
                               (unsigned)size, FIRTH_UNIX_PATH_BYTES - 1);
}

int fth_unix_check_address(const firth_unix_address *address)
{
    if (address == NULL || address->size == 0)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "address");
    if (address->size >= FIRTH_UNIX_PATH_BYTES)
        return too_long(address->size);
    if (!address->abstract && memchr(address->path, '\0', address->size + 1u) != address->path + address->size)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "path");
    return FIRTH_OK;
}

static int fill(firth_unix_address *address, const void *bytes, size_t size, bool abstract)
{
    memset(address, 0, sizeof *address);
    if (size == 0)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "path");
    if (size >= FIRTH_UNIX_PATH_BYTES)
        return too_long(size);
    address->size = (uint8_t)size;
    address->abstract = abstract;
    memcpy(address->path, bytes, size);
    return FIRTH_OK;
}

int firth_unix_address_make_abstract(firth_unix_address *address, const void *name, size_t size)
{
    return fill(address, name, name != NULL ? size : 0, true);
}

int firth_unix_address_make(firth_unix_address *address, const char *path, bool abstract)
{
    return fill(address, path, path != NULL ? strlen(path) : 0, abstract);
}

int fth_unix_apply(const firth_unix_builder *builder, firth_io *io)
{
    int rc = FIRTH_OK;

    if (builder->send_buffer_bytes > 0)
        rc = fth_option_set(io, FTH_UNIX, FIRTH_OPTION_SEND_BUFFER_BYTES, builder->send_buffer_bytes);
    if (rc >= 0 && builder->receive_buffer_bytes > 0)
        rc = fth_option_set(io, FTH_UNIX, FIRTH_OPTION_RECEIVE_BUFFER_BYTES, builder->receive_buffer_bytes);
    return rc;
}

firth_tcp_builder fth_unix_as_tcp(const firth_unix_builder *builder)
{
    firth_tcp_builder tcp = firth_tcp(builder->selector);

    tcp.auto_flush = builder->auto_flush;
    tcp.send_buffer_bytes = builder->send_buffer_bytes;
    tcp.receive_buffer_bytes = builder->receive_buffer_bytes;
    tcp.linger_ms = builder->linger_ms;
    tcp.read_idle_ms = builder->read_idle_ms;
    tcp.write_idle_ms = builder->write_idle_ms;
    tcp.backlog = builder->backlog;
    return tcp;
}

/* ---- connect ----------------------------------------------------------------------------------------------------- */

static int connect_once(const firth_unix_builder *builder, const firth_unix_address *address, firth_socket *made)
{
    const firth_unix_backend *slots = fth_unix_slots(builder->selector);
    int64_t backoff_ms = BACKOFF_FIRST_MS;
    int rc;

    while ((rc = slots->connect(&made->io, address)) == FIRTH_ERR_WOULD_BLOCK) {
        rc = fth_task_park("connect", fth_after_ms(firth_now_ns(), backoff_ms));
        if (rc == FIRTH_ERR_CANCELED)
            return fth_task_canceled();
        backoff_ms = backoff_ms * 2 < BACKOFF_LAST_MS ? backoff_ms * 2 : BACKOFF_LAST_MS;
    }
    return rc;
}

static int connect_within(const firth_unix_builder *builder, const firth_unix_address *address, firth_socket *made)
{
    firth_scope_options limit = {.timeout_ms = builder->connect_timeout_ms, .name = "connect timeout"};
    firth_scope scope;

    firth_scope_open(&scope, fth_current->innermost, &limit);
    return firth_scope_close(&scope, connect_once(builder, address, made));
}

static int open_socket(const firth_unix_builder *builder, firth_socket **opened)
{
    firth_socket *made = fth_unix_socket_new(builder->selector, builder->descriptors_max);
    int rc;

    if (made == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_unix");
    rc = fth_unix_slots(builder->selector)->open(&made->io, false);
    if (rc < 0)
        made->io.native = -1;
    else
        rc = fth_unix_apply(builder, &made->io);
    if (rc < 0)
        fth_socket_discard(made);
    else
        *opened = made;
    return rc;
}

static void begin(const firth_unix_builder *builder, firth_socket *made, const char *place)
{
    firth_tcp_builder tcp = fth_unix_as_tcp(builder);

    fth_socket_start(made, &tcp, place);
}

static int connect_to(const firth_unix_builder *full, const firth_unix_address *address, firth_socket **socket,
                      const char *place)
{
    firth_socket *made = NULL;
    int rc = fth_task_enter(full->selector);

    if (rc < 0 || (rc = open_socket(full, &made)) < 0 || made == NULL)
        return rc;
    rc = connect_within(full, address, made);
    if (rc < 0) {
        fth_socket_discard(made);
        return rc;
    }
    begin(full, made, place);
    *socket = made;
    return FIRTH_OK;
}

int firth_unix_connect_at(const firth_unix_builder *builder, const char *path, firth_socket **socket, const char *place)
{
    firth_unix_builder full = {.selector = NULL};
    firth_unix_address address;
    int rc = fth_unix_read(&full, builder);

    *socket = NULL;
    if (rc < 0 || full.selector == NULL || (rc = firth_unix_address_make(&address, path, full.abstract)) < 0)
        return rc;
    return connect_to(&full, &address, socket, place);
}

int firth_unix_connect_to_at(const firth_unix_builder *builder, const firth_unix_address *address,
                             firth_socket **socket, const char *place)
{
    firth_unix_builder full = {.selector = NULL};
    int rc = fth_unix_read(&full, builder);

    *socket = NULL;
    if (rc < 0 || full.selector == NULL || (rc = fth_unix_check_address(address)) < 0)
        return rc;
    return connect_to(&full, address, socket, place);
}

/* ---- adopt ------------------------------------------------------------------------------------------------------- */

int firth_unix_adopt_at(const firth_unix_builder *builder, intptr_t descriptor, firth_socket **socket,
                        const char *place)
{
    firth_unix_builder full = {.selector = NULL};
    firth_socket *made;
    intptr_t ignored;
    int rc = fth_unix_read(&full, builder);

    *socket = NULL;
    if (rc < 0 || full.selector == NULL)
        return rc;
    fth_selector_assert_thread(full.selector);
    made = fth_unix_socket_new(full.selector, full.descriptors_max);
    if (made == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_unix_adopt");
    rc = fth_unix_slots(full.selector)->adopt(&made->io, descriptor, false);
    if (rc >= 0) {
        rc = fth_unix_apply(&full, &made->io);
        if (rc < 0)
            (void)full.selector->backend->release(&made->io, &ignored);
    }
    if (rc < 0) {
        made->io.native = -1;
        fth_socket_discard(made);
        return rc;
    }
    begin(&full, made, place);
    *socket = made;
    return FIRTH_OK;
}

/* ---- who and where ------------------------------------------------------------------------------------------------- */

/* The io at the bottom, if it is a Unix socket's. */
static int find_io(const firth_socket *socket, const char *step, const firth_io **io)
{
    int rc = fth_socket_check(socket);

    if (rc < 0)
        return rc;
    while (socket->below != NULL)
        socket = socket->below;
    if (socket->transport != FTH_UNIX)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, step);
    if (socket->io.native == -1)
        return firth_fail(FIRTH_ERR_NOT_CONNECTED, 0, step);
    *io = &socket->io;
    return FIRTH_OK;
}

static int get_address(const firth_socket *socket, bool of_peer, firth_unix_address *address, const char *step)
{
    const firth_io *io = NULL;
    int rc = find_io(socket, step, &io);

    memset(address, 0, sizeof *address);
    return io == NULL ? rc : fth_unix_slots(io->selector)->address(io, of_peer, address);
}

int firth_unix_local_address(const firth_socket *socket, firth_unix_address *address)
{
    return get_address(socket, false, address, "firth_unix_local_address");
}

int firth_unix_peer_address(const firth_socket *socket, firth_unix_address *address)
{
    return get_address(socket, true, address, "firth_unix_peer_address");
}

int firth_unix_peer_credentials(const firth_socket *socket, firth_unix_credentials *credentials)
{
    const firth_io *io = NULL;
    int rc = find_io(socket, "firth_unix_peer_credentials", &io);

    return io == NULL ? rc : fth_unix_slots(io->selector)->credentials(io, credentials);
}
