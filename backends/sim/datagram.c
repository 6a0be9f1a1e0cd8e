/* SPDX-License-Identifier: Apache-2.0 */
/* Datagram sockets: what goes out of them and what comes in. */
#include "backends/sim/world.h"

#include <string.h>

/* The longest payloads: 65535 bytes less UDP's header, and less IPv4's, which counts there (RFC 768, RFC 791, RFC 8200). */
enum { LARGEST_IPV4 = 65507, LARGEST_IPV6 = 65527, UDP_HEADER = 8, IPV4_HEADER = 20, IPV6_HEADER = 40 };

/* The one interface that a host has. */
enum { INTERFACE = 1 };

/* Nobody has the address: as handshake.c. */
static const int64_t no_host_ns = (int64_t)3 * 1000000000;

/* ---- opening and closing ----------------------------------------------------------------------------------------- */

int fth_sim_datagram_open(firth_io *io, firth_family family)
{
    int rc = fth_sim_socket_open(io, family);

    if (rc >= 0)
        fth_sim_socket_of(io)->stage = FTH_SIM_DATAGRAMS;
    return rc;
}

static void discard_all(fth_sim_socket *socket)
{
    while (socket->mail.first != NULL) {
        fth_sim_datagram *datagram = socket->mail.first;

        socket->mail.first = datagram->next;
        fth_sim_release(socket->host->sim, datagram);
    }
    socket->mail.last = NULL;
    socket->mail.bytes = 0;
}

void fth_sim_datagram_close(fth_sim_socket *socket)
{
    discard_all(socket);
    while (socket->mail.memberships != NULL) {
        fth_sim_membership *membership = socket->mail.memberships;

        socket->mail.memberships = membership->next;
        fth_sim_release(socket->host->sim, membership);
    }
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

/* A socket of IPv4 takes no address in IPv6's form, even one that carries IPv4's. */
static bool is_foreign(const fth_sim_socket *socket, const firth_address *address)
{
    return socket->family == FIRTH_FAMILY_IPV4 && address->family == FIRTH_FAMILY_IPV6;
}

/* Whether a socket of its family and binding can send there. */
static bool can_reach(const fth_sim_socket *socket, const firth_address *to)
{
    if (to->family == socket->family)
        return true;
    return socket->family == FIRTH_FAMILY_IPV6 && socket->values[FIRTH_OPTION_IPV6_ONLY] == 0 &&
           (!socket->is_bound || fth_sim_is_any(&socket->local));
}

static bool is_broadcast(const firth_address *address)
{
    static const uint8_t all[4] = {255, 255, 255, 255};

    return address->family == FIRTH_FAMILY_IPV4 && memcmp(address->ip, all, sizeof all) == 0;
}

int fth_sim_datagram_connect(fth_sim_socket *socket, const firth_address *address)
{
    firth_address peer = *address;
    int rc;

    (void)firth_address_unmap(&peer);
    if (peer.family == FIRTH_FAMILY_NONE || is_foreign(socket, address) ||
        (peer.family != socket->family && !can_reach(socket, &peer)))
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "connect");
    if (is_broadcast(&peer) && socket->values[FIRTH_OPTION_BROADCAST] == 0)
        return firth_fail(FIRTH_ERR_PERMISSION, 0, "connect");
    rc = fth_sim_bind_any(socket, &peer);
    if (rc < 0)
        return rc;
    socket->mail.peer = peer;
    discard_all(socket); /* of others, before it had a peer */
    return FIRTH_OK;
}

/* ---- receiving --------------------------------------------------------------------------------------------------- */

static int take_error(fth_sim_socket *socket)
{
    int error = socket->mail.error;

    socket->mail.error = 0;
    return error;
}

static void tell(const fth_sim_socket *socket, const fth_sim_datagram *from, firth_datagram_control *control)
{
    firth_datagram_control_init(control, control->struct_bytes);
    if (socket->values[FIRTH_OPTION_PACKET_INFO] != 0) {
        control->local = from->to;
        control->local.port = 0;
        fth_sim_show(socket, &control->local);
        control->interface_index = INTERFACE;
    }
    if (socket->values[FIRTH_OPTION_RECEIVE_HOP_LIMIT] != 0)
        control->hop_limit = from->hop_limit;
    if (socket->values[FIRTH_OPTION_RECEIVE_ECN] != 0)
        control->ecn = from->ecn;
}

int fth_sim_datagram_receive(fth_sim_socket *socket, firth_datagram *datagram)
{
    fth_sim_datagram *from = socket->mail.first;

    if (socket->mail.error != 0)
        return take_error(socket);
    datagram->truncated = from->size > datagram->capacity;
    datagram->size = datagram->truncated ? datagram->capacity : from->size;
    datagram->whole_size = from->size;
    datagram->segment_bytes = 0;
    datagram->address = from->from;
    fth_sim_show(socket, &datagram->address);
    if (datagram->size > 0)
        memcpy(datagram->bytes, from->bytes, datagram->size);
    if (datagram->control != NULL)
        tell(socket, from, datagram->control);
    socket->mail.first = from->next;
    if (from->next == NULL)
        socket->mail.last = NULL;
    socket->mail.bytes -= from->size;
    fth_sim_release(socket->host->sim, from);
    return 1;
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

static int header_bytes(const firth_address *to)
{
    return UDP_HEADER + (to->family == FIRTH_FAMILY_IPV4 ? IPV4_HEADER : IPV6_HEADER);
}

/* To whom, and whether it may be. */
static int address(const fth_sim_socket *socket, const firth_datagram *datagram, firth_address *to, const char **step)
{
    const firth_datagram_control *control = datagram->control;
    size_t largest;

    *to = datagram->address.family != FIRTH_FAMILY_NONE ? datagram->address : socket->mail.peer;
    if (to->family == FIRTH_FAMILY_NONE)
        return FIRTH_ERR_NOT_CONNECTED;
    *step = "datagram address";
    if (to->port == 0 || is_foreign(socket, to))
        return FIRTH_ERR_ARGUMENT;
    (void)firth_address_unmap(to);
    largest = to->family == FIRTH_FAMILY_IPV4 ? LARGEST_IPV4 : LARGEST_IPV6;
    *step = "datagram control";
    if (control != NULL &&
        (control->hop_limit < -1 || control->hop_limit > 255 || control->ecn < -1 || control->ecn > FIRTH_ECN_CE))
        return FIRTH_ERR_ARGUMENT;
    *step = "sendmsg";
    if (!can_reach(socket, to))
        return FIRTH_ERR_NETWORK_UNREACHABLE;
    if (datagram->size > largest)
        return FIRTH_ERR_TOO_LONG;
    if (control != NULL && control->interface_index > INTERFACE)
        return FIRTH_ERR_ADDRESS_NOT_AVAILABLE;
    return is_broadcast(to) && socket->values[FIRTH_OPTION_BROADCAST] == 0 ? FIRTH_ERR_PERMISSION : FIRTH_OK;
}

/* From which of the host's addresses: the control's, the socket's own, or one that fits. */
static int choose_local(const fth_sim_socket *socket, const firth_datagram *datagram, const firth_address *to,
                        firth_address *from)
{
    const firth_sim_host *host = socket->host;

    if (datagram->control != NULL && datagram->control->local.family != FIRTH_FAMILY_NONE) {
        *from = datagram->control->local;
        (void)firth_address_unmap(from);
        if (from->family != to->family || is_foreign(socket, &datagram->control->local))
            return FIRTH_ERR_ARGUMENT;
        if (!fth_sim_has_address(host, from))
            return FIRTH_ERR_ADDRESS_NOT_AVAILABLE;
    } else if (!fth_sim_is_any(&socket->local)) {
        *from = socket->local;
    } else if (!fth_sim_choose_source(host, to, from)) {
        /* A group can be on this host alone. */
        if (!fth_sim_is_group(to) && !is_broadcast(to))
            return FIRTH_ERR_NETWORK_UNREACHABLE;
        *from = host->addresses[to->family == FIRTH_FAMILY_IPV4 ? 0 : 1];
    }
    from->port = socket->local.port;
    return FIRTH_OK;
}

/* Nobody answers for the address: a socket with that peer hears of it. */
static int find_nobody(const fth_sim_socket *socket, const fth_sim_datagram *head)
{
    fth_sim_path *path = fth_sim_path_between(socket->host, socket->host);
    fth_sim_datagram error = *head;

    if (path == NULL)
        return FIRTH_ERR_NO_MEMORY;
    error.from = head->to;
    error.to = head->from;
    error.error = FIRTH_ERR_HOST_UNREACHABLE;
    error.arrival.deadline_ns = socket->host->sim->now_ns + no_host_ns;
    return fth_sim_post(path, socket->host, &error, NULL);
}

static int send_to_host(const fth_sim_socket *socket, firth_sim_host *host, const fth_sim_datagram *head,
                        const void *bytes)
{
    fth_sim_path *path = fth_sim_path_between(socket->host, host);

    if (path == NULL)
        return FIRTH_ERR_NO_MEMORY;
    if (socket->values[FIRTH_OPTION_DONT_FRAGMENT] != 0 &&
        head->size + (size_t)header_bytes(&head->to) > path->link.mtu_bytes)
        return FIRTH_ERR_TOO_LONG;
    return fth_sim_post(path, host, head, bytes);
}

/* To every host, this one too; who is no member there does not get it. */
static int send_to_all(const fth_sim_socket *socket, const fth_sim_datagram *head, const void *bytes)
{
    bool loops = is_broadcast(&head->to) || socket->values[FIRTH_OPTION_MULTICAST_LOOP] != 0;
    int rc = FIRTH_OK;

    for (firth_sim_host *host = socket->host->sim->hosts; host != NULL && rc >= 0; host = host->next)
        if (host->selector != NULL && (host == socket->host ? loops : head->hop_limit > 0))
            rc = send_to_host(socket, host, head, bytes);
    return rc;
}

static void fill_in(const fth_sim_socket *socket, const firth_datagram *datagram, fth_sim_datagram *head)
{
    const firth_datagram_control *control = datagram->control;
    firth_option hops = fth_sim_is_group(&head->to) ? FIRTH_OPTION_MULTICAST_HOP_LIMIT : FIRTH_OPTION_HOP_LIMIT;

    head->size = datagram->size;
    head->hop_limit = (int16_t)socket->values[hops];
    head->ecn = (int16_t)(socket->values[FIRTH_OPTION_TRAFFIC_CLASS] & FIRTH_ECN_CE);
    if (control != NULL && control->hop_limit >= 0)
        head->hop_limit = control->hop_limit;
    if (control != NULL && control->ecn >= 0)
        head->ecn = control->ecn;
}

int fth_sim_datagram_send(fth_sim_socket *socket, const firth_datagram *datagram, const char **step)
{
    fth_sim_datagram head;
    firth_sim_host *host;
    int rc;

    memset(&head, 0, sizeof head);
    if (socket->mail.error != 0)
        return take_error(socket);
    if ((rc = address(socket, datagram, &head.to, step)) < 0 || (rc = fth_sim_bind_port(socket)) < 0 ||
        (rc = choose_local(socket, datagram, &head.to, &head.from)) < 0)
        return rc;
    fill_in(socket, datagram, &head);
    if (fth_sim_is_group(&head.to) || is_broadcast(&head.to)) {
        rc = send_to_all(socket, &head, datagram->bytes);
    } else if (fth_sim_has_address(socket->host, &head.to)) {
        rc = send_to_host(socket, socket->host, &head, datagram->bytes);
    } else {
        host = fth_sim_find_host(socket->host->sim, &head.to);
        rc = host != NULL ? send_to_host(socket, host, &head, datagram->bytes) : find_nobody(socket, &head);
    }
    return rc < 0 ? rc : 1;
}

/* ---- small calls ------------------------------------------------------------------------------------------------- */

int fth_sim_path_mtu(const fth_sim_socket *socket, int *value)
{
    const firth_address *peer = &socket->mail.peer;
    firth_sim_host *host;
    const fth_sim_path *path;

    if (peer->family == FIRTH_FAMILY_NONE)
        return firth_fail(FIRTH_ERR_NOT_CONNECTED, 0, "option path_mtu_bytes");
    host = fth_sim_has_address(socket->host, peer) ? socket->host : fth_sim_find_host(socket->host->sim, peer);
    path = fth_sim_path_between(socket->host, host != NULL ? host : socket->host);
    if (path == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "option path_mtu_bytes");
    *value = (int)path->link.mtu_bytes;
    return FIRTH_OK;
}
