/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/readiness/reactor.h"

#include <sys/types.h> /* first: see address.h */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "backends/readiness/address.h"
#include "backends/readiness/descriptors.h"

static int get_int(int native, int name, int *value, const char *step)
{
    socklen_t size = sizeof *value;

    return getsockopt(native, SOL_SOCKET, name, value, &size) != 0 ? fth_fail_errno(step) : FIRTH_OK;
}

/* Where a socket does not tell its protocol (macOS, NetBSD) it tells its family by its name, and whether it is of TCP by
 * having TCP's options. */
static int get_protocol(int native, int *domain, int *protocol)
{
#if defined(SO_DOMAIN) && defined(SO_PROTOCOL)
    int rc = get_int(native, SO_DOMAIN, domain, "getsockopt(SO_DOMAIN)");

    return rc < 0 ? rc : get_int(native, SO_PROTOCOL, protocol, "getsockopt(SO_PROTOCOL)");
#else
    fth_native_address name;
    socklen_t size = sizeof name, option_size = sizeof *protocol;

    if (getsockname(native, &name.any, &size) != 0)
        return fth_fail_errno("getsockname");
    *domain = name.any.sa_family;
    *protocol = getsockopt(native, IPPROTO_TCP, TCP_NODELAY, protocol, &option_size) == 0 ? IPPROTO_TCP : -1;
    return FIRTH_OK;
#endif
}

/* A connected TCP socket, IPv4 or IPv6; *domain tells which. */
static int check(int native, int *domain)
{
    fth_native_address peer;
    socklen_t size = sizeof peer;
    int type, protocol, rc;

    if ((rc = get_int(native, SO_TYPE, &type, "getsockopt(SO_TYPE)")) < 0 ||
        (rc = get_protocol(native, domain, &protocol)) < 0)
        return rc;
    if (type != SOCK_STREAM || protocol != IPPROTO_TCP || (*domain != AF_INET && *domain != AF_INET6))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "adopt");
    if (fth_getpeername(native, &peer.any, &size) != 0)
        return fth_fail_errno("getpeername");
    return FIRTH_OK;
}

/* Non-blocking, closed on exec, and without a linger of its previous owner, with which close would block the thread
 * (socket(7)). Undoes what it did when a later step fails. */
static int prepare(int native)
{
    static const struct linger none = {0};
    int status = fcntl(native, F_GETFL), flags, rc;

    if (status < 0 || fcntl(native, F_SETFL, status | O_NONBLOCK) != 0)
        return fth_fail_errno("fcntl(O_NONBLOCK)");
    flags = fcntl(native, F_GETFD);
    if (flags >= 0 && fcntl(native, F_SETFD, flags | FD_CLOEXEC) == 0) {
        if (setsockopt(native, SOL_SOCKET, SO_LINGER, &none, sizeof none) == 0 && fth_no_sigpipe(native) == 0)
            return FIRTH_OK;
        rc = fth_fail_errno("setsockopt(SO_LINGER)");
        (void)fcntl(native, F_SETFD, flags);
    } else {
        rc = fth_fail_errno("fcntl(FD_CLOEXEC)");
    }
    (void)fcntl(native, F_SETFL, status);
    return rc;
}

int fth_adopt(firth_io *io, int native, uint32_t state)
{
    fth_reactor *reactor = fth_reactor_of(io);
    int rc;

    if ((rc = fth_slots_reserve(reactor)) < 0 || (rc = prepare(native)) < 0)
        return rc;
    io->native = native;
    io->state = FTH_WRITABLE | FIRTH_IO_DRY | state;
    fth_slots_take(reactor, io);
    return FIRTH_OK;
}

int fth_native_adopt(firth_io *io, intptr_t native)
{
    int domain, rc;

    io->native = -1;
    if (native < 0 || native > INT_MAX)
        return firth_fail(FIRTH_ERR_ARGUMENT, EBADF, "adopt");
    rc = check((int)native, &domain);
    return rc < 0 ? rc : fth_adopt(io, (int)native, domain == AF_INET6 ? (uint32_t)FTH_IPV6 : 0u);
}

int fth_native_release(firth_io *io, intptr_t *native)
{
    *native = io->native;
    fth_reactor_forget(io, false);
    return FIRTH_OK;
}
