/* SPDX-License-Identifier: Apache-2.0 */
/* The two ends of a stream: its writer, who waits for room, and its reader, who makes it. */
#include "backends/sim/world.h"

#include <string.h>

/* A sender that was out of room hears of it when this part of its own buffer is free again, as from a kernel: fewer and
 * larger segments. Test: a_small_send_buffer_is_free_when_all_has_arrived. */
enum { ROOM_PART = 3 };

/* ---- room -------------------------------------------------------------------------------------------------------- */

static size_t capacity_of(const fth_sim_end *from)
{
    return from->send_buffer_bytes + from->peer->receive_buffer_bytes;
}

size_t fth_sim_room(const fth_sim_end *from)
{
    const fth_sim_stream *out = &from->peer->in;
    size_t used = out->readable + out->flying_bytes + out->waiting_bytes, capacity = capacity_of(from);

    return used < capacity ? capacity - used : 0;
}

static bool has_sender_waiting(const fth_sim_end *to)
{
    const fth_sim_end *from = to->peer;

    return to->in.waiting != NULL || (from->socket != NULL && from->socket->io->writing != NULL);
}

static void room_came(firth_timer *timer)
{
    fth_sim_stream *in = FTH_CONTAINER(timer, fth_sim_stream, update);
    fth_sim_end *to = FTH_CONTAINER(in, fth_sim_end, in), *from = to->peer;

    if (to->connection->path->is_parted)
        return;
    fth_sim_depart(to);
    if (from->socket != NULL && fth_sim_room(from) * ROOM_PART >= from->send_buffer_bytes)
        fth_sim_look(from->socket);
}

void fth_sim_announce_room(fth_sim_end *to)
{
    if (has_sender_waiting(to) && !fth_timers_has(&to->connection->sim->timers, &to->in.update))
        fth_sim_after(to->connection->sim, &to->in.update, fth_sim_delay_ns(to->connection->path));
}

void fth_sim_room_open(fth_sim_end *to)
{
    to->in.update.fire = room_came;
}

/* ---- writing and reading ----------------------------------------------------------------------------------------- */

static void append(fth_sim_end *to, fth_sim_segment *segment)
{
    fth_sim_stream *in = &to->in;

    if (in->last != NULL)
        in->last->next = segment;
    else
        in->first = segment;
    in->last = segment;
    if (in->waiting == NULL)
        in->waiting = segment;
    in->waiting_bytes += segment->size;
}

/* The next bytes of the pieces, from byte *at of piece *i on. */
static void gather(unsigned char *bytes, size_t size, const firth_buffer *pieces, unsigned *i, size_t *at)
{
    while (size > 0) {
        size_t left = pieces[*i].size - *at, part = left < size ? left : size;

        memcpy(bytes, (const unsigned char *)pieces[*i].bytes + *at, part);
        bytes += part;
        size -= part;
        *at += part;
        if (*at == pieces[*i].size) {
            ++*i;
            *at = 0;
        }
    }
}

int64_t fth_sim_write(fth_sim_end *from, const firth_buffer *pieces, unsigned count, size_t most)
{
    fth_sim_end *to = from->peer;
    size_t total = 0, written = 0, at = 0;
    unsigned i;

    for (i = 0; i < count; i++)
        total += pieces[i].size;
    total = total < most ? total : most;
    i = 0;
    while (written < total) {
        size_t most_bytes = from->connection->path->link.segment_bytes;
        size_t size = total - written < most_bytes ? total - written : most_bytes;
        fth_sim_segment *segment = fth_sim_host_allocate(from->host, sizeof *segment + size);

        if (segment == NULL)
            break;
        segment->size = size;
        gather(segment->bytes, size, pieces, &i, &at);
        append(to, segment);
        written += size;
    }
    if (written == 0)
        return FIRTH_ERR_NO_BUFFERS;
    fth_sim_trace_end(from, "sent %zu", written);
    fth_sim_depart(to);
    return (int64_t)written;
}

static void take_segment(fth_sim_end *to)
{
    fth_sim_stream *in = &to->in;
    fth_sim_segment *segment = in->first;

    in->first = segment->next;
    if (in->first == NULL)
        in->last = NULL;
    fth_sim_release(to->connection->sim, segment);
}

size_t fth_sim_read(fth_sim_end *to, firth_buffer *pieces, unsigned count, size_t most)
{
    fth_sim_stream *in = &to->in;
    size_t taken = 0, at = 0;
    unsigned i = 0;

    while (i < count && taken < most && in->readable > 0) {
        fth_sim_segment *segment = in->first;
        size_t there = segment->size - segment->taken, room = pieces[i].size - at, left = most - taken, part;

        part = there < room ? there : room;
        part = part < left ? part : left;
        memcpy((unsigned char *)(uintptr_t)pieces[i].bytes + at, segment->bytes + segment->taken, part);
        segment->taken += part;
        in->readable -= part;
        taken += part;
        at += part;
        if (at == pieces[i].size) {
            i++;
            at = 0;
        }
        if (segment->taken == segment->size)
            take_segment(to);
    }
    fth_sim_trace_end(to, "received %zu", taken);
    fth_sim_announce_room(to);
    return taken;
}

bool fth_sim_is_readable(const fth_sim_end *end)
{
    return end->in.readable > 0 || end->in.fin == FTH_SIM_ARRIVED || end->is_reset;
}

bool fth_sim_is_writable(const fth_sim_end *end)
{
    return end->is_reset || end->peer->in.fin != FTH_SIM_NONE || fth_sim_room(end) > 0;
}
