/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/iocp/iocp.h"

#include "core/base/assert.h"

/* An IPv6 one carries IPv4 too, in IPv6's form, unless ipv6_only says otherwise: so it is elsewhere, and not on Windows.
 * Test: an_ipv4_address_in_ipv6s_form_is_connected_to. */
SOCKET fth_socket_make(int family, bool datagrams)
{
    const int protocol = family == AF_UNIX ? 0 : datagrams ? IPPROTO_UDP : IPPROTO_TCP;
    const DWORD off = 0;
    u_long on = 1;
    SOCKET socket = WSASocketW(family, datagrams ? SOCK_DGRAM : SOCK_STREAM, protocol, NULL, 0,
                               WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    int os_code;

    if (family == AF_INET6 && socket != INVALID_SOCKET)
        (void)setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, (const char *)&off, sizeof off);
    if (socket == INVALID_SOCKET || ioctlsocket(socket, (long)FIONBIO, &on) == 0)
        return socket;
    os_code = WSAGetLastError();
    (void)closesocket(socket);
    WSASetLastError(os_code);
    return INVALID_SOCKET;
}

int fth_join(firth_io *io)
{
    fth_iocp *iocp = fth_iocp_of(io);
    const UCHAR modes = FILE_SKIP_COMPLETION_PORT_ON_SUCCESS | FILE_SKIP_SET_EVENT_ON_HANDLE;
    HANDLE handle = (HANDLE)io->native;

    if ((io->state & FTH_JOINED) != 0)
        return 0;
    if (CreateIoCompletionPort(handle, iocp->port, fth_record_key(fth_record_of(io)), 0) == NULL) {
        int os_code = (int)GetLastError();

        if (os_code == ERROR_INVALID_PARAMETER) /* it belongs to another */
            os_code = fth_events_use(fth_record_of(io));
        io->state |= os_code == 0 ? (uint32_t)FTH_JOINED : 0;
        return os_code;
    }
    io->state |= FTH_JOINED;
    /* Of a datagram that is too long for its memory the call fails, and a packet comes nevertheless: with datagrams every
     * end that is no plain error is told by a packet. */
    if ((io->state & (FTH_DATAGRAMS | FTH_UNIX | FTH_LAYERED)) == 0 && iocp->skips[(io->state & FTH_IPV6) != 0] &&
        SetFileCompletionNotificationModes(handle, modes))
        io->state |= FTH_SKIPS;
    return 0;
}

int fth_iocp_socket_open(firth_io *io, firth_family family)
{
    fth_iocp *iocp = fth_iocp_of(io);
    fth_record *record;
    SOCKET socket;
    int rc;

    io->native = -1;
    if (family != FIRTH_FAMILY_IPV4 && family != FIRTH_FAMILY_IPV6)
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "socket");
    record = fth_record_take(iocp);
    if (record == NULL)
        return FIRTH_ERR_NO_MEMORY;
    socket = fth_socket_make(family == FIRTH_FAMILY_IPV6 ? AF_INET6 : AF_INET, false);
    if (socket == INVALID_SOCKET) {
        rc = fth_fail_last("socket");
        fth_record_give(iocp, record);
        return rc;
    }
    io->native = (intptr_t)socket;
    io->state = family == FIRTH_FAMILY_IPV6 ? FTH_IPV6 : 0;
    fth_record_use(record, io);
    return FIRTH_OK;
}

void fth_iocp_socket_close(firth_io *io, firth_close_how how)
{
    static const struct linger no_linger = {.l_onoff = 1, .l_linger = 0};
    fth_iocp *iocp = fth_iocp_of(io);
    fth_record *record = fth_record_of(io);

    FTH_ASSERT(io->reading == NULL && io->writing == NULL);
    if (how == FIRTH_CLOSE_RESET)
        (void)setsockopt(fth_socket_of(io), SOL_SOCKET, SO_LINGER, (const char *)&no_linger, sizeof no_linger);
    (void)closesocket(fth_socket_of(io));
    fth_accept_forget(iocp, record);
    fth_record_give(iocp, record);
    io->native = -1;
    io->state = 0;
}

/* Without SO_EXCLUSIVEADDRUSE any other program may take the port over with SO_REUSEADDR, which means something else here
 * than elsewhere. What it is for elsewhere - a port whose old connections are in TIME-WAIT - needs no option here; but of
 * datagrams it lets all who say so share the port, and that is what it is asked for. */
static int choose_use(const firth_io *io)
{
    const BOOL on = TRUE;
    const bool shared = (io->state & FTH_DATAGRAMS) != 0 && (io->state & FTH_REUSES) != 0;

    if (setsockopt(fth_socket_of(io), SOL_SOCKET, shared ? SO_REUSEADDR : SO_EXCLUSIVEADDRUSE, (const char *)&on,
                   sizeof on) != 0)
        return fth_fail_last(shared ? "setsockopt(SO_REUSEADDR)" : "setsockopt(SO_EXCLUSIVEADDRUSE)");
    return FIRTH_OK;
}

int fth_iocp_bind(firth_io *io, const firth_address *address)
{
    fth_native_address native;
    const int size = fth_address_to_native(&native, address);
    int rc;

    if (size == 0)
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "bind");
    rc = choose_use(io);
    if (rc < 0)
        return rc;
    if (bind(fth_socket_of(io), &native.any, size) != 0)
        return fth_fail_last("bind");
    io->state |= FTH_BOUND;
    return FIRTH_OK;
}

int fth_iocp_listen(firth_io *io, int backlog)
{
    if (listen(fth_socket_of(io), backlog > 0 ? backlog : SOMAXCONN) != 0)
        return fth_fail_last("listen");
    io->state |= FTH_LISTENS;
    return FIRTH_OK;
}

static int get_address(const firth_io *io, firth_address *address, int(WSAAPI *get)(SOCKET, struct sockaddr *, int *),
                       const char *step)
{
    fth_native_address native;
    int size = sizeof native;

    if (get(fth_socket_of(io), &native.any, &size) != 0)
        return fth_fail_last(step);
    if (!fth_address_from_native(address, &native))
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, step);
    return FIRTH_OK;
}

int fth_iocp_local_address(const firth_io *io, firth_address *address)
{
    return get_address(io, address, getsockname, "getsockname");
}

int fth_iocp_peer_address(const firth_io *io, firth_address *address)
{
    return get_address(io, address, getpeername, "getpeername");
}

int fth_iocp_shutdown_write(firth_io *io)
{
    const int error = (int)(io->state >> FTH_ERROR_SHIFT);

    if (error != 0) /* which the system may have forgotten: see error_behind_the_end in transfer.c */
        return firth_fail(fth_code_of(error), error, "shutdown");
    if (shutdown(fth_socket_of(io), SD_SEND) != 0)
        return fth_fail_last("shutdown");
    /* Who ends his side wants to know what is still there before he closes, so the next receive looks. */
    io->state = (io->state | FTH_SHUT) & ~(uint32_t)FIRTH_IO_DRY;
    return FIRTH_OK;
}
