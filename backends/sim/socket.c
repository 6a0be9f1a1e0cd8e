/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/sim/world.h"

#include <string.h>

#include "core/base/assert.h"

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static int grow(firth_sim_host *host)
{
    size_t capacity = host->capacity == 0 ? FTH_SIM_SOCKETS_FIRST : host->capacity * 2;
    fth_sim_place *places = fth_sim_host_allocate(host, capacity * sizeof *places);

    if (places == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    if (host->places != NULL) {
        memcpy(places, host->places, host->used * sizeof *places);
        fth_sim_release(host->sim, host->places);
    }
    host->places = places;
    host->capacity = capacity;
    return FIRTH_OK;
}

static size_t take_number(firth_sim_host *host)
{
    return host->free_count > 0 ? host->places[--host->free_count].free_number : host->used++;
}

static void give_number(firth_sim_host *host, const fth_sim_socket *socket)
{
    host->places[socket->number].socket = NULL;
    host->places[host->free_count++].free_number = socket->number;
    host->open_count--;
}

fth_sim_socket *fth_sim_socket_new(firth_sim_host *host, firth_io *io, firth_family family, int *rc)
{
    fth_sim_socket *socket;

    io->native = -1;
    *rc = FIRTH_OK;
    if (host->faults.descriptors_max > 0 && host->open_count >= host->faults.descriptors_max)
        *rc = firth_fail(FIRTH_ERR_TOO_MANY_OPEN, 0, "socket");
    else if (host->free_count == 0 && host->used == host->capacity)
        *rc = grow(host);
    if (*rc < 0)
        return NULL;
    socket = fth_sim_host_allocate(host, sizeof *socket);
    if (socket == NULL) {
        *rc = firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
        return NULL;
    }
    socket->number = take_number(host);
    socket->host = host;
    socket->io = io;
    socket->family = (uint8_t)family;
    host->places[socket->number].socket = socket;
    host->open_count++;
    fth_sim_ops_start(socket);
    io->native = (intptr_t)socket->number;
    io->slot = (uint32_t)socket->number;
    io->state = 0;
    return socket;
}

/* ---- opening and closing ----------------------------------------------------------------------------------------- */

int fth_sim_socket_open(firth_io *io, firth_family family)
{
    firth_sim_host *host = fth_sim_host_of(io->selector);
    fth_sim_socket *socket;
    int rc;

    io->native = -1;
    if (family != FIRTH_FAMILY_IPV4 && family != FIRTH_FAMILY_IPV6)
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "socket");
    socket = fth_sim_socket_new(host, io, family, &rc);
    if (socket == NULL)
        return rc;
    fth_sim_options_start(socket);
    return FIRTH_OK;
}

/* Clients that nobody will accept any more, and those to come. */
static void reset_queue(fth_sim_socket *socket)
{
    fth_sim_connection *connection = socket->host->sim->connections;

    for (; socket->promised > 0 && connection != NULL; connection = connection->next)
        if (connection->promised_by == socket)
            fth_sim_give_place_back(connection);
    while (socket->queue != NULL) {
        fth_sim_end *end = socket->queue;

        socket->queue = end->next_queued;
        fth_sim_end_close(end, FIRTH_CLOSE_RESET);
    }
}

void fth_sim_socket_close(firth_io *io, firth_close_how how)
{
    fth_sim_socket *socket = fth_sim_socket_of(io);
    firth_sim_host *host = socket->host;

    FTH_ASSERT(io->reading == NULL && io->writing == NULL);
    fth_sim_forget(socket);
    fth_sim_unbind(socket);
    fth_sim_datagram_close(socket);
    reset_queue(socket);
    if (socket->end != NULL && socket->stage == FTH_SIM_CONNECTING)
        fth_sim_connection_free(socket->end->connection);
    else if (socket->end != NULL)
        fth_sim_end_close(socket->end, how);
    give_number(host, socket);
    fth_sim_release(host->sim, socket);
    io->native = -1;
    io->state = 0;
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

/* An IPv6 socket shows IPv4 peers as IPv6 does (RFC 4291 §2.5.5.2). */
void fth_sim_show(const fth_sim_socket *socket, firth_address *address)
{
    uint8_t ip[4];

    if (address->family != FIRTH_FAMILY_IPV4 || socket->family != FIRTH_FAMILY_IPV6)
        return;
    memcpy(ip, address->ip, sizeof ip);
    memset(address->ip, 0, sizeof address->ip);
    address->ip[10] = address->ip[11] = 0xff;
    memcpy(address->ip + 12, ip, sizeof ip);
    address->family = FIRTH_FAMILY_IPV6;
}

int fth_sim_local_address(const firth_io *io, firth_address *address)
{
    const fth_sim_socket *socket = fth_sim_socket_of(io);

    *address = socket->local;
    if (!socket->is_bound) {
        memset(address, 0, sizeof *address);
        address->family = socket->family;
    }
    fth_sim_show(socket, address);
    return FIRTH_OK;
}

int fth_sim_peer_address(const firth_io *io, firth_address *address)
{
    const fth_sim_socket *socket = fth_sim_socket_of(io);

    if (socket->stage == FTH_SIM_DATAGRAMS && socket->mail.peer.family != FIRTH_FAMILY_NONE) {
        *address = socket->mail.peer;
        fth_sim_show(socket, address);
        return FIRTH_OK;
    }
    if (socket->stage != FTH_SIM_CONNECTED || socket->end->is_reset)
        return firth_fail(FIRTH_ERR_NOT_CONNECTED, 0, "getpeername");
    *address = socket->end->remote;
    fth_sim_show(socket, address);
    return FIRTH_OK;
}

int fth_sim_shutdown_write(firth_io *io)
{
    const fth_sim_socket *socket = fth_sim_socket_of(io);

    if (socket->stage != FTH_SIM_CONNECTED || socket->end->is_reset)
        return firth_fail(FIRTH_ERR_NOT_CONNECTED, 0, "shutdown");
    fth_sim_send_fin(socket->end);
    return FIRTH_OK;
}
