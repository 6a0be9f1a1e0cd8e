/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to a stream between its writer and its reader: segments depart when the receiver's window has room and
 * arrive in order; the stream's end and its reset travel behind them. A lost segment is one that arrives late, and so do those behind
 * it: that is all of loss that a program can see of TCP. */
#include "backends/sim/world.h"

#include <string.h>

/* The longest time between two retransmissions, RFC 6298 §2.5. */
static const int64_t retransmit_most_ns = (int64_t)60 * 1000000000;

static firth_sim *sim_of(const fth_sim_end *end)
{
    return end->connection->sim;
}

/* ---- on the way -------------------------------------------------------------------------------------------------- */

static int64_t lost_for_ns(fth_sim_end *to)
{
    firth_sim *sim = sim_of(to);
    const firth_sim_link *link = &to->connection->path->link;
    int64_t wait_ns = link->retransmit_us * 1000, total_ns = 0;

    while (fth_sim_happens(sim, link->loss)) {
        fth_sim_trace_end(to->peer, "lost");
        total_ns += wait_ns;
        wait_ns = wait_ns * 2 < retransmit_most_ns ? wait_ns * 2 : retransmit_most_ns;
    }
    return total_ns;
}

/* When what departs now will be there. */
static int64_t travel(fth_sim_end *to, size_t size)
{
    fth_sim_path *path = to->connection->path;
    int64_t *free_ns = &path->free_ns[to->host != path->b], departure_ns = sim_of(to)->now_ns, arrival_ns;

    if (path->link.bytes_per_second > 0 && size > 0) {
        departure_ns = *free_ns > departure_ns ? *free_ns : departure_ns;
        departure_ns += (int64_t)size * 1000000000 / path->link.bytes_per_second;
        *free_ns = departure_ns;
    }
    arrival_ns = departure_ns + fth_sim_delay_ns(path) + lost_for_ns(to);
    if (arrival_ns < to->in.last_arrival_ns)
        arrival_ns = to->in.last_arrival_ns;
    to->in.last_arrival_ns = arrival_ns;
    return arrival_ns;
}

static void expect(fth_sim_end *to)
{
    fth_sim_stream *in = &to->in;
    int64_t next_ns = INT64_MAX;

    if (in->flying != NULL)
        next_ns = in->flying->arrival_ns;
    else if (in->fin == FTH_SIM_FLYING)
        next_ns = in->fin_ns;
    else if (in->reset == FTH_SIM_FLYING)
        next_ns = in->reset_ns;
    if (next_ns != INT64_MAX && !in->is_held && !fth_timers_has(&sim_of(to)->timers, &in->arrival))
        fth_sim_at(sim_of(to), &in->arrival, next_ns);
}

static size_t left_of(const fth_sim_segment *segment)
{
    return segment->size - segment->taken;
}

/* Makes the first bytes of the segment that waits one of its own. Without memory it is left whole, and so is sent
 * beyond the window rather than never. */
static void split_waiting(fth_sim_end *to, size_t bytes)
{
    fth_sim_stream *in = &to->in;
    fth_sim_segment **link = &in->first, *rest = in->waiting;
    fth_sim_segment *part = fth_sim_allocate(sim_of(to), sizeof *part + bytes);

    if (part == NULL)
        return;
    while (*link != rest)
        link = &(*link)->next;
    part->size = bytes;
    memcpy(part->bytes, rest->bytes + rest->taken, bytes);
    rest->taken += bytes;
    part->next = rest;
    *link = in->waiting = part;
}

/* Whether the window has room for the segment that waits, or for a part of it that is worth sending: half a window at
 * least, lest a slow reader make every byte a segment of its own (RFC 9293 §3.8.6.2.1). */
static bool fit_waiting(fth_sim_end *to)
{
    size_t used = to->in.flying_bytes + to->in.readable, room;

    if (used >= to->receive_buffer_bytes)
        return false;
    room = to->receive_buffer_bytes - used;
    if (left_of(to->in.waiting) > room) {
        if (room < to->receive_buffer_bytes / 2)
            return false;
        split_waiting(to, room);
    }
    return true;
}

void fth_sim_depart(fth_sim_end *to)
{
    fth_sim_stream *in = &to->in;

    while (in->waiting != NULL && fit_waiting(to)) {
        fth_sim_segment *segment = in->waiting;
        size_t size = left_of(segment);

        segment->arrival_ns = travel(to, size);
        in->waiting = segment->next;
        in->waiting_bytes -= size;
        in->flying_bytes += size;
        if (in->flying == NULL)
            in->flying = segment;
    }
    if (in->waiting == NULL && in->fin == FTH_SIM_WAITING) {
        in->fin = FTH_SIM_FLYING;
        in->fin_ns = travel(to, 0);
    }
    if (in->reset == FTH_SIM_WAITING) {
        in->reset = FTH_SIM_FLYING;
        in->reset_ns = travel(to, 0);
    }
    expect(to);
}

/* ---- arriving ---------------------------------------------------------------------------------------------------- */

static void free_all(fth_sim_end *to, fth_sim_segment *from)
{
    while (from != NULL) {
        fth_sim_segment *next = from->next;

        fth_sim_release(sim_of(to), from);
        from = next;
    }
}

/* Frees the segments from `first` on, which may be none. */
static void cut(fth_sim_end *to, fth_sim_segment *first)
{
    fth_sim_segment **link = &to->in.first, *last = NULL;

    if (first == NULL)
        return;
    while (*link != first) {
        last = *link;
        link = &last->next;
    }
    *link = NULL;
    to->in.last = last;
    free_all(to, first);
}

/* Takes back what has not arrived. */
static void drop_coming(fth_sim_end *to)
{
    fth_sim_stream *in = &to->in;

    cut(to, in->flying != NULL ? in->flying : in->waiting);
    in->flying = in->waiting = NULL;
    in->flying_bytes = in->waiting_bytes = 0;
    if (in->fin < FTH_SIM_ARRIVED)
        in->fin = FTH_SIM_NONE;
}

/* What it has sent and nobody has got is sent no more. */
static void end_here(fth_sim_end *end, int error)
{
    end->is_reset = true;
    end->error = error;
    drop_coming(end->peer);
    fth_timers_remove(&sim_of(end)->timers, &end->keep_alive);
    if (end->socket != NULL)
        fth_sim_look(end->socket);
}

void fth_sim_fail(fth_sim_end *end, int error)
{
    if (end->is_reset)
        return;
    drop_coming(end);
    end_here(end, error);
}

void fth_sim_give_up(fth_sim_end *end, int error)
{
    end->has_given_up = true;
    end_here(end, error);
}

/* Once; it answers whatever comes to an end that is no more (RFC 9293 §3.10.7.1). */
static void answer_with_reset(fth_sim_end *to)
{
    if (to->peer->in.reset == FTH_SIM_NONE && !to->peer->is_reset)
        fth_sim_send_reset(to);
}

/* The window of a closed end takes nothing: whoever still sends is told so. */
static void refuse_bytes(fth_sim_end *to)
{
    fth_sim_stream *in = &to->in;

    while (in->first != NULL && in->first != in->flying && in->first != in->waiting) {
        fth_sim_segment *segment = in->first;

        in->first = segment->next;
        fth_sim_release(sim_of(to), segment);
    }
    if (in->first == NULL)
        in->last = NULL;
    in->readable = 0;
    answer_with_reset(to);
}

/* Bytes for an end that has given up: behind those that it got before. */
static void discard(fth_sim_end *to, const fth_sim_segment *segment)
{
    fth_sim_stream *in = &to->in;
    fth_sim_segment **link = &in->first, *before = NULL, *found;

    while (*link != segment) {
        before = *link;
        link = &before->next;
    }
    found = *link;
    *link = found->next;
    if (in->last == found)
        in->last = before;
    fth_sim_trace_end(to, "refused %zu", left_of(found));
    fth_sim_release(sim_of(to), found);
    answer_with_reset(to);
}

/* One segment has arrived; at a set number of bytes the connection is cut, in the middle of a segment too. */
static void arrive(fth_sim_end *to, fth_sim_segment *segment)
{
    fth_sim_connection *connection = to->connection;
    fth_sim_stream *in = &to->in;
    size_t size = left_of(segment);

    in->flying = segment->next != in->waiting ? segment->next : NULL;
    in->flying_bytes -= size;
    if (to->has_given_up) {
        discard(to, segment);
        return;
    }
    if (connection->reset_left >= 0 && size > (uint64_t)connection->reset_left)
        size = (size_t)connection->reset_left;
    if (connection->reset_left >= 0)
        connection->reset_left -= (int64_t)size;
    segment->size = segment->taken + size;
    in->readable += size;
    fth_sim_trace_end(to, "arrived %zu", size);
    if (connection->reset_left == 0)
        fth_sim_connection_reset(connection);
}

static bool arrive_next(fth_sim_end *to)
{
    fth_sim_stream *in = &to->in;
    int64_t now_ns = sim_of(to)->now_ns;

    if (in->flying != NULL) {
        if (in->flying->arrival_ns > now_ns)
            return false;
        arrive(to, in->flying);
    } else if (in->fin == FTH_SIM_FLYING && in->fin_ns <= now_ns) {
        in->fin = to->has_given_up ? FTH_SIM_DISCARDED : FTH_SIM_ARRIVED;
        fth_sim_trace_end(to, "fin arrived");
        if (to->has_given_up)
            answer_with_reset(to);
    } else if (in->reset == FTH_SIM_FLYING && in->reset_ns <= now_ns) {
        in->reset = FTH_SIM_ARRIVED;
        fth_sim_trace_end(to, "reset arrived");
        fth_sim_fail(to, FIRTH_ERR_RESET);
    } else {
        return false;
    }
    return true;
}

static void arrival_came(firth_timer *timer)
{
    fth_sim_stream *in = FTH_CONTAINER(timer, fth_sim_stream, arrival);
    fth_sim_end *to = FTH_CONTAINER(in, fth_sim_end, in);

    if (to->connection->path->is_parted) {
        in->is_held = true;
        return;
    }
    while (arrive_next(to))
        ;
    if (to->is_closed && in->readable > 0)
        refuse_bytes(to);
    expect(to);
    if (to->socket != NULL)
        fth_sim_look(to->socket);
    fth_sim_connection_settle(to->connection);
}

/* ---- ends -------------------------------------------------------------------------------------------------------- */

void fth_sim_send_fin(fth_sim_end *from)
{
    fth_sim_stream *out = &from->peer->in;

    if (out->fin != FTH_SIM_NONE || from->is_reset)
        return;
    fth_sim_trace_end(from, "fin");
    out->fin = FTH_SIM_WAITING;
    fth_sim_depart(from->peer);
}

/* What has departed still arrives before it. */
void fth_sim_send_reset(fth_sim_end *from)
{
    fth_sim_end *to = from->peer;
    fth_sim_stream *out = &to->in;

    fth_sim_trace_end(from, "reset");
    if (!from->is_reset)
        from->error = FIRTH_ERR_RESET;
    from->is_reset = true;
    cut(to, out->waiting);
    out->waiting = NULL;
    out->waiting_bytes = 0;
    if (out->fin == FTH_SIM_WAITING)
        out->fin = FTH_SIM_NONE;
    if (out->reset == FTH_SIM_NONE)
        out->reset = FTH_SIM_WAITING;
    fth_sim_depart(to);
}

/* ---- partitions, and the beginning and end of it all -------------------------------------------------------------- */

/* The sender's host tries again, as late as its timer of retransmissions has it. */
void fth_sim_stream_heal(fth_sim_end *to)
{
    firth_sim *sim = sim_of(to);
    fth_sim_path *path = to->connection->path;

    if (to->in.is_held) {
        int64_t delay_ns = fth_sim_delay_ns(path) + fth_sim_between(sim, 0, path->link.retransmit_us * 1000);

        to->in.is_held = false;
        if (to->in.last_arrival_ns < sim->now_ns + delay_ns)
            to->in.last_arrival_ns = sim->now_ns + delay_ns;
        fth_sim_after(sim, &to->in.arrival, delay_ns);
    }
    fth_sim_announce_room(to);
}

void fth_sim_stream_open(fth_sim_end *to)
{
    to->in.arrival.fire = arrival_came;
    fth_sim_room_open(to);
}

void fth_sim_stream_clear(fth_sim_end *to)
{
    fth_timers_remove(&sim_of(to)->timers, &to->in.arrival);
    fth_timers_remove(&sim_of(to)->timers, &to->in.update);
    cut(to, to->in.first);
    to->in.flying = to->in.waiting = NULL;
}
