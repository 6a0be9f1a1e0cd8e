/* SPDX-License-Identifier: Apache-2.0 */
/* Bugs in what an op comes to: counts, ends, resets, clients. */
#include "tests/planted/planted.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* What the table knows of each connection: who is its peer, and how that has ended. */
typedef struct connection {
    const firth_io *io; /* NULL: free */
    firth_address local, peer;
    bool peer_ended, peer_reset, end_told, was_awaited;
} connection;

enum { CONNECTIONS = 4096 };
static connection connections[CONNECTIONS];

/* Of closed sockets whose report is still on its way, in the planted bug's eyes. */
static intptr_t stale = -1;
static bool accept_was_cancelled;
static unsigned accepts;
static intptr_t last_client = -1;

static connection *find(const firth_io *io)
{
    for (size_t i = 0; i < CONNECTIONS; i++)
        if (connections[i].io == io)
            return &connections[i];
    return NULL;
}

void planted_note_connected(firth_io *io)
{
    connection *one = find(NULL);

    if (one == NULL)
        return;
    memset(one, 0, sizeof *one);
    if (planted_real->local_address(io, &one->local) >= 0 && planted_real->peer_address(io, &one->peer) >= 0)
        one->io = io;
}

void planted_note_ended(const firth_io *io, bool reset)
{
    const connection *ended = find(io);

    for (size_t i = 0; ended != NULL && i < CONNECTIONS; i++)
        if (connections[i].io != NULL && firth_address_equal(&connections[i].local, &ended->peer) &&
            firth_address_equal(&connections[i].peer, &ended->local)) {
            connections[i].peer_ended = true;
            connections[i].peer_reset = reset;
        }
}

void planted_forget(const firth_io *io)
{
    connection *one = find(io);

    planted_forget_datagrams(io);
    if (one == NULL)
        return;
    if (planted == PLANTED_STALE_EVENT && one->was_awaited)
        stale = io->native;
    if (last_client == io->native)
        last_client = -1;
    one->io = NULL;
}

int64_t planted_attempt(firth_io *io, firth_op_kind kind, void *bytes, size_t size)
{
    firth_buffer piece = {bytes, size};
    firth_op op = {.kind = (uint8_t)kind, .attempt_only = true, .look_again = true, .piece_count = 1, .io = io};

    op.with.pieces = &piece;
    op.state = FIRTH_SUBMIT_PENDING;
    (void)planted_real->submit(&op);
    return op.result;
}

/* ---- before the real backend is asked ---------------------------------------------------------------------------- */

static bool ends_with(firth_op *op, int64_t result, const char *step)
{
    op->result = result;
    op->os_code = 0;
    op->step = step;
    return true;
}

static bool preempts_receive(firth_op *op)
{
    connection *one = find(op->io);

    if (stale != -1 && op->io->native == stale) {
        stale = -1;
        return ends_with(op, 0, NULL);
    }
    if (one == NULL)
        return false;
    one->was_awaited = true;
    if (planted == PLANTED_END_BEFORE_DATA && one->peer_ended && !one->peer_reset)
        return ends_with(op, 0, NULL);
    if (planted == PLANTED_RESET_BEFORE_DATA && one->peer_reset)
        return ends_with(op, FIRTH_ERR_RESET, "recv");
    return false;
}

static bool preempts_send(firth_op *op)
{
    const connection *one = find(op->io);

    if (planted == PLANTED_HALF_CLOSE_AS_CLOSE && one != NULL && one->end_told)
        return ends_with(op, FIRTH_ERR_RESET, "send");
    return false;
}

/* The client of the last accept once more, by a second descriptor of it. */
static bool hands_out_again(firth_op *op)
{
    int again;

    if (planted != PLANTED_CLIENT_TWICE || last_client == -1 || ++accepts % 3 != 0)
        return false;
    again = dup((int)last_client);
    if (again < 0)
        return false;
    op->with.accepted->selector = op->io->selector;
    if (planted_real->adopt(op->with.accepted, again) < 0) {
        (void)close(again);
        return false;
    }
    return ends_with(op, FIRTH_OK, NULL);
}

static bool preempts_accept(firth_op *op)
{
    if (planted == PLANTED_CLIENT_LOST && accept_was_cancelled) {
        firth_io lost = {.selector = op->io->selector, .native = -1};
        firth_op accepting = {.kind = FIRTH_OP_ACCEPT, .attempt_only = true, .io = op->io};

        accepting.with.accepted = &lost;
        accepting.look_again = true;
        (void)planted_real->submit(&accepting);
        if (accepting.result >= 0) {
            planted_real->socket_close(&lost, FIRTH_CLOSE_NORMAL);
            accept_was_cancelled = false;
        }
    }
    return hands_out_again(op);
}

bool planted_preempts(firth_op *op)
{
    switch (op->kind) {
    case FIRTH_OP_RECEIVE:
        return preempts_receive(op);
    case FIRTH_OP_SEND:
        return preempts_send(op);
    case FIRTH_OP_ACCEPT:
        return preempts_accept(op);
    case FIRTH_OP_RECEIVE_DATAGRAMS:
    case FIRTH_OP_SEND_DATAGRAMS:
        return planted_preempts_datagrams(op);
    default:
        return false;
    }
}

/* ---- after it has answered --------------------------------------------------------------------------------------- */

static void spoil_receive(firth_op *op)
{
    const firth_buffer *piece = &op->with.pieces[0];
    uint8_t *bytes = (uint8_t *)(uintptr_t)piece->bytes;
    connection *one = find(op->io);

    if (op->result == 0 && one != NULL)
        one->end_told = true;
    if (op->result == 0 && planted == PLANTED_END_AS_ERROR)
        (void)ends_with(op, FIRTH_ERR_RESET, "recv");
    if (op->result == FIRTH_ERR_RESET && planted == PLANTED_RESET_AS_END)
        (void)ends_with(op, 0, NULL);
    if (op->result > 0 && planted == PLANTED_WRITES_BEHIND && op->piece_count == 1)
        bytes[piece->size] = 0;
    if (op->result > 0 && planted == PLANTED_SHORT_READ_OVERWRITTEN && op->piece_count == 1) {
        int64_t more = planted_attempt(op->io, FIRTH_OP_RECEIVE, bytes, piece->size);

        if (more > 0)
            op->result = more;
    }
}

static void spoil_send(firth_op *op)
{
    int64_t whole = 0;

    for (size_t i = 0; i < op->piece_count; i++)
        whole += (int64_t)op->with.pieces[i].size;
    if (op->result > 0 && planted == PLANTED_SHORT_SEND_AS_FULL)
        op->result = whole;
    if (op->result < 0 && op->os_code == EPIPE && planted == PLANTED_SIGNAL_RAISED)
        (void)raise(SIGPIPE);
}

static void spoil_accept(firth_op *op)
{
    firth_io *client = op->with.accepted;

    if (op->result == FIRTH_ERR_CANCELED)
        accept_was_cancelled = true;
    if (op->result < 0)
        return;
    planted_note_connected(client);
    last_client = client->native;
    if (planted == PLANTED_OPTIONS_NOT_INHERITED)
        (void)planted_real->set_option(client, FIRTH_OPTION_NO_DELAY, 0);
}

void planted_spoil(firth_op *op)
{
    if (op->kind == FIRTH_OP_RECEIVE)
        spoil_receive(op);
    else if (op->kind == FIRTH_OP_SEND)
        spoil_send(op);
    else if (op->kind == FIRTH_OP_ACCEPT)
        spoil_accept(op);
    else if (op->kind == FIRTH_OP_RECEIVE_DATAGRAMS || op->kind == FIRTH_OP_SEND_DATAGRAMS)
        planted_spoil_datagrams(op);
    else if (op->kind == FIRTH_OP_CONNECT && op->result == FIRTH_ERR_REFUSED && planted == PLANTED_REFUSED_AS_CONNECTED)
        (void)ends_with(op, FIRTH_OK, NULL);
    if (op->kind == FIRTH_OP_CONNECT && op->result >= 0)
        planted_note_connected(op->io);
}
