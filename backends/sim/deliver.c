/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a datagram that has come to its host. */
#include "backends/sim/world.h"

#include <string.h>

static fth_sim_socket *first_at(firth_sim_host *host, uint16_t port)
{
    return host->bound[port % FTH_SIM_PORTS];
}

static bool is_from_peer(const fth_sim_socket *socket, const firth_address *from)
{
    return socket->mail.peer.family == FIRTH_FAMILY_NONE || firth_address_equal(&socket->mail.peer, from);
}

/* Into the queue of the socket, if it has room. Without memory it is lost, as datagrams are. */
static void enqueue(fth_sim_socket *socket, const fth_sim_datagram *datagram)
{
    fth_sim_mail *mail = &socket->mail;
    fth_sim_datagram *copy = NULL;

    if (mail->bytes + datagram->size <= (size_t)socket->values[FIRTH_OPTION_RECEIVE_BUFFER_BYTES])
        copy = fth_sim_allocate(socket->host->sim, sizeof *copy + datagram->size);
    if (copy == NULL) {
        mail->drops++;
        fth_sim_trace(socket->host->sim, socket->host, "no room at port %u", socket->local.port);
        return;
    }
    memcpy(copy, datagram, sizeof *copy + datagram->size);
    copy->next = NULL;
    if (mail->last != NULL)
        mail->last->next = copy;
    else
        mail->first = copy;
    mail->last = copy;
    mail->bytes += datagram->size;
    fth_sim_look(socket);
}

/* ---- one of those bound to the address ----------------------------------------------------------------------------- */

/* Higher fits better, 0 not at all: one that is connected to the sender is before one that is not. */
static int fitness(const fth_sim_socket *socket, const fth_sim_datagram *datagram)
{
    int fit = socket->stage == FTH_SIM_DATAGRAMS ? fth_sim_fitness(socket, &datagram->to) : 0;

    if (fit == 0 || !is_from_peer(socket, &datagram->from))
        return 0;
    return fit + (socket->mail.peer.family != FIRTH_FAMILY_NONE ? 4 : 0);
}

/* A sender's datagrams go to the same of those that share a port by SO_REUSEPORT. */
static int choice_of(const firth_address *from, int count)
{
    uint32_t hash = from->port;

    for (size_t i = 0; i < sizeof from->ip; i++)
        hash = hash * 31 + from->ip[i];
    return (int)((hash ^ hash >> 15) % (uint32_t)count);
}

static fth_sim_socket *find(firth_sim_host *host, const fth_sim_datagram *datagram)
{
    fth_sim_socket *socket, *best = NULL;
    int fit = 1, count = 0, choice;

    for (socket = first_at(host, datagram->to.port); socket != NULL; socket = socket->next_bound) {
        int its_fit = fitness(socket, datagram);

        if (its_fit > fit) {
            fit = its_fit;
            count = 0;
        }
        if (its_fit == fit && count++ == 0)
            best = socket; /* the last one bound, of those that share by SO_REUSEADDR */
    }
    if (count < 2 || best->values[FIRTH_OPTION_REUSE_PORT] == 0)
        return best;
    choice = choice_of(&datagram->from, count);
    for (socket = first_at(host, datagram->to.port); socket != NULL; socket = socket->next_bound)
        if (fitness(socket, datagram) == fit && choice-- == 0)
            return socket;
    return best;
}

/* ---- all of them, for groups and broadcasts -------------------------------------------------------------------------- */

static bool takes(const fth_sim_socket *socket, const fth_sim_datagram *datagram)
{
    if (socket->stage != FTH_SIM_DATAGRAMS || !is_from_peer(socket, &datagram->from))
        return false;
    if (fth_sim_is_group(&datagram->to) && !fth_sim_is_member(socket, &datagram->to, &datagram->from))
        return false;
    return fth_sim_fitness(socket, &datagram->to) > 0;
}

static void deliver_to_all(firth_sim_host *host, const fth_sim_datagram *datagram)
{
    for (fth_sim_socket *socket = first_at(host, datagram->to.port); socket != NULL; socket = socket->next_bound)
        if (takes(socket, datagram))
            enqueue(socket, datagram);
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

/* Nobody is there: the sender's host is told (RFC 1122 §4.1.3.1), with what of it still matters. */
static void refuse(const fth_sim_datagram *datagram)
{
    fth_sim_path *path = datagram->path;
    fth_sim_datagram error;

    memcpy(&error, datagram, sizeof error);
    error.from = datagram->to;
    error.to = datagram->from;
    error.error = FIRTH_ERR_REFUSED;
    error.size = 0;
    memset(&error.arrival, 0, sizeof error.arrival);
    (void)fth_sim_post(path, path->a == datagram->host ? path->b : path->a, &error, NULL);
}

/* A socket that is connected to whom the error is of hears of it; others do not. */
static void deliver_error(firth_sim_host *host, const fth_sim_datagram *error)
{
    fth_sim_socket *socket = first_at(host, error->to.port);

    for (; socket != NULL; socket = socket->next_bound) {
        if (socket->stage != FTH_SIM_DATAGRAMS || socket->mail.peer.family == FIRTH_FAMILY_NONE ||
            !firth_address_equal(&socket->mail.peer, &error->from) || !firth_address_equal(&socket->local, &error->to))
            continue;
        socket->mail.error = error->error;
        fth_sim_look(socket);
    }
}

void fth_sim_deliver_datagram(const fth_sim_datagram *datagram)
{
    static const uint8_t all[4] = {255, 255, 255, 255};
    firth_sim_host *host = datagram->host;
    fth_sim_socket *socket;

    if (datagram->error != 0) {
        deliver_error(host, datagram);
    } else if (fth_sim_is_group(&datagram->to) ||
               (datagram->to.family == FIRTH_FAMILY_IPV4 && memcmp(datagram->to.ip, all, sizeof all) == 0)) {
        deliver_to_all(host, datagram);
    } else if ((socket = find(host, datagram)) != NULL) {
        enqueue(socket, datagram);
    } else {
        refuse(datagram);
    }
}
