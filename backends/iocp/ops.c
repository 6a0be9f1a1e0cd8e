/* SPDX-License-Identifier: Apache-2.0 */
/* An op from its start to its packet. */
#include "backends/iocp/iocp.h"

#include <string.h>

#include "core/base/assert.h"

static bool is_listener(const firth_op *op)
{
    return (op->io->state & FTH_LISTENS) != 0;
}

static bool is_reading(const firth_op *op)
{
    return op->kind == FIRTH_OP_RECEIVE || op->kind == FIRTH_OP_WAIT_READABLE || op->kind == FIRTH_OP_ACCEPT;
}

static firth_op **side_of(const firth_op *op)
{
    return is_reading(op) ? &op->io->reading : &op->io->writing;
}

static OVERLAPPED *overlapped_of(const firth_op *op)
{
    fth_record *record = fth_record_of(op->io);

    return is_reading(op) ? &record->reading : &record->writing;
}

static firth_submit start(firth_op *op)
{
    switch (op->kind) {
    case FIRTH_OP_RECEIVE:
        return fth_receive_start(op);
    case FIRTH_OP_WAIT_READABLE:
        return is_listener(op) ? fth_accept_start(op) : fth_receive_start(op);
    case FIRTH_OP_SEND:
    case FIRTH_OP_WAIT_WRITABLE:
        return fth_send_start(op);
    case FIRTH_OP_ACCEPT:
        return fth_accept_start(op);
    default:
        return fth_connect_start(op);
    }
}

static firth_submit end(firth_op *op, int os_code, DWORD bytes)
{
    switch (op->kind) {
    case FIRTH_OP_RECEIVE:
        return fth_receive_end(op, os_code, bytes);
    case FIRTH_OP_WAIT_READABLE:
        return is_listener(op) ? fth_accept_end(op, os_code, bytes) : fth_receive_end(op, os_code, bytes);
    case FIRTH_OP_SEND:
    case FIRTH_OP_WAIT_WRITABLE:
        return fth_send_end(op, os_code, bytes);
    case FIRTH_OP_ACCEPT:
        return fth_accept_end(op, os_code, bytes);
    default:
        return fth_connect_end(op, os_code, bytes);
    }
}

firth_submit fth_iocp_submit(firth_op *op)
{
    firth_op **side = side_of(op);
    firth_submit how;

    FTH_ASSERT(*side == NULL);
    if (!op->attempt_only) {
        int os_code = fth_join(op->io);

        if (os_code != 0)
            return fth_fail(op, os_code, "CreateIoCompletionPort");
        memset(overlapped_of(op), 0, sizeof(OVERLAPPED));
        fth_events_set(fth_record_of(op->io), overlapped_of(op));
    }
    how = start(op);
    if (how == FIRTH_SUBMIT_PENDING)
        *side = op;
    return how;
}

/* A request: the op ends by its packet, which says whether it was too late. That there is nothing to cancel any more means
 * that the packet is in the port already. */
void fth_iocp_cancel(firth_op *op)
{
    FTH_ASSERT(*side_of(op) == op);
    (void)CancelIoEx((HANDLE)op->io->native, overlapped_of(op));
}

/* Winsock's word for what the packet says; its status is NT's, and has others. */
static int failure_of(const firth_op *op, OVERLAPPED *overlapped)
{
    DWORD bytes, flags;

    if (overlapped->Internal == 0)
        return 0;
    if (WSAGetOverlappedResult(fth_socket_of(op->io), overlapped, &bytes, FALSE, &flags))
        return 0;
    return WSAGetLastError();
}

void fth_op_packet(fth_record *record, OVERLAPPED *overlapped)
{
    firth_op **side = overlapped == &record->reading ? &record->io->reading : &record->io->writing;
    firth_op *op = *side;
    int os_code;

    FTH_ASSERT(op != NULL);
    if (op == NULL)
        return;
    os_code = failure_of(op, overlapped);
    *side = NULL;
    if (end(op, os_code, (DWORD)overlapped->InternalHigh) == FIRTH_SUBMIT_PENDING)
        *side = op;
    else
        firth_op_complete(op, op->result, op->os_code, op->step);
}
