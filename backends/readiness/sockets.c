/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/readiness/reactor.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "backends/readiness/address.h"
#include "backends/readiness/descriptors.h"

int fth_native_open(firth_io *io, firth_family family)
{
    fth_reactor *reactor = fth_reactor_of(io);
    int domain = family == FIRTH_FAMILY_IPV6 ? AF_INET6 : AF_INET, native, rc;

    io->native = -1;
    if (family != FIRTH_FAMILY_IPV4 && family != FIRTH_FAMILY_IPV6)
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "socket");
    rc = fth_slots_reserve(reactor);
    if (rc < 0)
        return rc;
    native = fth_socket(domain, SOCK_STREAM, IPPROTO_TCP);
    if (native < 0)
        return fth_fail_errno("socket");
    io->native = native;
    io->state = domain == AF_INET6 ? FTH_IPV6 : 0;
    fth_slots_take(reactor, io);
    return FIRTH_OK;
}

void fth_native_close(firth_io *io, firth_close_how how)
{
    static const struct linger no_linger = {.l_onoff = 1, .l_linger = 0};
    int native = (int)io->native;

    if (how == FIRTH_CLOSE_RESET)
        (void)setsockopt(native, SOL_SOCKET, SO_LINGER, &no_linger, sizeof no_linger);
    fth_reactor_forget(io, true);
    (void)close(native); /* also after EINTR: the descriptor is gone (close(2), Linux) */
}

int fth_native_bind(firth_io *io, const firth_address *address)
{
    fth_native_address native;
    socklen_t size = fth_address_to_native(&native, address);

    if (size == 0)
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "bind");
    if (bind((int)io->native, &native.any, size) != 0)
        return fth_fail_errno("bind");
    return FIRTH_OK;
}

int fth_native_listen(firth_io *io, int backlog)
{
    /* The system takes what is above its own limit for that limit. */
    if (listen((int)io->native, backlog > 0 ? backlog : INT_MAX) != 0)
        return fth_fail_errno("listen");
    fth_set_readable(io); /* nobody has looked yet */
    return FIRTH_OK;
}

static int get_address(const firth_io *io, firth_address *address,
                       int (*get)(int, struct sockaddr *restrict, socklen_t *restrict), const char *step)
{
    fth_native_address native;
    socklen_t size = sizeof native;

    if (get((int)io->native, &native.any, &size) != 0)
        return fth_fail_errno(step);
    if (!fth_address_from_native(address, &native))
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, step);
    return FIRTH_OK;
}

int fth_native_local_address(const firth_io *io, firth_address *address)
{
    return get_address(io, address, getsockname, "getsockname");
}

int fth_native_peer_address(const firth_io *io, firth_address *address)
{
    return get_address(io, address, fth_getpeername, "getpeername");
}

int fth_native_shutdown_write(firth_io *io)
{
    if (shutdown((int)io->native, SHUT_WR) != 0)
        return fth_fail_errno("shutdown");
    /* Who ends his side wants to know what is still there before he closes - closing on unread bytes resets the
     * connection (RFC 2525 §2.17) - so the next receive looks. */
    fth_set_readable(io);
    return FIRTH_OK;
}
