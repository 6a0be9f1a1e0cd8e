/* SPDX-License-Identifier: Apache-2.0 */
/* How a connection comes about: SYN, SYN and ACK, ACK, each of which takes its time and may be lost. */
#include "backends/sim/world.h"

#include <string.h>

/* SYNs sent before a connect gives up, and the wait after the first; each further wait is twice as long (Linux,
 * tcp_syn_retries). */
enum { SYN_MAX = 7 };
static const int64_t syn_wait_ns = 1000000000;

/* Nobody has the address: three questions for it go unanswered (RFC 1122 §2.3.2.1; Linux, a second each). */
static const int64_t no_host_ns = (int64_t)3 * 1000000000;

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static void next_step(fth_sim_connection *connection, fth_sim_handshake what, int64_t delay_ns)
{
    connection->handshake = (uint8_t)what;
    fth_sim_after(connection->sim, &connection->step, delay_ns);
}

/* The client's socket takes the connection from the op that waits for it, or from the error in its place. */
static void end_connect(fth_sim_connection *connection, int error)
{
    fth_sim_socket *socket = connection->client.socket;

    socket->stage = error == 0 ? FTH_SIM_CONNECTED : FTH_SIM_FAILED;
    socket->error = error;
    fth_sim_look(socket);
    if (error == 0)
        return;
    fth_sim_trace_end(&connection->client, "connect failed: %s", firth_error_name(error));
    socket->end = NULL;
    fth_sim_connection_free(connection);
}

/* Neither lost nor cut off. */
static bool gets_through(fth_sim_connection *connection)
{
    return !connection->path->is_parted && !fth_sim_happens(connection->sim, connection->path->link.loss);
}

void fth_sim_give_place_back(fth_sim_connection *connection)
{
    if (connection->promised_by != NULL)
        connection->promised_by->promised--;
    connection->promised_by = NULL;
}

static void promise_place(fth_sim_connection *connection, fth_sim_socket *listener)
{
    connection->promised_by = listener;
    listener->promised++;
}

/* The timer of retransmissions runs from the first SYN, whatever has become of the answers. The tries that have gone by
 * while one was under way change nothing. */
static void wait_for_retry(fth_sim_connection *connection)
{
    int64_t now_ns = connection->sim->now_ns;

    fth_sim_give_place_back(connection);
    while (connection->retry_ns < now_ns && connection->tries < SYN_MAX)
        connection->retry_ns += syn_wait_ns << connection->tries++;
    next_step(connection, FTH_SIM_SYN_AGAIN, connection->retry_ns > now_ns ? connection->retry_ns - now_ns : 0);
}

static void send_syn(fth_sim_connection *connection)
{
    if (connection->tries == SYN_MAX) {
        end_connect(connection, FIRTH_ERR_TIMED_OUT);
        return;
    }
    connection->retry_ns = connection->sim->now_ns + (syn_wait_ns << connection->tries++);
    if (gets_through(connection))
        next_step(connection, FTH_SIM_SYN, fth_sim_delay_ns(connection->path));
    else
        wait_for_retry(connection);
}

/* Those in the middle of a handshake count: each of them will want its place. */
static bool is_full(const fth_sim_socket *listener)
{
    return listener->queued + listener->promised > listener->backlog;
}

static bool is_to_itself(const fth_sim_connection *connection)
{
    return connection->client.host == connection->server.host &&
           firth_address_equal(&connection->client.local, &connection->client.remote);
}

static void size_buffers(fth_sim_end *server, const fth_sim_socket *listener)
{
    server->send_buffer_bytes = (size_t)listener->values[FIRTH_OPTION_SEND_BUFFER_BYTES];
    server->receive_buffer_bytes = (size_t)listener->values[FIRTH_OPTION_RECEIVE_BUFFER_BYTES];
}

static void syn_arrives(fth_sim_connection *connection)
{
    fth_sim_end *client = &connection->client;
    fth_sim_socket *listener = fth_sim_find_listener(connection->server.host, &client->remote);

    if (!gets_through(connection)) {
        wait_for_retry(connection); /* the answer is lost */
    } else if (listener != NULL && is_full(listener)) {
        fth_sim_trace(connection->sim, connection->server.host, "#%u backlog full", connection->number);
        wait_for_retry(connection);
    } else if (listener == NULL && !is_to_itself(connection)) {
        next_step(connection, FTH_SIM_REFUSED, fth_sim_delay_ns(connection->path));
    } else {
        if (listener != NULL) {
            size_buffers(&connection->server, listener);
            promise_place(connection, listener);
        } else {
            /* Simultaneous open, with itself (RFC 9293 §3.5). */
            client->peer = client;
            connection->server.is_closed = true;
        }
        next_step(connection, FTH_SIM_SYN_ACK, fth_sim_delay_ns(connection->path));
    }
}

static void client_connects(fth_sim_connection *connection)
{
    int64_t delay_ns = fth_sim_delay_ns(connection->path);

    fth_sim_trace_end(&connection->client, "connected");
    connection->server.in.last_arrival_ns = connection->sim->now_ns + delay_ns; /* no byte overtakes it */
    next_step(connection, FTH_SIM_ACK, delay_ns);
    end_connect(connection, 0);
}

/* The one that promised a place; or one that has taken its port over, if it has room. */
static fth_sim_socket *listener_for(fth_sim_connection *connection)
{
    fth_sim_socket *listener = connection->promised_by;

    fth_sim_give_place_back(connection);
    if (listener == NULL)
        listener = fth_sim_find_listener(connection->server.host, &connection->server.local);
    return listener != NULL && !is_full(listener) ? listener : NULL;
}

/* A listener hears of a client. */
static void enqueue(fth_sim_connection *connection)
{
    fth_sim_end *client = &connection->server;
    fth_sim_socket *listener = client->listener;

    client->next_queued = NULL;
    if (listener->queue != NULL)
        listener->queue_last->next_queued = client;
    else
        listener->queue = client;
    listener->queue_last = client;
    listener->queued++;
    fth_sim_look(listener);
}

static void listener_hears(fth_sim_connection *connection)
{
    fth_sim_end *server = &connection->server;
    fth_sim_socket *listener;

    if (connection->path->is_parted)
        return; /* the heal goes on here */
    listener = listener_for(connection);
    connection->handshake = FTH_SIM_ESTABLISHED;
    if (!server->is_closed && listener != NULL) {
        server->listener = listener;
        size_buffers(server, listener);
        enqueue(connection);
    } else if (!server->is_closed) {
        fth_sim_end_close(server, FIRTH_CLOSE_RESET);
        return; /* which may have been the last of it */
    }
    if (connection->reset_left == 0)
        fth_sim_connection_reset(connection);
}

/* A partition has come between the SYN and the client, who hears of nothing until a later SYN is answered. */
static bool is_answer_held(const fth_sim_connection *connection)
{
    return connection->path->is_parted &&
           (connection->handshake == FTH_SIM_SYN_ACK || connection->handshake == FTH_SIM_REFUSED);
}

static void step(firth_timer *timer)
{
    fth_sim_connection *connection = FTH_CONTAINER(timer, fth_sim_connection, step);

    if (is_answer_held(connection)) {
        wait_for_retry(connection);
        return;
    }
    switch ((fth_sim_handshake)connection->handshake) {
    case FTH_SIM_SYN_AGAIN:
        send_syn(connection);
        break;
    case FTH_SIM_SYN:
        syn_arrives(connection);
        break;
    case FTH_SIM_SYN_ACK:
        client_connects(connection);
        break;
    case FTH_SIM_REFUSED:
    case FTH_SIM_REJECTED:
        end_connect(connection, FIRTH_ERR_REFUSED);
        break;
    case FTH_SIM_UNREACHABLE:
        end_connect(connection, FIRTH_ERR_HOST_UNREACHABLE);
        break;
    case FTH_SIM_ACK:
        listener_hears(connection);
        break;
    case FTH_SIM_ESTABLISHED:
        break;
    }
}

/* ---- beginning --------------------------------------------------------------------------------------------------- */

/* To no address in particular means to oneself (Linux, ip(7)); an IPv4 address in IPv6's clothes is one of IPv4. */
static firth_address plain(const firth_address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t none[16] = {0};
    firth_address to = *address;

    if (to.family == FIRTH_FAMILY_IPV6 && memcmp(to.ip, mapped, sizeof mapped) == 0) {
        to.family = FIRTH_FAMILY_IPV4;
        memmove(to.ip, to.ip + 12, 4);
        memset(to.ip + 4, 0, 12);
    }
    if (to.family == FIRTH_FAMILY_IPV4 && memcmp(to.ip, none, 4) == 0)
        memcpy(to.ip, (const uint8_t[4]){127, 0, 0, 1}, 4);
    if (to.family == FIRTH_FAMILY_IPV6 && memcmp(to.ip, none, 16) == 0)
        to.ip[15] = 1;
    return to;
}

static fth_sim_connection *make(fth_sim_socket *socket, firth_sim_host *there, const firth_address *to)
{
    firth_sim *sim = socket->host->sim;
    fth_sim_path *path = fth_sim_path_between(socket->host, there);
    fth_sim_connection *made = path != NULL ? fth_sim_host_allocate(socket->host, sizeof *made) : NULL;

    if (made == NULL)
        return NULL;
    made->sim = sim;
    made->path = path;
    made->number = ++sim->connection_number;
    made->reset_left = path->link.reset_after_bytes;
    made->step.fire = step;
    made->client.connection = made->server.connection = made;
    made->client.peer = &made->server;
    made->server.peer = &made->client;
    made->client.host = socket->host;
    made->server.host = there;
    made->client.local = made->server.remote = socket->local;
    made->client.remote = made->server.local = *to;
    made->client.send_buffer_bytes = (size_t)socket->values[FIRTH_OPTION_SEND_BUFFER_BYTES];
    made->client.receive_buffer_bytes = (size_t)socket->values[FIRTH_OPTION_RECEIVE_BUFFER_BYTES];
    fth_sim_stream_open(&made->client);
    fth_sim_stream_open(&made->server);
    made->next = sim->connections;
    if (made->next != NULL)
        made->next->previous = made;
    sim->connections = made;
    return made;
}

int fth_sim_connect(fth_sim_socket *socket, const firth_address *address)
{
    firth_sim_host *here = socket->host, *there;
    firth_sim *sim = here->sim;
    firth_address to = plain(address);
    fth_sim_connection *connection;
    int rc = FIRTH_OK;

    if (to.family != FIRTH_FAMILY_IPV4 && to.family != socket->family)
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "connect");
    there = fth_sim_has_address(here, &to) ? here : fth_sim_find_host(sim, &to);
    rc = fth_sim_bind_any(socket, &to);
    if (rc < 0)
        return rc;
    connection = make(socket, there != NULL ? there : here, &to);
    if (connection == NULL)
        return firth_fail(FIRTH_ERR_NO_BUFFERS, 0, "connect");
    socket->stage = FTH_SIM_CONNECTING;
    socket->end = &connection->client;
    connection->client.socket = socket;
    fth_sim_trace_end(&connection->client, "connect %s > %s", firth_address_text(&socket->local).text,
                      firth_address_text(&to).text);
    if (fth_sim_happens(sim, here->faults.refused))
        next_step(connection, FTH_SIM_REJECTED, 2 * fth_sim_delay_ns(connection->path));
    else if (there == NULL)
        next_step(connection, FTH_SIM_UNREACHABLE, no_host_ns);
    else if (fth_sim_happens(sim, here->faults.unreachable))
        next_step(connection, FTH_SIM_UNREACHABLE, 2 * fth_sim_delay_ns(connection->path));
    else
        send_syn(connection);
    return FIRTH_OK;
}
