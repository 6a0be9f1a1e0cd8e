/* SPDX-License-Identifier: Apache-2.0 */
/* Accept: AcceptEx takes the next client into a socket that is there before the client is. A listener keeps it, and the
 * record that goes with it, when an accept is cancelled. */
#include "backends/iocp/iocp.h"

/* Clients that may fail in one call before the loop gets a look at others. */
enum { FTH_ACCEPT_BUDGET = 32 };

/* What is the client's fault, and none of the listener's. */
static bool is_of_client(int os_code)
{
    switch (os_code) {
    case WSAECONNRESET:
    case WSAECONNABORTED:
    case WSAENETRESET:
    case WSAETIMEDOUT:
    case WSAEHOSTUNREACH:
    case WSAENETUNREACH:
    case WSAENOTCONN:
    case ERROR_NETNAME_DELETED:
        return true;
    default:
        return false;
    }
}

static void drop_socket(fth_record *record)
{
    if (record->client_socket != INVALID_SOCKET)
        (void)closesocket(record->client_socket);
    record->client_socket = INVALID_SOCKET;
    record->client_is_here = false;
}

void fth_accept_forget(fth_iocp *iocp, fth_record *record)
{
    drop_socket(record);
    if (record->client != NULL)
        fth_record_give(iocp, record->client);
    record->client = NULL;
}

/* The client that has come: its socket learns from the listener what it is, or turns out to be dead already. */
static int introduce(const firth_io *io, SOCKET client)
{
    const SOCKET listener = fth_socket_of(io);

    return setsockopt(client, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, (const char *)&listener, sizeof listener) == 0
               ? 0
               : WSAGetLastError();
}

/* Hands it out, or keeps it for the accept that comes after a wait. */
static firth_submit arrived(firth_op *op)
{
    fth_record *record = fth_record_of(op->io);
    firth_io *client;

    if (op->kind == FIRTH_OP_WAIT_READABLE) {
        record->client_is_here = true;
        return fth_end(op, FIRTH_OK, 0, NULL);
    }
    client = op->with.accepted;
    client->selector = op->io->selector;
    client->native = (intptr_t)record->client_socket;
    client->state = FTH_BOUND | (op->io->state & (FTH_IPV6 | FTH_UNIX));
    fth_record_use(record->client, client);
    record->client = NULL;
    record->client_socket = INVALID_SOCKET;
    record->client_is_here = false;
    return fth_end(op, FIRTH_OK, 0, NULL);
}

/* Sees to it that the record of the next client is there. */
static bool reserve(fth_iocp *iocp, fth_record *record)
{
    if (record->client == NULL)
        record->client = fth_record_take(iocp);
    return record->client != NULL;
}

/* 0, WSA_IO_PENDING, or an error. */
static int post(const firth_op *op, fth_record *record)
{
    fth_iocp *iocp = fth_iocp_of(op->io);
    DWORD bytes = 0;

    if (record->client_socket == INVALID_SOCKET)
        record->client_socket = fth_socket_make(fth_family_of(op->io), false);
    if (record->client_socket == INVALID_SOCKET)
        return WSAGetLastError();
    return iocp->accept(fth_socket_of(op->io), record->client_socket, record->ahead, 0, FTH_ACCEPT_ADDRESS_BYTES,
                        FTH_ACCEPT_ADDRESS_BYTES, &bytes, &record->reading)
               ? 0
               : WSAGetLastError();
}

/* Posts, again after clients that are gone. */
static firth_submit accept_next(firth_op *op)
{
    fth_record *record = fth_record_of(op->io);
    int budget, os_code = 0;

    for (budget = FTH_ACCEPT_BUDGET; budget > 0; budget--) {
        os_code = post(op, record);
        if (fth_is_pending(op->io, os_code))
            return FIRTH_SUBMIT_PENDING;
        if (os_code == 0)
            os_code = introduce(op->io, record->client_socket);
        if (os_code == 0)
            return arrived(op);
        drop_socket(record);
        if (!is_of_client(os_code))
            break;
    }
    return fth_fail(op, os_code, "accept");
}

static firth_submit attempt(firth_op *op)
{
    fth_record *record = fth_record_of(op->io);
    u_long on = 1;

    drop_socket(record);
    record->client_socket = accept(fth_socket_of(op->io), NULL, NULL);
    if (record->client_socket == INVALID_SOCKET)
        return fth_fail(op, WSAGetLastError(), "accept");
    if (!SetHandleInformation((HANDLE)record->client_socket, HANDLE_FLAG_INHERIT, 0) ||
        ioctlsocket(record->client_socket, (long)FIONBIO, &on) != 0) {
        const int os_code = (int)GetLastError();

        drop_socket(record);
        return fth_fail(op, os_code, "accept");
    }
    return arrived(op);
}

firth_submit fth_accept_start(firth_op *op)
{
    fth_record *record = fth_record_of(op->io);

    if (!reserve(fth_iocp_of(op->io), record))
        return fth_end(op, FIRTH_ERR_NO_MEMORY, 0, "allocate");
    if (record->client_is_here)
        return arrived(op);
    return op->attempt_only ? attempt(op) : accept_next(op);
}

firth_submit fth_accept_end(firth_op *op, int os_code, DWORD bytes)
{
    fth_record *record = fth_record_of(op->io);

    (void)bytes;
    if (os_code == WSA_OPERATION_ABORTED)
        return fth_end(op, FIRTH_ERR_CANCELED, 0, "accept");
    if (os_code == 0)
        os_code = introduce(op->io, record->client_socket);
    if (os_code == 0)
        return arrived(op);
    drop_socket(record);
    return is_of_client(os_code) ? accept_next(op) : fth_fail(op, os_code, "accept");
}
