/* SPDX-License-Identifier: Apache-2.0 */
/* Unix sockets: opening, connecting, and who is at the other end. */
#include "backends/readiness/unix.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#if defined(__FreeBSD__) || defined(__DragonFly__)
#include <sys/param.h>
#include <sys/ucred.h>
#endif
#include <unistd.h>

#include "backends/readiness/descriptors.h"

/* What a new io of a Unix socket knows. On Linux a receive ends behind bytes that came with descriptors, whatever is
 * behind them and whether or not the descriptors are taken, so a short one proves nothing: with edges the rest would
 * never be reported. Test: bytes_behind_descriptors_that_nobody_takes_are_read. */
static uint32_t first_state(const firth_io *io, bool datagrams)
{
    if (datagrams)
        return (uint32_t)(FTH_UNIX | FTH_DATAGRAMS | FTH_WRITABLE) | FIRTH_IO_DRY;
    return (uint32_t)FTH_UNIX | (fth_reactor_of(io)->poller->edges ? (uint32_t)FTH_URGENT : 0u);
}

static int unix_open(firth_io *io, bool datagrams)
{
    fth_reactor *reactor = fth_reactor_of(io);
    int native, rc = fth_slots_reserve(reactor);

    io->native = -1;
    if (rc < 0)
        return rc;
    native = fth_socket(AF_UNIX, datagrams ? SOCK_DGRAM : SOCK_STREAM, 0);
    if (native < 0)
        return fth_fail_errno("socket");
    io->native = native;
    io->state = first_state(io, datagrams);
    fth_slots_take(reactor, io);
    return FIRTH_OK;
}

static int get_int(int native, int name, int *value, const char *step)
{
    socklen_t size = sizeof *value;

    return getsockopt(native, SOL_SOCKET, name, value, &size) != 0 ? fth_fail_errno(step) : FIRTH_OK;
}

/* Where a socket does not tell its family (macOS, NetBSD), its name does. */
static int get_domain(int native, int *domain)
{
#ifdef SO_DOMAIN
    return get_int(native, SO_DOMAIN, domain, "getsockopt(SO_DOMAIN)");
#else
    struct sockaddr_storage name;
    socklen_t size = sizeof name;

    if (getsockname(native, (struct sockaddr *)&name, &size) != 0)
        return fth_fail_errno("getsockname");
    *domain = name.ss_family;
    return FIRTH_OK;
#endif
}

static int check(int native, bool datagrams)
{
    struct sockaddr_un peer;
    socklen_t size = sizeof peer;
    int type, domain, rc;

    if ((rc = get_int(native, SO_TYPE, &type, "getsockopt(SO_TYPE)")) < 0 || (rc = get_domain(native, &domain)) < 0)
        return rc;
    if (type != (datagrams ? SOCK_DGRAM : SOCK_STREAM) || domain != AF_UNIX)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "adopt");
    if (!datagrams && fth_getpeername(native, (struct sockaddr *)&peer, &size) != 0)
        return fth_fail_errno("getpeername");
    return FIRTH_OK;
}

static int unix_adopt(firth_io *io, intptr_t native, bool datagrams)
{
    int rc;

    io->native = -1;
    if (native < 0 || native > INT_MAX)
        return firth_fail(FIRTH_ERR_ARGUMENT, EBADF, "adopt");
    rc = check((int)native, datagrams);
    return rc < 0 ? rc : fth_adopt(io, (int)native, first_state(io, datagrams));
}

/* ---- addresses ----------------------------------------------------------------------------------------------------- */

int fth_unix_to_native(struct sockaddr_un *native, socklen_t *length, const firth_unix_address *address)
{
    const size_t header = offsetof(struct sockaddr_un, sun_path), most = sizeof native->sun_path - 1;
    size_t size = address->size;

    memset(native, 0, sizeof *native);
    native->sun_family = AF_UNIX;
#ifdef SIN6_LEN /* RFC 3493 §3.4: where addresses have a length */
    native->sun_len = sizeof *native;
#endif
#ifndef __linux__
    if (address->abstract)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "option abstract");
#endif
    if (size > most)
        return firth_fail_in_words(FIRTH_ERR_TOO_LONG, 0, "path",
                                   "the path has %u bytes, and a socket's has at most %u on this system",
                                   (unsigned)size, (unsigned)most);
    memcpy(native->sun_path + address->abstract, address->path, size);
    *length = (socklen_t)(header + size + 1); /* the NUL behind a path, or before a name */
    return FIRTH_OK;
}

void fth_unix_from_native(firth_unix_address *address, const struct sockaddr_un *native, socklen_t length)
{
    size_t header = offsetof(struct sockaddr_un, sun_path), size = length > header ? length - header : 0;
    const char *path = native->sun_path;

    memset(address, 0, sizeof *address);
    /* The length may be that of an address that was cut to the room there is (macOS), or one more (unix(7), BUGS). */
    if (size > sizeof native->sun_path)
        size = sizeof native->sun_path;
#ifdef __linux__
    if (size > 1 && path[0] == '\0') {
        address->abstract = true;
        path++;
        size--;
    } else
#endif
    {
        size = strnlen(path, size); /* a BSD may fill it up with zeros */
    }
    /* Without a NUL, and cut or longer than there is room for: nothing Firth has bound. What is left of it would be the
     * address of somebody else, who would get the answer. Tests: an_address_longer_than_there_is_room_for_is_none,
     * a_sender_whose_path_has_no_room_is_nobody_and_not_somebody_else. */
    if (size >= sizeof address->path ||
        (!address->abstract && size == sizeof native->sun_path && length > sizeof *native))
        size = 0;
    address->size = (uint8_t)size;
    memcpy(address->path, path, size);
}

static int unix_address(const firth_io *io, bool of_peer, firth_unix_address *address)
{
    struct sockaddr_un native = {.sun_family = AF_UNIX};
    socklen_t size = sizeof native;
    int rc = of_peer ? fth_getpeername((int)io->native, (struct sockaddr *)&native, &size)
                     : getsockname((int)io->native, (struct sockaddr *)&native, &size);

    if (rc != 0)
        return fth_fail_errno(of_peer ? "getpeername" : "getsockname");
    fth_unix_from_native(address, &native, size);
    return FIRTH_OK;
}

#ifdef __linux__
static int unix_credentials(const firth_io *io, firth_unix_credentials *credentials)
{
    struct ucred told;
    socklen_t size = sizeof told;

    if (getsockopt((int)io->native, SOL_SOCKET, SO_PEERCRED, &told, &size) != 0)
        return fth_fail_errno("getsockopt(SO_PEERCRED)");
    credentials->process_id = told.pid > 0 ? told.pid : -1; /* of another PID namespace: 0, pid_namespaces(7) */
    credentials->user_id = told.uid;
    credentials->group_id = told.gid;
    return FIRTH_OK;
}
#else
/* The process, which each system tells in a way of its own, or not at all: -1. */
static pid_t peer_process(int native)
{
    pid_t process = -1;
#if defined(LOCAL_PEERPID)   /* macOS */
    socklen_t size = sizeof process;

    if (getsockopt(native, SOL_LOCAL, LOCAL_PEERPID, &process, &size) != 0)
        process = -1;
#elif defined(LOCAL_PEEREID) /* NetBSD */
    struct unpcbid told;
    socklen_t size = sizeof told;

    if (getsockopt(native, 0, LOCAL_PEEREID, &told, &size) == 0)
        process = told.unp_pid;
#elif defined(__OpenBSD__)
    struct sockpeercred told;
    socklen_t size = sizeof told;

    if (getsockopt(native, SOL_SOCKET, SO_PEERCRED, &told, &size) == 0)
        process = told.pid;
#elif defined(__FreeBSD__) && __FreeBSD__ >= 13
    struct xucred told;
    socklen_t size = sizeof told;

    if (getsockopt(native, SOL_LOCAL, LOCAL_PEERCRED, &told, &size) == 0 && told.cr_version == XUCRED_VERSION)
        process = told.cr_pid;
#else
    (void)native;
#endif
    return process > 0 ? process : -1;
}

static int unix_credentials(const firth_io *io, firth_unix_credentials *credentials)
{
    uid_t user;
    gid_t group;

    if (getpeereid((int)io->native, &user, &group) != 0)
        return fth_fail_errno("getpeereid");
    credentials->process_id = peer_process((int)io->native);
    credentials->user_id = user;
    credentials->group_id = group;
    return FIRTH_OK;
}
#endif

/* ---- connecting ---------------------------------------------------------------------------------------------------- */

static int unix_connect(firth_io *io, const firth_unix_address *address)
{
    struct sockaddr_un native;
    socklen_t size = 0;
    int rc = fth_unix_to_native(&native, &size, address);

    if (rc < 0)
        return rc;
    do
        rc = connect((int)io->native, (const struct sockaddr *)&native, size);
    while (rc != 0 && errno == EINTR);
    if (rc == 0) {
        io->state = (io->state | FTH_WRITABLE) & ~(uint32_t)FTH_HANGUP;
        if ((io->state & FTH_DATAGRAMS) == 0)
            fth_set_dry(io);
        return FIRTH_OK;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) /* the backlog is full (unix(7)) */
        return FIRTH_ERR_WOULD_BLOCK;
    /* Nothing there, a socket of another type, or no socket (the BSDs): whoever was to listen there does not. */
    if (errno == ENOENT || errno == EPROTOTYPE || errno == ENOTSOCK)
        return firth_fail(FIRTH_ERR_REFUSED, errno, "connect");
    return fth_fail_errno("connect");
}

const firth_unix_backend fth_readiness_unix = {
    .open = unix_open,
    .adopt = unix_adopt,
    .connect = unix_connect,
    .bind = fth_unix_native_bind,
    .unlink = fth_unix_native_unlink,
    .address = unix_address,
    .credentials = unix_credentials,
    .receive = fth_unix_native_receive,
    .send = fth_unix_native_send,
    .discard = fth_unix_native_discard,
};
