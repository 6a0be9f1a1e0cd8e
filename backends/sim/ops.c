/* SPDX-License-Identifier: Apache-2.0 */
/* Operations: tried when they are submitted, and again when something has happened to their socket. */
#include "backends/sim/world.h"

#include "core/base/assert.h"

/* A wait that a fault puts in, at most; and how many of those that are ready one is chosen from by chance. */
enum { DELAY_MOST_NS = 1000000, SHUFFLED_MAX = 64 };

static bool is_reading(const firth_op *op)
{
    return op->kind == FIRTH_OP_WAIT_READABLE || op->kind == FIRTH_OP_ACCEPT || op->kind == FIRTH_OP_RECEIVE ||
           op->kind == FIRTH_OP_RECEIVE_DATAGRAMS;
}

static bool is_wait(const firth_op *op)
{
    return op->kind == FIRTH_OP_WAIT_READABLE || op->kind == FIRTH_OP_WAIT_WRITABLE;
}

static bool end(firth_op *op, int64_t result, const char *step)
{
    op->result = result;
    op->os_code = 0;
    op->step = step;
    return true;
}

static const char *step_of(const firth_op *op)
{
    static const char *const steps[] = {
        [FIRTH_OP_WAIT_READABLE] = "recv",        [FIRTH_OP_WAIT_WRITABLE] = "send",     [FIRTH_OP_ACCEPT] = "accept",
        [FIRTH_OP_CONNECT] = "connect",           [FIRTH_OP_RECEIVE] = "recv",           [FIRTH_OP_SEND] = "send",
        [FIRTH_OP_RECEIVE_DATAGRAMS] = "recvmsg", [FIRTH_OP_SEND_DATAGRAMS] = "sendmsg",
    };

    return steps[op->kind];
}

/* ---- attempts: whether the op has ended --------------------------------------------------------------------------- */

/* Whether the op would end if it were tried. */
static bool could_end(const fth_sim_socket *socket, const firth_op *op)
{
    if (op->kind == FIRTH_OP_CONNECT)
        return socket->stage != FTH_SIM_CONNECTING;
    if (socket->stage == FTH_SIM_DATAGRAMS)
        return !is_reading(op) || socket->mail.first != NULL || socket->mail.error != 0;
    if (socket->stage == FTH_SIM_LISTENING)
        return socket->queue != NULL || op->kind != FIRTH_OP_WAIT_READABLE;
    if (socket->stage != FTH_SIM_CONNECTED)
        return true; /* with an error */
    return is_reading(op) ? fth_sim_is_readable(socket->end) : fth_sim_is_writable(socket->end);
}

static size_t most_of(firth_sim *sim, double rate, size_t there)
{
    if (there > 1 && fth_sim_happens(sim, rate))
        return 1 + (size_t)fth_sim_below(sim, there - 1);
    return there;
}

static bool receive(fth_sim_socket *socket, firth_op *op)
{
    fth_sim_end *from = socket->end;
    firth_sim_host *host = socket->host;

    if (from->in.readable > 0) {
        size_t most = most_of(host->sim, host->faults.short_read, from->in.readable);

        return end(op, (int64_t)fth_sim_read(from, op->with.pieces, op->piece_count, most), NULL);
    }
    if (from->in.fin == FTH_SIM_ARRIVED)
        return end(op, 0, NULL);
    return from->is_reset && end(op, from->error, "recv");
}

static bool transmit(fth_sim_socket *socket, firth_op *op)
{
    fth_sim_end *to = socket->end;
    firth_sim_host *host = socket->host;
    size_t room = fth_sim_room(to), asked = 0;
    int64_t n;

    if (to->is_reset || to->peer->in.fin != FTH_SIM_NONE)
        return end(op, to->is_reset ? to->error : FIRTH_ERR_RESET, "send");
    for (unsigned i = 0; i < op->piece_count; i++)
        asked += op->with.pieces[i].size;
    if (room == 0)
        return false;
    room = most_of(host->sim, host->faults.short_write, room < asked ? room : asked);
    n = fth_sim_write(to, op->with.pieces, op->piece_count, room);
    return end(op, n, n < 0 ? "send" : NULL);
}

static bool accept(fth_sim_socket *socket, firth_op *op)
{
    fth_sim_end *client = socket->queue;
    fth_sim_socket *made;
    int rc;

    if (client == NULL)
        return false;
    made = fth_sim_socket_new(socket->host, op->with.accepted, (firth_family)socket->family, &rc);
    if (made == NULL)
        return end(op, rc, "accept");
    op->with.accepted->selector = op->io->selector;
    socket->queue = client->next_queued;
    socket->queued--;
    client->listener = NULL;
    client->socket = made;
    made->end = client;
    made->stage = FTH_SIM_CONNECTED;
    made->local = client->local;
    for (int option = 0; option < FIRTH_OPTION_COUNT_; option++)
        made->values[option] = socket->values[option];
    fth_sim_link_bound(made);
    fth_sim_watch_peer(client);
    fth_sim_trace_end(client, "accepted");
    return end(op, FIRTH_OK, NULL);
}

static bool move_datagram(fth_sim_socket *socket, firth_op *op)
{
    const char *step = step_of(op);
    int rc = FIRTH_ERR_ARGUMENT;

    if (op->kind == FIRTH_OP_CONNECT)
        rc = fth_sim_datagram_connect(socket, op->with.address);
    else if (op->kind == FIRTH_OP_RECEIVE_DATAGRAMS)
        rc = fth_sim_datagram_receive(socket, op->with.datagrams);
    else if (op->kind == FIRTH_OP_SEND_DATAGRAMS)
        rc = fth_sim_datagram_send(socket, op->with.datagrams, &step);
    return end(op, rc, rc < 0 ? step : NULL);
}

static bool attempt(fth_sim_socket *socket, firth_op *op)
{
    if (!could_end(socket, op))
        return false;
    if (is_wait(op))
        return end(op, FIRTH_OK, NULL);
    if (socket->stage == FTH_SIM_DATAGRAMS)
        return move_datagram(socket, op);
    if (op->kind == FIRTH_OP_CONNECT)
        return socket->stage == FTH_SIM_CONNECTED ? end(op, FIRTH_OK, NULL) : end(op, socket->error, "connect");
    if (op->kind == FIRTH_OP_ACCEPT)
        return socket->stage == FTH_SIM_LISTENING ? accept(socket, op) : end(op, FIRTH_ERR_ARGUMENT, "accept");
    if (socket->stage != FTH_SIM_CONNECTED)
        return end(op, FIRTH_ERR_NOT_CONNECTED, step_of(op));
    return op->kind == FIRTH_OP_RECEIVE ? receive(socket, op) : transmit(socket, op);
}

/* ---- the queue of a host ----------------------------------------------------------------------------------------- */

void fth_sim_look(fth_sim_socket *socket)
{
    firth_sim_host *host = socket->host;

    if (socket->is_ready || (socket->io->reading == NULL && socket->io->writing == NULL))
        return;
    socket->is_ready = true;
    socket->next_ready = NULL;
    socket->previous_ready = host->ready_last;
    if (host->ready_last != NULL)
        host->ready_last->next_ready = socket;
    else
        host->ready_first = socket;
    host->ready_last = socket;
    host->ready_count++;
}

static void take_out(fth_sim_socket *socket)
{
    firth_sim_host *host = socket->host;

    if (socket->next_ready != NULL)
        socket->next_ready->previous_ready = socket->previous_ready;
    else
        host->ready_last = socket->previous_ready;
    if (socket->previous_ready != NULL)
        socket->previous_ready->next_ready = socket->next_ready;
    else
        host->ready_first = socket->next_ready;
    socket->is_ready = false;
    host->ready_count--;
}

void fth_sim_forget(fth_sim_socket *socket)
{
    if (socket->is_ready)
        take_out(socket);
    fth_timers_remove(&socket->host->sim->timers, &socket->reading.nudge);
    fth_timers_remove(&socket->host->sim->timers, &socket->writing.nudge);
}

static fth_sim_socket *next_ready(firth_sim_host *host)
{
    fth_sim_socket *socket = host->ready_first;
    size_t choice = host->ready_count < SHUFFLED_MAX ? host->ready_count : SHUFFLED_MAX;

    if (host->faults.shuffle && choice > 1)
        for (choice = (size_t)fth_sim_below(host->sim, choice); choice > 0; choice--)
            socket = socket->next_ready;
    return socket;
}

/* ---- one side of a socket ---------------------------------------------------------------------------------------- */

static void end_delay(fth_sim_side *side)
{
    side->has_waited = side->has_waited || side->is_delayed;
    side->is_delayed = false;
}

static void nudged_reading(firth_timer *timer)
{
    fth_sim_side *side = FTH_CONTAINER(timer, fth_sim_side, nudge);

    end_delay(side);
    fth_sim_look(FTH_CONTAINER(side, fth_sim_socket, reading));
}

static void nudged_writing(firth_timer *timer)
{
    fth_sim_side *side = FTH_CONTAINER(timer, fth_sim_side, nudge);

    end_delay(side);
    fth_sim_look(FTH_CONTAINER(side, fth_sim_socket, writing));
}

void fth_sim_ops_start(fth_sim_socket *socket)
{
    socket->reading.nudge.fire = nudged_reading;
    socket->writing.nudge.fire = nudged_writing;
}

static fth_sim_side *side_of(fth_sim_socket *socket, const firth_op *op)
{
    return is_reading(op) ? &socket->reading : &socket->writing;
}

static void nudge_later(fth_sim_socket *socket, fth_sim_side *side)
{
    firth_sim *sim = socket->host->sim;

    fth_sim_after(sim, &side->nudge, fth_sim_between(sim, 1, DELAY_MOST_NS));
}

/* What was waited for has been done; a wait for it is a part of it. */
static void forget_delay(fth_sim_socket *socket, const firth_op *op)
{
    if (!is_wait(op))
        side_of(socket, op)->has_waited = false;
}

static void complete(fth_sim_socket *socket, firth_op *op)
{
    fth_sim_side *side = side_of(socket, op);

    fth_timers_remove(&socket->host->sim->timers, &side->nudge);
    side->is_cancelled = side->is_spurious = side->is_delayed = false;
    forget_delay(socket, op);
    if (is_reading(op))
        socket->io->reading = NULL;
    else
        socket->io->writing = NULL;
    if (op->kind == FIRTH_OP_WAIT_READABLE)
        socket->io->state &= ~FIRTH_IO_DRY;
    firth_op_complete(op, op->result, op->os_code, op->step);
}

/* Whether a fault makes what could be done now wait: once, so that it is done in the end even if it always must. */
static bool must_wait(fth_sim_socket *socket, const firth_op *op)
{
    fth_sim_side *side = side_of(socket, op);

    if (op->look_again || (op->kind == FIRTH_OP_CONNECT && socket->stage == FTH_SIM_DATAGRAMS))
        return false;
    if (side->is_delayed)
        return true;
    if (side->has_waited || !could_end(socket, op) ||
        !fth_sim_happens(socket->host->sim, socket->host->faults.would_block))
        return false;
    side->is_delayed = true;
    nudge_later(socket, side);
    return true;
}

/* Tries a pending op; whether it has ended. */
static bool look_at(fth_sim_socket *socket, firth_op *op)
{
    const fth_sim_side *side;

    if (op == NULL)
        return false;
    side = side_of(socket, op);
    if (side->is_cancelled) {
        if (!attempt(socket, op))
            (void)end(op, FIRTH_ERR_CANCELED, step_of(op));
    } else if (side->is_spurious && is_wait(op) && !side->is_delayed) {
        (void)end(op, FIRTH_OK, NULL);
    } else if (must_wait(socket, op) || !attempt(socket, op)) {
        return false;
    }
    complete(socket, op);
    return true;
}

unsigned fth_sim_deliver(firth_sim_host *host)
{
    unsigned ended = 0;

    for (size_t n = host->ready_count; n > 0 && host->ready_count > 0; n--) {
        fth_sim_socket *socket = next_ready(host);
        bool is_writer_first = host->faults.shuffle && fth_sim_below(host->sim, 2) == 0;

        take_out(socket);
        if (is_writer_first)
            ended += look_at(socket, socket->io->writing);
        ended += look_at(socket, socket->io->reading);
        if (!is_writer_first)
            ended += look_at(socket, socket->io->writing);
    }
    return ended;
}

/* ---- the slots --------------------------------------------------------------------------------------------------- */

static firth_submit pend(fth_sim_socket *socket, firth_op *op)
{
    fth_sim_side *side = side_of(socket, op);

    if (op->attempt_only) {
        if (op->kind == FIRTH_OP_RECEIVE)
            op->io->state |= FIRTH_IO_DRY;
        (void)end(op, FIRTH_ERR_WOULD_BLOCK, step_of(op));
        return FIRTH_SUBMIT_DONE;
    }
    if (is_reading(op))
        op->io->reading = op;
    else
        op->io->writing = op;
    if (is_wait(op) && !side->is_delayed && fth_sim_happens(socket->host->sim, socket->host->faults.spurious_wait)) {
        side->is_spurious = true;
        nudge_later(socket, side);
    }
    return FIRTH_SUBMIT_PENDING;
}

firth_submit fth_sim_submit(firth_op *op)
{
    fth_sim_socket *socket = fth_sim_socket_of(op->io);
    int rc;

    FTH_ASSERT(is_reading(op) ? op->io->reading == NULL : op->io->writing == NULL);
    if (op->kind == FIRTH_OP_CONNECT && socket->stage == FTH_SIM_OPEN) {
        rc = fth_sim_connect(socket, op->with.address);
        if (rc < 0) {
            (void)end(op, rc, "connect");
            return FIRTH_SUBMIT_DONE;
        }
    }
    if (must_wait(socket, op) || !attempt(socket, op))
        return pend(socket, op);
    forget_delay(socket, op);
    if (op->kind == FIRTH_OP_WAIT_READABLE)
        op->io->state &= ~FIRTH_IO_DRY;
    return FIRTH_SUBMIT_DONE;
}

void fth_sim_cancel(firth_op *op)
{
    fth_sim_socket *socket = fth_sim_socket_of(op->io);
    firth_sim *sim = socket->host->sim;

    fth_sim_trace(sim, socket->host, "cancel %s", step_of(op));
    if (fth_sim_happens(sim, socket->host->faults.late_cancel)) {
        side_of(socket, op)->is_cancelled = true;
        fth_sim_look(socket);
        return;
    }
    (void)end(op, FIRTH_ERR_CANCELED, step_of(op));
    complete(socket, op);
}
