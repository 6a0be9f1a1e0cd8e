/* SPDX-License-Identifier: Apache-2.0 */
/* Operations: tried when they are submitted, and again when something has happened to their socket. */
#include "backends/lwip/stack.h"

#include "backends/lwip/platform.h"
#include "core/base/assert.h"

/* Kinds of ops, a bit for each. */
enum {
    WAITS = 1 << FIRTH_OP_WAIT_READABLE | 1 << FIRTH_OP_WAIT_WRITABLE,
    READS = 1 << FIRTH_OP_WAIT_READABLE | 1 << FIRTH_OP_ACCEPT | 1 << FIRTH_OP_RECEIVE | 1 << FIRTH_OP_RECEIVE_DATAGRAMS
};

static bool is_reading(const firth_op *op)
{
    return (READS >> op->kind & 1) != 0;
}

static bool is_wait(const firth_op *op)
{
    return (WAITS >> op->kind & 1) != 0;
}

static const char *step_of(const firth_op *op)
{
    static const char *const steps[] = {
        [FIRTH_OP_WAIT_READABLE] = "tcp_recv",     [FIRTH_OP_WAIT_WRITABLE] = "tcp_write",
        [FIRTH_OP_ACCEPT] = "tcp_accept",          [FIRTH_OP_CONNECT] = "tcp_connect",
        [FIRTH_OP_RECEIVE] = "tcp_recv",           [FIRTH_OP_SEND] = "tcp_write",
        [FIRTH_OP_RECEIVE_DATAGRAMS] = "udp_recv", [FIRTH_OP_SEND_DATAGRAMS] = "udp_sendto",
    };

    return steps[op->kind];
}

/* ---- attempts ---------------------------------------------------------------------------------------------------- */

/* Whether the op would end if it were tried. */
static bool could_end(const fth_lwip_socket *socket, const firth_op *op)
{
    if (op->kind == FIRTH_OP_CONNECT)
        return socket->stage != FTH_LWIP_CONNECTING || socket->pcb == NULL;
    if (socket->stage == FTH_LWIP_DATAGRAMS)
        return !is_reading(op) || socket->first_mail != NULL;
    if (socket->stage == FTH_LWIP_LISTENING)
        return socket->first_client != NULL || !is_reading(op);
    if (socket->stage != FTH_LWIP_CONNECTED)
        return true; /* with an error */
    return is_reading(op) ? fth_lwip_is_readable(socket) : fth_lwip_is_writable(socket);
}

static int64_t accept(fth_lwip_socket *socket, const firth_op *op)
{
    if (socket->stage != FTH_LWIP_LISTENING)
        return FIRTH_ERR_ARGUMENT;
    if (socket->first_client == NULL)
        return FIRTH_ERR_WOULD_BLOCK;
    fth_lwip_accept(socket, op->with.accepted);
    return FIRTH_OK;
}

static int64_t connected(const fth_lwip_socket *socket)
{
    if (socket->stage == FTH_LWIP_CONNECTED)
        return FIRTH_OK;
    if (socket->stage != FTH_LWIP_CONNECTING)
        return FIRTH_ERR_ARGUMENT;
    return socket->pcb != NULL ? FIRTH_ERR_WOULD_BLOCK : socket->error;
}

static int64_t move_datagrams(fth_lwip_socket *socket, firth_op *op)
{
    if (op->kind == FIRTH_OP_RECEIVE_DATAGRAMS)
        return fth_lwip_receive_datagrams(socket, op->with.datagrams, op->piece_count);
    if (op->kind == FIRTH_OP_SEND_DATAGRAMS)
        return fth_lwip_send_datagrams(socket, op->with.datagrams, op->piece_count);
    return op->kind == FIRTH_OP_CONNECT ? fth_lwip_datagram_connect(socket, op->with.address) : FIRTH_ERR_ARGUMENT;
}

/* The result, or FIRTH_ERR_WOULD_BLOCK. */
static int64_t attempt(fth_lwip_socket *socket, firth_op *op)
{
    if (is_wait(op))
        return could_end(socket, op) ? FIRTH_OK : FIRTH_ERR_WOULD_BLOCK;
    if (socket->stage == FTH_LWIP_DATAGRAMS)
        return move_datagrams(socket, op);
    if (op->kind == FIRTH_OP_CONNECT)
        return connected(socket);
    if (op->kind == FIRTH_OP_ACCEPT)
        return accept(socket, op);
    if (socket->stage != FTH_LWIP_CONNECTED)
        return FIRTH_ERR_NOT_CONNECTED;
    return op->kind == FIRTH_OP_RECEIVE ? fth_lwip_receive(socket, op->with.pieces, op->piece_count)
                                        : fth_lwip_send(socket, op->with.pieces, op->piece_count);
}

/* ---- turns ------------------------------------------------------------------------------------------------------- */

void fth_lwip_look(fth_lwip_socket *socket)
{
    fth_lwip_stack *stack = socket->stack;

    if (socket->io == NULL)
        return;
    if (NO_SYS) /* else core may be looking at it */
        socket->io->state &= ~FIRTH_IO_DRY;
    if (socket->is_ready || (socket->io->reading == NULL && socket->io->writing == NULL))
        return;
    socket->is_ready = true;
    socket->next_ready = NULL;
    socket->previous_ready = stack->ready_last;
    if (stack->ready_last != NULL)
        stack->ready_last->next_ready = socket;
    else
        stack->ready_first = socket;
    stack->ready_last = socket;
    stack->ready_count++;
    if (fth_lwip_is_elsewhere())
        fth_lwip_platform_wake();
}

void fth_lwip_forget(fth_lwip_socket *socket)
{
    fth_lwip_stack *stack = socket->stack;

    if (!socket->is_ready)
        return;
    if (socket->next_ready != NULL)
        socket->next_ready->previous_ready = socket->previous_ready;
    else
        stack->ready_last = socket->previous_ready;
    if (socket->previous_ready != NULL)
        socket->previous_ready->next_ready = socket->next_ready;
    else
        stack->ready_first = socket->next_ready;
    socket->is_ready = false;
    stack->ready_count--;
}

/* What lwIP calls the result, if it is the connection's error. */
static int os_code_of(const fth_lwip_socket *socket, int64_t result)
{
    return result < 0 && result == socket->error ? socket->lwip_error : 0;
}

static void complete(firth_op *op, int64_t result)
{
    firth_io *io = op->io;

    if (is_reading(op))
        io->reading = NULL;
    else
        io->writing = NULL;
    if (!NO_SYS && op->kind == FIRTH_OP_WAIT_READABLE)
        io->state &= ~FIRTH_IO_DRY;
    firth_op_complete(op, result, os_code_of(fth_lwip_socket_of(io), result), result < 0 ? step_of(op) : NULL);
}

/* Tries a pending op; whether it has ended. */
static bool look_at(fth_lwip_socket *socket, firth_op *op)
{
    int64_t result;

    if (op == NULL || !could_end(socket, op))
        return false;
    result = is_wait(op) ? FIRTH_OK : attempt(socket, op);
    if (result == FIRTH_ERR_WOULD_BLOCK)
        return false;
    complete(op, result);
    return true;
}

/* Those that are queued meanwhile have their turn next time. */
unsigned fth_lwip_deliver(fth_lwip_stack *stack)
{
    unsigned ended = 0;

    for (size_t n = stack->ready_count; n > 0 && stack->ready_first != NULL; n--) {
        fth_lwip_socket *socket = stack->ready_first;

        fth_lwip_forget(socket);
        ended += look_at(socket, socket->io->reading);
        ended += look_at(socket, socket->io->writing);
    }
    return ended;
}

/* ---- the slots --------------------------------------------------------------------------------------------------- */

static firth_submit finish(firth_op *op, int64_t result, const char *step)
{
    op->result = result;
    op->os_code = os_code_of(fth_lwip_socket_of(op->io), result);
    op->step = step;
    return FIRTH_SUBMIT_DONE;
}

/* What a failure that firth_fail has told of is as the op's. */
static firth_submit fail(firth_op *op)
{
    const firth_failure *why = firth_last_failure();

    (void)finish(op, why->code, why->step);
    op->os_code = why->os_code;
    return FIRTH_SUBMIT_DONE;
}

firth_submit fth_lwip_submit(firth_op *op)
{
    fth_lwip_socket *socket = fth_lwip_socket_of(op->io);
    int64_t result;

    FTH_ASSERT(is_reading(op) ? op->io->reading == NULL : op->io->writing == NULL);
    if (op->kind == FIRTH_OP_CONNECT && socket->stage == FTH_LWIP_OPEN &&
        fth_lwip_connect(socket, op->with.address) < 0)
        return fail(op);
    result = attempt(socket, op);
    if (result != FIRTH_ERR_WOULD_BLOCK) {
        if (!NO_SYS && op->kind == FIRTH_OP_WAIT_READABLE)
            op->io->state &= ~FIRTH_IO_DRY;
        return finish(op, result, result < 0 ? step_of(op) : NULL);
    }
    if (op->attempt_only) {
        if (op->kind == FIRTH_OP_RECEIVE)
            op->io->state |= FIRTH_IO_DRY;
        return finish(op, FIRTH_ERR_WOULD_BLOCK, step_of(op));
    }
    if (is_reading(op))
        op->io->reading = op;
    else
        op->io->writing = op;
    return FIRTH_SUBMIT_PENDING;
}

void fth_lwip_cancel(firth_op *op)
{
    complete(op, FIRTH_ERR_CANCELED);
}
