/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/iocp/iocp.h"

#include <mstcpip.h>
#include <string.h>

/* Windows asks a port that is closed three times, half a second apart, before it says that it is refused. On its own
 * loopback nothing is lost, so once will do. Windows 10 version 1709; without it a refusal is late, and no less true. */
static void refuse_at_once(SOCKET socket)
{
    static const DWORD initial_rto = 0x98000011; /* SIO_TCP_INITIAL_RTO */
    struct {
        USHORT rtt;
        UCHAR most_retransmissions;
    } parameters = {0xffff, 0xfe}; /* TCP_INITIAL_RTO_UNSPECIFIED_RTT, …_NO_SYN_RETRANSMISSIONS */
    DWORD returned;

    (void)WSAIoctl(socket, initial_rto, &parameters, sizeof parameters, NULL, 0, &returned, NULL, NULL);
}

static bool is_loopback(const firth_address *address)
{
    static const uint8_t ipv6[16] = {[15] = 1}, mapped[13] = {[10] = 0xff, 0xff, 127};

    if (address->family == FIRTH_FAMILY_IPV4)
        return address->ip[0] == 127;
    return memcmp(address->ip, ipv6, sizeof ipv6) == 0 || memcmp(address->ip, mapped, sizeof mapped) == 0;
}

/* ConnectEx wants a socket that is bound. */
static int bind_to_any(firth_io *io)
{
    fth_native_address any;

    if ((io->state & FTH_BOUND) != 0)
        return 0;
    memset(&any, 0, sizeof any);
    any.any.sa_family = (io->state & FTH_IPV6) != 0 ? AF_INET6 : AF_INET;
    if (bind(fth_socket_of(io), &any.any, (io->state & FTH_IPV6) != 0 ? (int)sizeof any.ipv6 : (int)sizeof any.ipv4) !=
        0)
        return WSAGetLastError();
    io->state |= FTH_BOUND;
    return 0;
}

firth_submit fth_connect_start(firth_op *op)
{
    firth_io *io = op->io;
    fth_native_address native;
    const int size = fth_address_to_native(&native, op->with.address);
    int os_code;

    if ((io->state & FTH_DATAGRAMS) != 0)
        return fth_connect_datagrams(op);
    if (size == 0)
        return fth_end(op, FIRTH_ERR_ADDRESS_INVALID, 0, "connect");
    if (op->attempt_only)
        return fth_end(op, FIRTH_ERR_WOULD_BLOCK, 0, "connect");
    os_code = bind_to_any(io);
    if (os_code != 0)
        return fth_fail(op, os_code, "bind");
    if (is_loopback(op->with.address))
        refuse_at_once(fth_socket_of(io));
    os_code = fth_iocp_of(io)->connect(fth_socket_of(io), &native.any, size, NULL, 0, NULL, &fth_record_of(io)->writing)
                  ? 0
                  : WSAGetLastError();
    return fth_is_pending(io, os_code) ? FIRTH_SUBMIT_PENDING : fth_connect_end(op, os_code, 0);
}

firth_submit fth_connect_end(firth_op *op, int os_code, DWORD bytes)
{
    (void)bytes;
    if (os_code == WSA_OPERATION_ABORTED)
        return fth_end(op, FIRTH_ERR_CANCELED, 0, "connect");
    if (os_code != 0)
        return fth_fail(op, os_code, "connect");
    /* Before this the socket knows neither its peer nor how to end its writing side. */
    if (setsockopt(fth_socket_of(op->io), SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, NULL, 0) != 0)
        return fth_fail(op, WSAGetLastError(), "setsockopt(SO_UPDATE_CONNECT_CONTEXT)");
    return fth_end(op, FIRTH_OK, 0, NULL);
}
