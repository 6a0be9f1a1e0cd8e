/* SPDX-License-Identifier: Apache-2.0 */
/* What a world is like, in all that could make its future another: written down without addresses and times, then
 * hashed (FNV-1a). */
#include <stdio.h>

#include "core/base/list.h"
#include "core/sockets/datagram.h"
#include "tests/sim/explore.h"

static char text[8192];
static size_t size;

static void put(const char *format, ...) FIRTH_PRINTF(1, 2);
static void put(const char *format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(text + size, sizeof text - size, format, arguments);
    va_end(arguments);
    if (n > 0)
        size += (size_t)n < sizeof text - size ? (size_t)n : sizeof text - size - 1;
}

static bool is_armed(const firth_timer *timer)
{
    return fth_timers_has(&here.sim->timers, timer);
}

/* ---- the network ------------------------------------------------------------------------------------------------- */

static void put_end(const fth_sim_end *end)
{
    const fth_sim_stream *in = &end->in;

    put(" <%zu %zu %zu f%d r%d h%d u%d | s%d q%d c%d x%d%d e%d>", in->readable, in->flying_bytes, in->waiting_bytes,
        in->fin, in->reset, in->is_held, is_armed(&in->update), end->socket != NULL, end->listener != NULL,
        end->is_closed, end->is_reset, end->has_given_up, end->error);
}

static void put_side(const firth_op *op, const fth_sim_side *side)
{
    put(" %d/%d/%d%d%d%d%d", op != NULL ? op->kind : -1, op != NULL ? op->state : -1, side->is_cancelled,
        side->is_spurious, side->is_delayed, side->has_waited, is_armed(&side->nudge));
}

/* Which they are changes nothing, for they are received in order. */
static void put_mail(const fth_sim_mail *mail)
{
    put(" mail error%d", mail->error);
    for (const fth_sim_datagram *one = mail->first; one != NULL; one = one->next)
        put(" %zu", one->size);
}

static void put_flying(void)
{
    for (const fth_sim_datagram *one = here.sim->flying; one != NULL; one = one->next)
        put("\nflying to%u %zu error%d", one->host->number, one->size, one->error);
}

static void put_network(void)
{
    for (size_t i = 0; i < it.host->used; i++) {
        const fth_sim_socket *socket = it.host->places[i].socket;

        if (socket == NULL)
            continue;
        put("\nsocket %d ready%d queued%d dry%d error%d", socket->stage, socket->is_ready, socket->queued,
            (socket->io->state & FIRTH_IO_DRY) != 0, socket->error);
        put_side(socket->io->reading, &socket->reading);
        put_side(socket->io->writing, &socket->writing);
        put_mail(&socket->mail);
    }
    put_flying();
    for (const fth_sim_connection *one = here.sim->connections; one != NULL; one = one->next) {
        put("\nconnection %d tries%d parted%d", one->handshake, one->tries, one->path->is_parted);
        put_end(&one->client);
        put_end(&one->server);
    }
}

/* ---- core -------------------------------------------------------------------------------------------------------- */

static void put_task(const firth_task_info *task, void *argument)
{
    (void)argument;
    put("\ntask %s %d %s %d", task->name, task->state, task->waiting_for, task->cancelled);
}

static void put_socket(const firth_socket *socket)
{
    const firth_read_channel *in = &socket->in;
    const firth_write_channel *out = &socket->out;

    put("\nhandle %d %d closer%d", socket->stage, socket->how, socket->closer != NULL);
    put(" | in %u %d%d%d%d", in->block != NULL ? in->end - in->start : 0, in->cause, in->closed, in->cancelled,
        in->tell_left);
    if (in->reader != NULL)
        put(" inside, at %zu", in->progress);
    put(" | out %u %u %d %d%d%d%d%d", out->block != NULL ? out->end - out->start : 0, out->in_flight, out->cause,
        out->dirty, out->waiting, out->finished, out->closed, out->tell_left);
    if (out->writer != NULL)
        put(" inside, at %zu", out->progress);
}

static void put_datagram_socket(const firth_datagram_socket *socket)
{
    put("\ndatagram handle receiving%d%d sending%d%d kept%d", socket->receiving.task != NULL,
        socket->receiving.op != NULL, socket->sending.task != NULL, socket->sending.op != NULL, socket->kept.code);
}

static void put_core(void)
{
    const fth_opened *opened = it.selector->opened.next;

    for (; opened != &it.selector->opened; opened = opened->next) {
        if (strcmp(opened->kind->name, "socket") == 0)
            put_socket(FTH_CONTAINER(opened, firth_socket, opened));
        else if (strcmp(opened->kind->name, "datagram socket") == 0)
            put_datagram_socket(FTH_CONTAINER(opened, firth_datagram_socket, opened));
    }
    firth_tasks_visit(it.selector, put_task, NULL);
    put("\nloop %d %d %d timers%d", it.selector->ready_first != NULL, it.selector->completed_first != NULL,
        atomic_load(&it.selector->mailbox.pending), it.selector->timers.root != NULL);
}

static void put_play(void)
{
    put("\nplay %d%d %d %d closed%d%d closers%d late%d past%d", it.is_running, it.submits, it.ended,
        it.scope != NULL ? it.scope->flags : 0, it.is_closed, it.is_aborted, it.closers, it.late,
        firth_sim_now_ns(here.sim) >= it.deadline_ns);
    for (int i = 0; i < it.ended; i++)
        put(" =%lld", (long long)it.results[i]);
    /* How many bytes a receiver still can get is limited; how many have gone, either way, changes nothing. */
    put("\npeer %d%d%d sent%zu clients%d %d %d", it.has_peer, it.is_peer_reset, it.is_peer_ended, it.peer_sent,
        it.clients_count, it.clients_connected, it.clients_accepted);
}

uint64_t explore_state(void)
{
    uint64_t hash = 14695981039346656037u;

    size = 0;
    text[0] = '\0';
    put_play();
    put_core();
    put_network();
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    return hash;
}
