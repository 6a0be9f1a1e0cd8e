/* SPDX-License-Identifier: Apache-2.0 */
/* Who has which port of a host. The rules of sharing are Linux's, socket(7): an address may be bound twice if both
 * sockets say so, and listened at twice only with SO_REUSEPORT. */
#include "backends/sim/world.h"

#include <string.h>

/* Those that Linux gives out, ip(7). */
enum { EPHEMERAL_FIRST = 32768, EPHEMERAL_LAST = 60999 };

/* What listen takes when nothing is asked for: Linux's somaxconn. */
enum { BACKLOG_DEFAULT = 4096 };

static fth_sim_socket **bucket_of(fth_sim_socket **table, uint16_t port)
{
    return &table[port % FTH_SIM_PORTS];
}

bool fth_sim_is_any(const firth_address *address)
{
    static const uint8_t none[16] = {0};

    return memcmp(address->ip, none, address->family == FIRTH_FAMILY_IPV4 ? 4 : 16) == 0;
}

/* Whether the wildcard of IPv6 stands for IPv4 too. */
static bool is_dual(const fth_sim_socket *socket, const firth_address *address)
{
    return address->family == FIRTH_FAMILY_IPV6 && fth_sim_is_any(address) &&
           socket->values[FIRTH_OPTION_IPV6_ONLY] == 0;
}

/* TCP and UDP have ports of their own. */
static bool is_of_datagrams(const fth_sim_socket *socket)
{
    return socket->stage == FTH_SIM_DATAGRAMS;
}

static bool overlap(const fth_sim_socket *a, const firth_address *at, const fth_sim_socket *b)
{
    const firth_address *other = &b->local;

    if (at->port != other->port || is_of_datagrams(a) != is_of_datagrams(b))
        return false;
    if (at->family != other->family)
        return is_dual(a, at) || is_dual(b, other);
    return fth_sim_is_any(at) || fth_sim_is_any(other) ||
           memcmp(at->ip, other->ip, at->family == FIRTH_FAMILY_IPV4 ? 4 : 16) == 0;
}

static bool both(const fth_sim_socket *a, const fth_sim_socket *b, firth_option option)
{
    return a->values[option] != 0 && b->values[option] != 0;
}

static bool may_share(const fth_sim_socket *a, const fth_sim_socket *b)
{
    if (both(a, b, FIRTH_OPTION_REUSE_PORT))
        return true;
    return both(a, b, FIRTH_OPTION_REUSE_ADDRESS) && a->stage != FTH_SIM_LISTENING && b->stage != FTH_SIM_LISTENING;
}

static bool is_taken(const fth_sim_socket *socket, const firth_address *address)
{
    const fth_sim_socket *other = *bucket_of(socket->host->bound, address->port);

    for (; other != NULL; other = other->next_bound)
        if (other != socket && overlap(socket, address, other) && !may_share(socket, other))
            return true;
    return false;
}

/* A port that nobody has, for whatever address. */
static bool is_used(const fth_sim_socket *socket, uint16_t port)
{
    const fth_sim_socket *other = socket->host->bound[port % FTH_SIM_PORTS];

    while (other != NULL && (other->local.port != port || is_of_datagrams(other) != is_of_datagrams(socket)))
        other = other->next_bound;
    return other != NULL;
}

static int choose_port(const fth_sim_socket *socket, uint16_t *port)
{
    firth_sim_host *host = socket->host;

    for (int i = 0; i <= EPHEMERAL_LAST - EPHEMERAL_FIRST; i++) {
        *port = host->next_port;
        host->next_port = host->next_port == EPHEMERAL_LAST ? EPHEMERAL_FIRST : (uint16_t)(host->next_port + 1);
        if (!is_used(socket, *port))
            return FIRTH_OK;
    }
    return FIRTH_ERR_ADDRESS_IN_USE;
}

void fth_sim_link_bound(fth_sim_socket *socket)
{
    fth_sim_socket **bucket = bucket_of(socket->host->bound, socket->local.port);

    socket->is_bound = true;
    socket->next_bound = *bucket;
    if (*bucket != NULL)
        (*bucket)->previous_bound = socket;
    *bucket = socket;
}

static void unlink_listening(fth_sim_socket *socket)
{
    fth_sim_socket **link = bucket_of(socket->host->listening, socket->local.port);

    while (*link != socket)
        link = &(*link)->next_listening;
    *link = socket->next_listening;
}

void fth_sim_unbind(fth_sim_socket *socket)
{
    if (!socket->is_bound)
        return;
    if (socket->stage == FTH_SIM_LISTENING)
        unlink_listening(socket);
    if (socket->next_bound != NULL)
        socket->next_bound->previous_bound = socket->previous_bound;
    if (socket->previous_bound != NULL)
        socket->previous_bound->next_bound = socket->next_bound;
    else
        *bucket_of(socket->host->bound, socket->local.port) = socket->next_bound;
    socket->is_bound = false;
}

/* ---- the slots --------------------------------------------------------------------------------------------------- */

int fth_sim_bind(firth_io *io, const firth_address *address)
{
    fth_sim_socket *socket = fth_sim_socket_of(io);
    firth_address local = *address;

    if (local.family == FIRTH_FAMILY_NONE || local.family != socket->family)
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "bind");
    if (socket->is_bound)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "bind");
    if (!fth_sim_is_any(&local) && !fth_sim_has_address(socket->host, &local))
        return firth_fail(FIRTH_ERR_ADDRESS_NOT_AVAILABLE, 0, "bind");
    if (local.port == 0 ? choose_port(socket, &local.port) < 0 : is_taken(socket, &local))
        return firth_fail(FIRTH_ERR_ADDRESS_IN_USE, 0, "bind");
    socket->local = local;
    fth_sim_link_bound(socket);
    return FIRTH_OK;
}

int fth_sim_listen(firth_io *io, int backlog)
{
    fth_sim_socket *socket = fth_sim_socket_of(io), **bucket;

    if (!socket->is_bound || socket->stage != FTH_SIM_OPEN)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "listen");
    socket->stage = FTH_SIM_LISTENING;
    if (is_taken(socket, &socket->local)) {
        socket->stage = FTH_SIM_OPEN;
        return firth_fail(FIRTH_ERR_ADDRESS_IN_USE, 0, "listen");
    }
    bucket = bucket_of(socket->host->listening, socket->local.port);
    socket->next_listening = *bucket;
    *bucket = socket;
    socket->backlog = backlog > 0 && backlog < BACKLOG_DEFAULT ? backlog : BACKLOG_DEFAULT;
    fth_sim_trace(socket->host->sim, socket->host, "listen %s", firth_address_text(&socket->local).text);
    return FIRTH_OK;
}

/* ---- for connects ------------------------------------------------------------------------------------------------ */

/* The address a host sends from: the loopback's to the loopback, its own to itself, else its first of the family. */
bool fth_sim_choose_source(const firth_sim_host *host, const firth_address *to, firth_address *source)
{
    size_t first = 2;

    if (fth_sim_has_address(host, to)) {
        *source = *to;
        return true;
    }
    while (first < host->address_count && host->addresses[first].family != to->family)
        first++;
    if (first < host->address_count)
        *source = host->addresses[first];
    return first < host->address_count;
}

int fth_sim_bind_any(fth_sim_socket *socket, const firth_address *to)
{
    firth_address local = {.family = FIRTH_FAMILY_NONE};
    uint16_t port = socket->local.port;

    if (socket->is_bound && !fth_sim_is_any(&socket->local))
        return FIRTH_OK;
    if (!fth_sim_choose_source(socket->host, to, &local))
        return firth_fail(FIRTH_ERR_NETWORK_UNREACHABLE, 0, "connect");
    if (!socket->is_bound && choose_port(socket, &port) < 0)
        return firth_fail(FIRTH_ERR_ADDRESS_NOT_AVAILABLE, 0, "connect");
    local.port = port;
    socket->local = local;
    if (!socket->is_bound)
        fth_sim_link_bound(socket);
    return FIRTH_OK;
}

int fth_sim_bind_port(fth_sim_socket *socket)
{
    firth_address local = {.family = socket->family};

    if (socket->is_bound)
        return FIRTH_OK;
    if (choose_port(socket, &local.port) < 0)
        return firth_fail(FIRTH_ERR_ADDRESS_NOT_AVAILABLE, 0, "sendto");
    socket->local = local;
    fth_sim_link_bound(socket);
    return FIRTH_OK;
}

/* One that names the address is before one that takes any; of equals, SO_REUSEPORT's, any one. */
int fth_sim_fitness(const fth_sim_socket *listener, const firth_address *address)
{
    const firth_address *at = &listener->local;

    if (at->port != address->port)
        return 0;
    if (at->family != address->family)
        return is_dual(listener, at) ? 1 : 0;
    if (fth_sim_is_any(at))
        return 2;
    return memcmp(at->ip, address->ip, at->family == FIRTH_FAMILY_IPV4 ? 4 : 16) == 0 ? 3 : 0;
}

fth_sim_socket *fth_sim_find_listener(firth_sim_host *host, const firth_address *address)
{
    fth_sim_socket *best = NULL, *socket = *bucket_of(host->listening, address->port);
    int best_fitness = 1, equals = 0;

    for (; socket != NULL; socket = socket->next_listening) {
        int fit = fth_sim_fitness(socket, address);

        if (fit == 0 || fit < best_fitness)
            continue;
        equals = fit > best_fitness ? 1 : equals + 1;
        best_fitness = fit;
        if (equals == 1 || fth_sim_below(host->sim, (uint64_t)equals) == 0)
            best = socket;
    }
    return best;
}
