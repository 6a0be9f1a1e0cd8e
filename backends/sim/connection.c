/* SPDX-License-Identifier: Apache-2.0 */
/* Connections live on when their sockets have gone, as long as something of them can still be seen. */
#include "backends/sim/world.h"

#include "core/base/assert.h"

void fth_sim_connection_free(fth_sim_connection *connection)
{
    firth_sim *sim = connection->sim;

    fth_timers_remove(&sim->timers, &connection->step);
    fth_timers_remove(&sim->timers, &connection->client.keep_alive);
    fth_timers_remove(&sim->timers, &connection->server.keep_alive);
    fth_sim_give_place_back(connection);
    fth_sim_stream_clear(&connection->client);
    fth_sim_stream_clear(&connection->server);
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        sim->connections = connection->next;
    fth_sim_release(sim, connection);
}

void fth_sim_connection_settle(fth_sim_connection *connection)
{
    if (connection->client.is_closed && connection->server.is_closed)
        fth_sim_connection_free(connection);
}

void fth_sim_connection_reset(fth_sim_connection *connection)
{
    fth_sim_trace(connection->sim, NULL, "#%u reset", connection->number);
    fth_sim_fail(&connection->client, FIRTH_ERR_RESET);
    fth_sim_fail(&connection->server, FIRTH_ERR_RESET);
}

/* A kernel that closes a socket with bytes unread tells the peer that they were lost (RFC 1122 §4.2.2.13). */
void fth_sim_end_close(fth_sim_end *end, firth_close_how how)
{
    FTH_ASSERT(!end->is_closed);
    end->socket = NULL;
    end->listener = NULL;
    end->is_closed = true;
    fth_timers_remove(&end->connection->sim->timers, &end->keep_alive);
    if (!end->is_reset && (how == FIRTH_CLOSE_RESET || end->in.readable > 0))
        fth_sim_send_reset(end);
    else
        fth_sim_send_fin(end);
    fth_sim_connection_settle(end->connection);
}

/* ---- partitions -------------------------------------------------------------------------------------------------- */

static void gave_up(firth_timer *timer)
{
    fth_sim_end *end = FTH_CONTAINER(timer, fth_sim_end, keep_alive);

    fth_sim_trace_end(end, "keep-alive gave up");
    fth_sim_give_up(end, FIRTH_ERR_TIMED_OUT);
}

/* The probes themselves nobody sees; only that they go unanswered (RFC 9293 §3.8.4). */
void fth_sim_watch_peer(fth_sim_end *end)
{
    const int *values = end->socket != NULL ? end->socket->values : NULL;
    firth_sim *sim = end->connection->sim;
    int64_t seconds;

    fth_timers_remove(&sim->timers, &end->keep_alive);
    if (values == NULL || values[FIRTH_OPTION_KEEP_ALIVE] == 0 || !end->connection->path->is_parted || end->is_reset)
        return;
    seconds = values[FIRTH_OPTION_KEEP_ALIVE_IDLE_S] +
              (int64_t)values[FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S] * values[FIRTH_OPTION_KEEP_ALIVE_COUNT];
    end->keep_alive.fire = gave_up;
    fth_sim_after(sim, &end->keep_alive, seconds < INT64_MAX / 2000000000 ? seconds * 1000000000 : INT64_MAX);
}

void fth_sim_connection_part(fth_sim_connection *connection)
{
    fth_sim_watch_peer(&connection->client);
    fth_sim_watch_peer(&connection->server);
}

void fth_sim_connection_heal(fth_sim_connection *connection)
{
    fth_sim_watch_peer(&connection->client);
    fth_sim_watch_peer(&connection->server);
    fth_sim_stream_heal(&connection->client);
    fth_sim_stream_heal(&connection->server);
    if (connection->handshake == FTH_SIM_ACK && !fth_timers_has(&connection->sim->timers, &connection->step))
        fth_sim_after(connection->sim, &connection->step, fth_sim_delay_ns(connection->path));
}
