/* SPDX-License-Identifier: Apache-2.0 */
/* An op from its start to its packet. */
#include "backends/iocp/iocp.h"

#include <string.h>

#include "core/base/assert.h"

static bool is_listener(const firth_op *op)
{
    return (op->io->state & FTH_LISTENS) != 0;
}

static bool has_datagrams(const firth_op *op)
{
    return (op->io->state & FTH_DATAGRAMS) != 0;
}

static bool is_reading(const firth_op *op)
{
    return op->kind == FIRTH_OP_RECEIVE || op->kind == FIRTH_OP_WAIT_READABLE || op->kind == FIRTH_OP_ACCEPT ||
           op->kind == FIRTH_OP_RECEIVE_DATAGRAMS;
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

typedef struct kind {
    firth_submit (*start)(firth_op *op);
    firth_submit (*end)(firth_op *op, int os_code, DWORD bytes);
} kind;

static const kind kinds[] = {
    [FIRTH_OP_WAIT_READABLE] = {fth_receive_start, fth_receive_end},
    [FIRTH_OP_WAIT_WRITABLE] = {fth_send_start, fth_send_end},
    [FIRTH_OP_ACCEPT] = {fth_accept_start, fth_accept_end},
    [FIRTH_OP_CONNECT] = {fth_connect_start, fth_connect_end},
    [FIRTH_OP_RECEIVE] = {fth_receive_start, fth_receive_end},
    [FIRTH_OP_SEND] = {fth_send_start, fth_send_end},
    [FIRTH_OP_RECEIVE_DATAGRAMS] = {fth_receive_datagrams_start, fth_receive_datagrams_end},
    [FIRTH_OP_SEND_DATAGRAMS] = {fth_send_datagrams_start, fth_send_datagrams_end},
};
static const kind wait_for_client = {fth_accept_start, fth_accept_end};
static const kind wait_for_datagram = {fth_wait_datagram_start, fth_wait_datagram_end};

static const kind *kind_of(const firth_op *op)
{
    if (op->kind == FIRTH_OP_WAIT_READABLE && is_listener(op))
        return &wait_for_client;
    if (op->kind == FIRTH_OP_WAIT_READABLE && has_datagrams(op))
        return &wait_for_datagram;
    return &kinds[op->kind];
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
    how = kind_of(op)->start(op);
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

static void finish(firth_op **side, int os_code, DWORD bytes)
{
    firth_op *op = *side;

    *side = NULL;
    if (kind_of(op)->end(op, os_code, bytes) == FIRTH_SUBMIT_PENDING)
        *side = op;
    else
        firth_op_complete(op, op->result, op->os_code, op->step);
}

void fth_op_packet(fth_record *record, OVERLAPPED *overlapped)
{
    firth_op **side = overlapped == &record->writing ? &record->io->writing : &record->io->reading;
    fth_messages *messages = record->messages;

    FTH_ASSERT(*side != NULL);
    if (*side == NULL)
        return;
    if (messages != NULL && overlapped == &messages->mark) {
        messages->is_marked = false;
        finish(side, WSAEMSGSIZE, 0);
    } else if (messages == NULL || !messages->is_marked || overlapped != &record->reading) {
        finish(side, failure_of(*side, overlapped), (DWORD)overlapped->InternalHigh);
    }
}
