/* SPDX-License-Identifier: Apache-2.0 */
/* The UDP builder: defaults, checks, options, bind and connect. */
#include "core/base/words.h"
#include "core/sockets/datagram.h"
#include "core/sockets/resolve.h"
#include <string.h>

void firth_udp_init(firth_udp_builder *udp, firth_selector *selector, size_t struct_bytes)
{
    const firth_udp_builder defaults = {
        .struct_bytes = struct_bytes,
        .selector = selector,
        .multicast_loop = true,
        .traffic_class = -1,
        .multicast_hop_limit = -1,
        .connect_timeout_ms = 30000,
    };

    memset(udp, 0, struct_bytes);
    memcpy(udp, &defaults, struct_bytes < sizeof defaults ? struct_bytes : sizeof defaults);
}

static int check(const firth_udp_builder *udp)
{
    static const fth_field fields[] = {
        FTH_FIELD(firth_udp_builder, send_buffer_bytes, 0, INT16_MAX),
        FTH_FIELD(firth_udp_builder, receive_buffer_bytes, 0, INT16_MAX),
        FTH_FIELD(firth_udp_builder, traffic_class, -1, 255),
        FTH_FIELD(firth_udp_builder, hop_limit, 0, 255),
        FTH_FIELD(firth_udp_builder, multicast_hop_limit, -1, 255),
        FTH_FIELD(firth_udp_builder, multicast_interface, 0, INT16_MAX),
        FTH_FIELD(firth_udp_builder, connect_timeout_ms, 0, INT16_MAX),
    };

    return fth_fields_check(udp, udp->selector, fields, sizeof fields / sizeof fields[0]);
}

static int read_builder(firth_udp_builder *full, const firth_udp_builder *given)
{
    int rc;

    if (given == NULL || given->struct_bytes < offsetof(firth_udp_builder, broadcast))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, FTH_OPTION("struct_bytes"));
    firth_udp_init(full, given->selector, sizeof *full);
    memcpy(full, given, given->struct_bytes < sizeof *full ? given->struct_bytes : sizeof *full);
    full->struct_bytes = sizeof *full;
    rc = check(full);
    if (rc < 0)
        return rc;
    if ((full->selector->backend->capabilities & FIRTH_CAN_DATAGRAMS) == 0)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "firth_udp");
    return FIRTH_OK;
}

/* When an option is set: the switch that is on by default, only when it is off. */
enum { EVERY = 1, OF_IPV6 = 2, WITHOUT_LOOP = 4 };

static int apply(const firth_udp_builder *udp, firth_io *io, firth_family family)
{
    static const fth_setting settings[] = {
        FTH_SETTING(firth_udp_builder, reuse_address, REUSE_ADDRESS, EVERY, 0),
        FTH_SETTING(firth_udp_builder, reuse_port, REUSE_PORT, EVERY, 0),
        FTH_SETTING(firth_udp_builder, ipv6_only, IPV6_ONLY, OF_IPV6, -1),
        FTH_SETTING(firth_udp_builder, broadcast, BROADCAST, EVERY, 0),
        FTH_SETTING(firth_udp_builder, dont_fragment, DONT_FRAGMENT, EVERY, 0),
        FTH_SETTING(firth_udp_builder, packet_info, PACKET_INFO, EVERY, 0),
        FTH_SETTING(firth_udp_builder, receive_hop_limit, RECEIVE_HOP_LIMIT, EVERY, 0),
        FTH_SETTING(firth_udp_builder, receive_ecn, RECEIVE_ECN, EVERY, 0),
        FTH_SETTING(firth_udp_builder, coalesce, COALESCE, EVERY, 0),
        FTH_SETTING(firth_udp_builder, send_buffer_bytes, SEND_BUFFER_BYTES, EVERY, 0),
        FTH_SETTING(firth_udp_builder, receive_buffer_bytes, RECEIVE_BUFFER_BYTES, EVERY, 0),
        FTH_SETTING(firth_udp_builder, traffic_class, TRAFFIC_CLASS, EVERY, -1),
        FTH_SETTING(firth_udp_builder, hop_limit, HOP_LIMIT, EVERY, 0),
        FTH_SETTING(firth_udp_builder, multicast_loop, MULTICAST_LOOP, WITHOUT_LOOP, -1),
        FTH_SETTING(firth_udp_builder, multicast_hop_limit, MULTICAST_HOP_LIMIT, EVERY, -1),
        FTH_SETTING(firth_udp_builder, multicast_interface, MULTICAST_INTERFACE, EVERY, 0),
    };
    unsigned where = EVERY;

    if (family == FIRTH_FAMILY_IPV6)
        where |= OF_IPV6;
    if (!udp->multicast_loop)
        where |= WITHOUT_LOOP;
    return fth_settings_apply(io, FTH_UDP, udp, settings, sizeof settings / sizeof settings[0], where);
}

/* A socket of that family with the builder's options, not bound. */
static int open_socket(const firth_udp_builder *udp, uint8_t family, firth_datagram_socket **socket)
{
    firth_datagram_socket *made = fth_datagram_socket_new(udp->selector);
    int rc;

    if (made == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_udp");
    rc = udp->selector->backend->datagram_open(&made->io, (firth_family)family);
    if (rc < 0)
        made->io.native = -1;
    else
        rc = apply(udp, &made->io, (firth_family)family);
    made->multicast_interface = (int)udp->multicast_interface;
    if (rc < 0)
        fth_datagram_socket_discard(made);
    else
        *socket = made;
    return rc;
}

/* ---- bind -------------------------------------------------------------------------------------------------------- */

static int bind_to(const firth_udp_builder *udp, const firth_address *address, firth_datagram_socket **socket)
{
    firth_datagram_socket *made = NULL;
    int rc = open_socket(udp, address->family, &made);

    if (rc < 0 || made == NULL)
        return rc;
    rc = udp->selector->backend->bind(&made->io, address);
    if (rc < 0)
        fth_datagram_socket_discard(made);
    else
        *socket = made;
    return rc;
}

/* Every address of the machine: IPv6 with IPv4 inside it, or IPv4 where there is no IPv6. */
static int bind_to_all(const firth_udp_builder *udp, int port, firth_datagram_socket **socket)
{
    firth_address address;
    int rc = firth_address_make(&address, "::", port);

    if (rc < 0)
        return rc;
    rc = bind_to(udp, &address, socket);
    if (rc != FIRTH_ERR_NOT_SUPPORTED && rc != FIRTH_ERR_ADDRESS_NOT_AVAILABLE)
        return rc;
    rc = firth_address_make(&address, "0.0.0.0", port);
    return rc < 0 || udp->ipv6_only ? rc : bind_to(udp, &address, socket);
}

int firth_udp_bind_at(const firth_udp_builder *udp, const char *host, int port, firth_datagram_socket **socket,
                      const char *place)
{
    firth_udp_builder full = {.selector = NULL};
    firth_address address;
    int rc = read_builder(&full, udp);

    *socket = NULL;
    if (rc < 0 || full.selector == NULL)
        return rc;
    fth_selector_assert_thread(full.selector);
    if (host == NULL || strcmp(host, "*") == 0)
        rc = bind_to_all(&full, port, socket);
    else if ((rc = firth_address_make(&address, host, port)) >= 0)
        rc = bind_to(&full, &address, socket);
    if (rc < 0)
        return rc;
    fth_datagram_socket_start(*socket, place);
    return FIRTH_OK;
}

/* ---- connect ----------------------------------------------------------------------------------------------------- */

/* A backend ends a datagram socket's connect at once. */
static int connect_io(firth_datagram_socket *socket, const firth_address *address)
{
    firth_op op;

    fth_op_init(&op, FIRTH_OP_CONNECT, &socket->io);
    op.attempt_only = true;
    op.with.address = address;
    (void)fth_op_submit(&op);
    if (op.result < 0)
        return (int)fth_op_failed(&op, "connect");
    return socket->io.selector->backend->peer_address(&socket->io, &socket->peer);
}

static int connect_one(const firth_udp_builder *udp, const firth_address *address, firth_datagram_socket **socket)
{
    firth_datagram_socket *made = NULL;
    int rc = open_socket(udp, address->family, &made);

    if (rc < 0 || made == NULL)
        return rc;
    rc = fth_option_bind(&made->io, udp->local_address, address);
    if (rc >= 0)
        rc = connect_io(made, address);
    if (rc < 0)
        fth_datagram_socket_discard(made);
    else
        *socket = made;
    return rc;
}

static int connect_first(const firth_udp_builder *udp, const char *host, int port, firth_datagram_socket **socket)
{
    firth_address addresses[FTH_RESOLVE_MAX];
    int count = fth_resolve(udp->selector, host, (uint16_t)port, addresses), rc = FIRTH_OK;

    if (count < 0)
        return count;
    for (int i = 0; i < count && *socket == NULL; i++)
        rc = connect_one(udp, &addresses[i], socket);
    return rc;
}

static int connect_within(const firth_udp_builder *udp, const char *host, int port, firth_datagram_socket **socket)
{
    firth_scope_options limit = {.timeout_ms = udp->connect_timeout_ms, .name = "connect timeout"};
    firth_scope scope;
    int rc;

    firth_scope_open(&scope, fth_current->innermost, &limit);
    rc = firth_scope_close(&scope, connect_first(udp, host, port, socket));
    /* This scope can only have been ended by its deadline, which told so. */
    FTH_ASSERT((rc >= 0) == (*socket != NULL));
    return rc;
}

static int begin(firth_udp_builder *full, const firth_udp_builder *udp, firth_datagram_socket **socket)
{
    int rc = read_builder(full, udp);

    *socket = NULL;
    return rc < 0 ? rc : fth_task_enter(full->selector);
}

int firth_udp_connect_at(const firth_udp_builder *udp, const char *host, int port, firth_datagram_socket **socket,
                         const char *place)
{
    firth_udp_builder full = {.selector = NULL};
    int rc = begin(&full, udp, socket);

    if (rc < 0 || full.selector == NULL)
        return rc;
    if (host == NULL || host[0] == '\0')
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "host");
    if (port < 1 || port > 65535)
        return firth_fail(FIRTH_ERR_PORT_RANGE, 0, "port");
    rc = connect_within(&full, host, port, socket);
    if (*socket != NULL)
        fth_datagram_socket_start(*socket, place);
    return rc;
}

int firth_udp_connect_to_at(const firth_udp_builder *udp, const firth_address *address, firth_datagram_socket **socket,
                            const char *place)
{
    firth_udp_builder full = {.selector = NULL};
    int rc = begin(&full, udp, socket);

    if (rc < 0 || full.selector == NULL)
        return rc;
    if (address == NULL || address->family == FIRTH_FAMILY_NONE)
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "address");
    if (address->port == 0)
        return firth_fail(FIRTH_ERR_PORT_RANGE, 0, "port");
    rc = connect_one(&full, address, socket);
    if (rc >= 0)
        fth_datagram_socket_start(*socket, place);
    return rc;
}
