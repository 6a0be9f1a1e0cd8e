/* SPDX-License-Identifier: Apache-2.0 */
/* Unix stream sockets (Windows 10 version 1803), by paths. The system has neither datagrams nor descriptors nor users of them,
 * and names outside the file system are none that could be connected to. Once connected they are as those of TCP. */
#include "backends/iocp/iocp.h"

#include <afunix.h>
#include <stddef.h>
#include <string.h>

#include "core/base/assert.h"

_Static_assert(2 * (sizeof(SOCKADDR_UN) + 16) <= FTH_AHEAD_BYTES, "AcceptEx has its addresses there");

/* A system that does not know the family is as a backend that does not. */
static int fail(int os_code, const char *step)
{
    return firth_fail(fth_code_of(os_code), os_code, os_code == WSAEAFNOSUPPORT ? "firth_unix" : step);
}

static int unix_open(firth_io *io, bool datagrams)
{
    fth_iocp *iocp = fth_iocp_of(io);
    fth_record *record;
    SOCKET socket;

    io->native = -1;
    if (datagrams)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "firth_unix_datagram");
    record = fth_record_take(iocp);
    if (record == NULL)
        return FIRTH_ERR_NO_MEMORY;
    socket = fth_socket_make(AF_UNIX, false);
    if (socket == INVALID_SOCKET) {
        const int os_code = WSAGetLastError();

        fth_record_give(iocp, record);
        return fail(os_code, "socket");
    }
    io->native = (intptr_t)socket;
    io->state = FTH_UNIX;
    fth_record_use(record, io);
    return FIRTH_OK;
}

static int unix_adopt(firth_io *io, intptr_t native, bool datagrams)
{
    io->native = -1;
    if (datagrams)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "firth_unix_datagram");
    return fth_adopt(io, native, true);
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

/* A path is UTF-8 to the system too. The length, or 0 for an address that it has none like. */
static int to_native(SOCKADDR_UN *native, const firth_unix_address *address)
{
    memset(native, 0, sizeof *native);
    native->sun_family = AF_UNIX;
    if (address->abstract || address->size == 0 || address->size >= sizeof native->sun_path)
        return 0;
    memcpy(native->sun_path, address->path, address->size);
    return (int)sizeof *native;
}

static int unix_address(const firth_io *io, bool of_peer, firth_unix_address *address)
{
    SOCKADDR_UN native;
    int size = sizeof native;
    size_t length = 0;

    memset(&native, 0, sizeof native);
    memset(address, 0, sizeof *address);
    if ((of_peer ? getpeername : getsockname)(fth_socket_of(io), (struct sockaddr *)&native, &size) != 0)
        return fth_fail_last(of_peer ? "getpeername" : "getsockname");
    if (size > (int)offsetof(SOCKADDR_UN, sun_path))
        while (length < sizeof native.sun_path && native.sun_path[length] != '\0')
            length++;
    if (length >= sizeof address->path)
        length = sizeof address->path - 1;
    memcpy(address->path, native.sun_path, length);
    address->size = (uint8_t)length;
    return FIRTH_OK;
}

/* ---- connecting -------------------------------------------------------------------------------------------------- */

static int set_blocking(SOCKET socket, bool blocking)
{
    u_long on = !blocking;

    return ioctlsocket(socket, (long)FIONBIO, &on) == 0 ? 0 : WSAGetLastError();
}

/* 0, or an error of the system's. Whoever listens is on this machine, and the system answers for him at once: with a
 * connection, or, when his backlog is full too, with a refusal. So there is no wait in it, and an overlapped connect, for
 * which the system takes addresses to be as short as IP's, is none to use. */
static int connect_once(SOCKET socket, const SOCKADDR_UN *native, int size)
{
    int os_code = set_blocking(socket, true), again;

    if (os_code != 0)
        return os_code;
    os_code = connect(socket, (const struct sockaddr *)native, size) == 0 ? 0 : WSAGetLastError();
    again = set_blocking(socket, false);
    return os_code != 0 ? os_code : again;
}

/* Nobody is there, or nothing, or something that is no socket. */
static bool is_nobody(int os_code)
{
    return os_code == WSAECONNREFUSED || os_code == WSAENETUNREACH || os_code == WSAEINVAL ||
           os_code == ERROR_FILE_NOT_FOUND || os_code == ERROR_PATH_NOT_FOUND;
}

static int unix_connect(firth_io *io, const firth_unix_address *address)
{
    SOCKADDR_UN native;
    const int size = to_native(&native, address);
    int os_code;

    if (size == 0)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, address->abstract ? "option abstract" : "connect");
    os_code = connect_once(fth_socket_of(io), &native, size);
    if (os_code == 0)
        return FIRTH_OK;
    return is_nobody(os_code) ? firth_fail(FIRTH_ERR_REFUSED, os_code, "connect") : fail(os_code, "connect");
}

/* ---- binding ----------------------------------------------------------------------------------------------------- */

static int in_use(const char *path, const char *why)
{
    return firth_fail_in_words(FIRTH_ERR_ADDRESS_IN_USE, WSAEADDRINUSE, "bind", "%s: %s", path, why);
}

static int remove_stale(const SOCKADDR_UN *native, int size)
{
    bool is_socket = false;
    firth_unix_file ignored;
    SOCKET probe;
    int os_code = fth_unix_file_find(native->sun_path, &ignored, &is_socket);

    if (os_code == ERROR_FILE_NOT_FOUND)
        return FIRTH_OK;
    if (os_code != 0)
        return fail(os_code, "CreateFile");
    if (!is_socket)
        return in_use(native->sun_path, "no socket, so it is not replaced");
    probe = fth_socket_make(AF_UNIX, false);
    if (probe == INVALID_SOCKET)
        return fail(WSAGetLastError(), "socket");
    os_code = connect_once(probe, native, size);
    (void)closesocket(probe);
    if (os_code == 0)
        return in_use(native->sun_path, "somebody listens there");
    if (!is_nobody(os_code))
        return firth_fail_in_words(fth_code_of(os_code), os_code, "connect",
                                   "%s: whether somebody listens there cannot be found out", native->sun_path);
    os_code = fth_unix_file_remove(native->sun_path);
    return os_code == 0 || os_code == ERROR_FILE_NOT_FOUND ? FIRTH_OK : fail(os_code, "DeleteFile");
}

static int bind_once(const firth_io *io, const SOCKADDR_UN *native, int size)
{
    return bind(fth_socket_of(io), (const struct sockaddr *)native, size) == 0 ? 0 : WSAGetLastError();
}

static int unix_bind(firth_io *io, const firth_unix_address *address, int mode, bool replace_stale, bool unlink_later,
                     firth_unix_file *file)
{
    SOCKADDR_UN native;
    const int size = to_native(&native, address);
    bool is_socket = false;
    int os_code, rc;

    (void)unlink_later; /* by its path, whatever that is relative to by then */
    *file = (firth_unix_file){.folder = -1};
    if (size == 0)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, address->abstract ? "option abstract" : "bind");
    if (mode >= 0)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "option mode");
    os_code = bind_once(io, &native, size);
    if (os_code == WSAEADDRINUSE && replace_stale) {
        rc = remove_stale(&native, size);
        if (rc < 0)
            return rc;
        os_code = bind_once(io, &native, size);
    }
    if (os_code != 0)
        return fail(os_code, "bind");
    io->state |= FTH_BOUND;
    os_code = fth_unix_file_find(native.sun_path, file, &is_socket);
    if (os_code == 0)
        return FIRTH_OK;
    (void)fth_unix_file_remove(native.sun_path);
    return fail(os_code, "CreateFile");
}

static void unix_unlink(const firth_unix_address *address, const firth_unix_file *file)
{
    firth_unix_file found;
    bool is_socket = false;

    if (fth_unix_file_find(address->path, &found, &is_socket) == 0 && is_socket && found.device == file->device &&
        found.number == file->number)
        (void)fth_unix_file_remove(address->path);
}

/* ---- what the system does not have -------------------------------------------------------------------------------- */

static int unix_credentials(const firth_io *io, firth_unix_credentials *credentials)
{
    (void)io;
    memset(credentials, 0, sizeof *credentials);
    return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "firth_unix_peer_credentials");
}

/* No descriptors come, so it is a receive like any other. */
static int64_t unix_receive(firth_io *io, firth_unix_message *message)
{
    firth_buffer piece = {.bytes = message->bytes, .size = message->capacity};
    firth_op op = {.kind = FIRTH_OP_RECEIVE, .attempt_only = true, .piece_count = 1, .io = io, .with.pieces = &piece};

    message->descriptor_count = 0;
    message->descriptors_lost = false;
    (void)fth_receive_start(&op);
    return op.result >= 0 || op.result == FIRTH_ERR_WOULD_BLOCK ? op.result
                                                                : firth_fail((int)op.result, op.os_code, op.step);
}

static int64_t unix_send(firth_io *io, const firth_unix_message *message)
{
    (void)io;
    (void)message;
    return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "firth_unix_send_descriptors");
}

static void unix_discard(intptr_t descriptor)
{
    FTH_ASSERT(descriptor == -1); /* none was ever received */
    (void)descriptor;
}

const firth_unix_backend fth_iocp_unix = {
    .open = unix_open,
    .adopt = unix_adopt,
    .connect = unix_connect,
    .bind = unix_bind,
    .unlink = unix_unlink,
    .address = unix_address,
    .credentials = unix_credentials,
    .receive = unix_receive,
    .send = unix_send,
    .discard = unix_discard,
};
