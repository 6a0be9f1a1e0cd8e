/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams: by a plain call while there are any, and then by WSARecvMsg into the caller's memory, which is what waits.
 *
 * One that is too long for its memory is a failure for the system, WSAEMSGSIZE, and has been taken all the same. */
#include "backends/iocp/iocp.h"

#include <limits.h>
#include <mstcpip.h>
#include <string.h>

#include "core/base/assert.h"

#ifndef SIO_UDP_CONNRESET
#define SIO_UDP_CONNRESET _WSAIOW(IOC_VENDOR, 12)
#endif
#ifndef SIO_UDP_NETRESET
#define SIO_UDP_NETRESET _WSAIOW(IOC_VENDOR, 15)
#endif

/* Errors that an unconnected socket must not tell, in one call. */
enum { FTH_ERRORS_BUDGET = 32 };

/* ---- opening and connecting -------------------------------------------------------------------------------------- */

/* Whether receives tell what ICMP says of datagrams sent earlier. Without this a socket that is not connected tells it too,
 * of whomever. Windows has the second since version 10. Test: udp_survives_port_unreachable_unconnected. */
static void tell_icmp(const firth_io *io, BOOL on)
{
    DWORD returned;

    (void)WSAIoctl(fth_socket_of(io), SIO_UDP_CONNRESET, &on, sizeof on, NULL, 0, &returned, NULL, NULL);
    (void)WSAIoctl(fth_socket_of(io), SIO_UDP_NETRESET, &on, sizeof on, NULL, 0, &returned, NULL, NULL);
}

int fth_iocp_datagram_open(firth_io *io, firth_family family)
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
    record->messages = firth_selector_allocate(iocp->selector, sizeof *record->messages);
    socket = record->messages != NULL ? fth_socket_make(family == FIRTH_FAMILY_IPV6 ? AF_INET6 : AF_INET, true)
                                      : INVALID_SOCKET;
    if (socket == INVALID_SOCKET) {
        rc = record->messages != NULL ? fth_fail_last("socket") : firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
        fth_record_give(iocp, record);
        return rc;
    }
    io->native = (intptr_t)socket;
    io->state = FTH_DATAGRAMS | FIRTH_IO_DRY | (family == FIRTH_FAMILY_IPV6 ? (unsigned)FTH_IPV6 : 0u);
    fth_record_use(record, io);
    tell_icmp(io, FALSE);
    return FIRTH_OK;
}

int fth_datagram_address(const firth_io *io, const firth_address *address, fth_native_address *native)
{
    return fth_address_for_socket(native, address, (io->state & FTH_IPV6) != 0);
}

/* Datagrams of others that came while it was bound and had no peer yet. What the peer itself sent then may be among them.
 * It may go on without end, and the loop is not to be kept by that: all that came before are no more than the socket's
 * buffer holds, and one datagram that stands out of it. Each counts for the bytes that are known of it, an empty one for
 * one. Tests: a_connected_socket_hands_out_nothing_that_came_before, a_peer_that_never_stops_keeps_no_socket_from_connecting. */
static void discard_earlier(SOCKET socket)
{
    enum { LONGEST_BYTES = 64 * 1024, KNOWN_BYTES = 512 };
    char bytes[KNOWN_BYTES];
    int held = 0, size = sizeof held, got = 0;
    int64_t left;

    (void)getsockopt(socket, SOL_SOCKET, SO_RCVBUF, (char *)&held, &size);
    for (left = (int64_t)held + LONGEST_BYTES; left > 0; left -= got > 0 ? got : 1) {
        got = recv(socket, bytes, sizeof bytes, 0);
        if (got < 0 && WSAGetLastError() != WSAEMSGSIZE)
            return;
        if (got < 0)
            got = KNOWN_BYTES;
    }
}

firth_submit fth_connect_datagrams(firth_op *op)
{
    firth_io *io = op->io;
    fth_native_address native;
    const int size = fth_datagram_address(io, op->with.address, &native);

    if (size <= 0)
        return fth_end(op, FIRTH_ERR_ADDRESS_INVALID, 0, "connect");
    if (connect(fth_socket_of(io), &native.any, size) != 0)
        return fth_fail(op, WSAGetLastError(), "connect");
    discard_earlier(fth_socket_of(io));
    tell_icmp(io, TRUE);
    io->state |= FTH_CONNECTED | FTH_BOUND;
    if (native.any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&native.ipv6.sin6_addr))
        io->state |= FTH_MAPPED;
    return fth_end(op, FIRTH_OK, 0, NULL);
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

static bool is_of_icmp(int os_code)
{
    switch (os_code) {
    case WSAECONNRESET: /* nobody is at that port */
    case WSAENETRESET:  /* its hop limit was used up */
    case WSAECONNREFUSED:
    case ERROR_PORT_UNREACHABLE:
    case WSAEHOSTUNREACH:
    case WSAENETUNREACH:
    case ERROR_HOST_UNREACHABLE:
    case ERROR_NETWORK_UNREACHABLE:
        return true;
    default:
        return false;
    }
}

static firth_submit fail(firth_op *op, int os_code, const char *step)
{
    switch (os_code) {
    case WSAECONNRESET:
        return fth_end(op, FIRTH_ERR_REFUSED, os_code, step);
    case WSAENETRESET:
        return fth_end(op, FIRTH_ERR_HOST_UNREACHABLE, os_code, step);
    default:
        return fth_fail(op, os_code, step);
    }
}

/* An error that a wait has taken from the system is told by the next call, once. */
static int take_kept(firth_io *io)
{
    const int os_code = (int)(io->state >> FTH_ERROR_SHIFT);

    io->state &= (1u << FTH_ERROR_SHIFT) - 1;
    return os_code;
}

/* ---- packets that may come --------------------------------------------------------------------------------------- */

/* A call with an OVERLAPPED that fails at once sends no packet - but for WSAEMSGSIZE, which to the kernel is a success with
 * less than there was: a packet may come, and systems differ. Packets come in their order; so one of our own is put behind
 * it, whose turn is when that has come or never will. Test: a_long_datagram_that_is_there_already_ends_one_op. */
static firth_submit mark(const firth_op *op)
{
    fth_record *record = fth_record_of(op->io);

    record->messages->is_marked = true;
    while (!PostQueuedCompletionStatus(record->iocp->port, 0, fth_record_key(record), &record->messages->mark))
        Sleep(1); /* without memory for a packet the op would never end */
    return FIRTH_SUBMIT_PENDING;
}

/* ---- receiving --------------------------------------------------------------------------------------------------- */

static int call_receive(const firth_op *op, OVERLAPPED *overlapped, DWORD *bytes)
{
    const firth_datagram *datagram = op->with.datagrams;
    fth_message *to = &fth_record_of(op->io)->messages->receiving;

    to->piece.buf = datagram->bytes;
    to->piece.len = (ULONG)(datagram->capacity < INT_MAX ? datagram->capacity : INT_MAX);
    memset(&to->message, 0, sizeof to->message);
    to->message.name = &to->address.any;
    to->message.namelen = sizeof to->address;
    to->message.lpBuffers = &to->piece;
    to->message.dwBufferCount = 1;
    to->message.Control.buf = to->control;
    to->message.Control.len = sizeof to->control;
    to->address.any.sa_family = AF_UNSPEC;
    *bytes = 0;
    return fth_iocp_of(op->io)->receive_message(fth_socket_of(op->io), &to->message, bytes, overlapped, NULL) == 0
               ? 0
               : WSAGetLastError();
}

static firth_submit received(firth_op *op, bool truncated, DWORD bytes)
{
    firth_datagram *datagram = op->with.datagrams;
    fth_message *from = &fth_record_of(op->io)->messages->receiving;

    datagram->truncated = truncated;
    datagram->size = truncated ? datagram->capacity : bytes;
    datagram->whole_size = truncated ? 0 : bytes;
    datagram->segment_bytes = 0;
    (void)fth_address_from_native(&datagram->address, &from->address);
    fth_control_read(datagram, &from->message);
    return fth_end(op, 1, 0, NULL);
}

/* What the end of a receive means; false: it is no end, and the call is to be made again. */
static bool receive_ended(firth_op *op, int os_code, DWORD bytes)
{
    if (os_code == 0 || os_code == WSAEMSGSIZE)
        (void)received(op, os_code != 0, bytes);
    else if (is_of_icmp(os_code) && (op->io->state & FTH_CONNECTED) == 0)
        return false;
    else if (os_code == WSA_OPERATION_ABORTED)
        (void)fth_end(op, FIRTH_ERR_CANCELED, 0, "recvmsg");
    else
        (void)fail(op, os_code, "recvmsg");
    return true;
}

/* True when the op has ended. */
static bool attempt_receive(firth_op *op)
{
    DWORD bytes;
    int budget, os_code = WSAEWOULDBLOCK;

    for (budget = FTH_ERRORS_BUDGET; budget > 0; budget--) {
        os_code = call_receive(op, NULL, &bytes);
        if (os_code == WSAEWOULDBLOCK)
            break;
        if (receive_ended(op, os_code, bytes))
            return true;
    }
    op->io->state |= FIRTH_IO_DRY;
    return false;
}

static firth_submit post_receive(firth_op *op)
{
    DWORD bytes;
    int budget, os_code = 0;

    for (budget = FTH_ERRORS_BUDGET; budget > 0; budget--) {
        os_code = call_receive(op, &fth_record_of(op->io)->reading, &bytes);
        if (os_code == 0)
            op->io->state &= ~(uint32_t)FIRTH_IO_DRY;
        if (os_code == 0 || os_code == WSA_IO_PENDING)
            return FIRTH_SUBMIT_PENDING;
        if (os_code == WSAEMSGSIZE)
            return mark(op);
        if (receive_ended(op, os_code, bytes))
            return FIRTH_SUBMIT_DONE;
    }
    return fail(op, os_code, "recvmsg");
}

firth_submit fth_receive_datagrams_start(firth_op *op)
{
    const int kept = take_kept(op->io);

    if (kept != 0)
        return fail(op, kept, "recvmsg");
    if ((op->attempt_only || (op->io->state & FIRTH_IO_DRY) == 0) && attempt_receive(op))
        return FIRTH_SUBMIT_DONE;
    return op->attempt_only ? fth_end(op, FIRTH_ERR_WOULD_BLOCK, 0, "recvmsg") : post_receive(op);
}

firth_submit fth_receive_datagrams_end(firth_op *op, int os_code, DWORD bytes)
{
    return receive_ended(op, os_code, bytes) ? FIRTH_SUBMIT_DONE : post_receive(op);
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

/* A receive of no bytes would take a datagram with it; one that only peeks leaves it. Test: a_wait_takes_no_datagram. */
firth_submit fth_wait_datagram_start(firth_op *op)
{
    static char nowhere;
    WSABUF nothing = {.buf = &nowhere, .len = 0};
    DWORD bytes = 0, flags = MSG_PEEK;
    int os_code;

    if (op->io->state >> FTH_ERROR_SHIFT != 0)
        return fth_end(op, FIRTH_OK, 0, NULL);
    if (op->attempt_only)
        return fth_end(op, FIRTH_ERR_WOULD_BLOCK, 0, "recvmsg");
    os_code = WSARecv(fth_socket_of(op->io), &nothing, 1, &bytes, &flags, &fth_record_of(op->io)->reading, NULL) == 0
                  ? 0
                  : WSAGetLastError();
    if (os_code == 0 || os_code == WSA_IO_PENDING)
        return FIRTH_SUBMIT_PENDING;
    return os_code == WSAEMSGSIZE ? mark(op) : fth_wait_datagram_end(op, os_code, 0);
}

firth_submit fth_wait_datagram_end(firth_op *op, int os_code, DWORD bytes)
{
    (void)bytes;
    if (os_code == WSA_OPERATION_ABORTED)
        return fth_end(op, FIRTH_ERR_CANCELED, 0, "recvmsg");
    if (os_code != 0 && os_code != WSAEMSGSIZE && (op->io->state & FTH_CONNECTED) != 0 &&
        op->io->state >> FTH_ERROR_SHIFT == 0)
        op->io->state |= (uint32_t)os_code << FTH_ERROR_SHIFT;
    op->io->state &= ~(uint32_t)FIRTH_IO_DRY;
    return fth_end(op, FIRTH_OK, 0, NULL);
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

static int call_send(const firth_op *op, fth_message *with, OVERLAPPED *overlapped)
{
    DWORD bytes = 0;
    int rc;

    if (with->message.Control.len > 0)
        rc = fth_iocp_of(op->io)->send_message(fth_socket_of(op->io), &with->message, 0, &bytes, overlapped, NULL);
    else
        rc = WSASendTo(fth_socket_of(op->io), &with->piece, 1, &bytes, 0, with->message.name, with->message.namelen,
                       overlapped, NULL);
    return rc == 0 ? 0 : WSAGetLastError();
}

/* FIRTH_OK, or a code with *step what is wrong with the datagram. */
static int prepare_send(const firth_op *op, const firth_datagram *datagram, fth_message *with, const char **step)
{
    const int size = fth_datagram_address(op->io, &datagram->address, &with->address);

    *step = "datagram address";
    if (size < 0)
        return FIRTH_ERR_ARGUMENT;
    *step = "sendmsg";
    if (datagram->size > INT_MAX)
        return FIRTH_ERR_TOO_LONG;
    if (size == 0 && (op->io->state & FTH_CONNECTED) == 0)
        return FIRTH_ERR_NOT_CONNECTED;
    with->piece.buf = datagram->bytes;
    with->piece.len = (ULONG)datagram->size;
    memset(&with->message, 0, sizeof with->message);
    if ((op->io->state & FTH_CONNECTED) == 0) { /* else it goes to the peer, which core has seen to */
        with->message.name = &with->address.any;
        with->message.namelen = size;
    }
    with->message.lpBuffers = &with->piece;
    with->message.dwBufferCount = 1;
    with->message.Control.buf = with->control;
    return fth_control_write(op->io, datagram->control, with, step);
}

/* 0 when it was sent; else op->result says why not, and the return value is the system's code, or -1 for ours. */
static int attempt_send(firth_op *op, const firth_datagram *datagram)
{
    fth_message *with = &fth_record_of(op->io)->messages->sending;
    const char *step;
    int rc = prepare_send(op, datagram, with, &step), os_code = 0, budget;

    if (rc < 0) {
        (void)fth_end(op, rc, 0, step);
        return -1;
    }
    for (budget = FTH_ERRORS_BUDGET; budget > 0; budget--) {
        os_code = call_send(op, with, NULL);
        if (os_code != WSAECONNRESET || (op->io->state & FTH_CONNECTED) != 0)
            break;
    }
    if (os_code == WSAEWOULDBLOCK)
        (void)fth_end(op, FIRTH_ERR_WOULD_BLOCK, 0, "sendmsg");
    else if (os_code != 0)
        (void)fail(op, os_code, "sendmsg");
    return os_code;
}

firth_submit fth_send_datagrams_start(firth_op *op)
{
    const int kept = take_kept(op->io);
    int64_t sent = 0;
    int os_code = 0;

    if (kept != 0)
        return fail(op, kept, "sendmsg");
    while (sent < op->piece_count && (os_code = attempt_send(op, &op->with.datagrams[sent])) == 0)
        sent++;
    if (sent > 0)
        return fth_end(op, sent, 0, NULL);
    if (os_code != WSAEWOULDBLOCK || op->attempt_only)
        return FIRTH_SUBMIT_DONE;
    os_code = call_send(op, &fth_record_of(op->io)->messages->sending, &fth_record_of(op->io)->writing);
    if (os_code == 0 || os_code == WSA_IO_PENDING)
        return FIRTH_SUBMIT_PENDING;
    return fth_send_datagrams_end(op, os_code, 0);
}

firth_submit fth_send_datagrams_end(firth_op *op, int os_code, DWORD bytes)
{
    (void)bytes;
    if (os_code == 0)
        return fth_end(op, 1, 0, NULL);
    if (os_code == WSA_OPERATION_ABORTED)
        return fth_end(op, FIRTH_ERR_CANCELED, 0, "sendmsg");
    return fail(op, os_code, "sendmsg");
}
