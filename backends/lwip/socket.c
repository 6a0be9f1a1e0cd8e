/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets from their opening to their close. */
#include "backends/lwip/stack.h"
#include "core/base/assert.h"

/* ---- memory ------------------------------------------------------------------------------------------------------ */

fth_lwip_socket *fth_lwip_socket_new(fth_lwip_stack *stack, uint8_t family)
{
    fth_lwip_socket *socket = firth_selector_allocate(stack->selector, sizeof *socket);

    if (socket == NULL)
        return NULL;
    socket->stack = stack;
    socket->family = family;
    socket->local.family = family;
    return socket;
}

void fth_lwip_socket_free(fth_lwip_socket *socket)
{
    FTH_ASSERT(socket->pcb == NULL && !socket->is_ready);
    if (socket->received != NULL)
        (void)pbuf_free(socket->received);
    firth_selector_release(socket->stack->selector, socket);
}

void fth_lwip_give_to(fth_lwip_socket *socket, firth_io *io)
{
    socket->io = io;
    io->native = (intptr_t)socket;
    io->state = 0;
}

/* ---- opening and closing ----------------------------------------------------------------------------------------- */

int fth_lwip_socket_open(firth_io *io, firth_family family)
{
    fth_lwip_socket *socket;

    io->native = -1;
    if (family != FIRTH_FAMILY_IPV4 && family != FIRTH_FAMILY_IPV6)
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "tcp_new");
    if ((family == FIRTH_FAMILY_IPV4 && !LWIP_IPV4) || (family == FIRTH_FAMILY_IPV6 && !LWIP_IPV6))
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "tcp_new");
    socket = fth_lwip_socket_new(fth_lwip_stack_of(io->selector), (uint8_t)family);
    if (socket == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    socket->pcb = tcp_new_ip_type(family == FIRTH_FAMILY_IPV6 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4);
    if (socket->pcb == NULL) {
        fth_lwip_socket_free(socket);
        return firth_fail(FIRTH_ERR_TOO_MANY_OPEN, 0, "tcp_new");
    }
    fth_lwip_options_start(socket);
    fth_lwip_give_to(socket, io);
    return FIRTH_OK;
}

void fth_lwip_socket_close(firth_io *io, firth_close_how how)
{
    fth_lwip_socket *socket = fth_lwip_socket_of(io);

    FTH_ASSERT(io->reading == NULL && io->writing == NULL);
    fth_lwip_forget(socket);
    fth_lwip_drop_clients(socket);
    fth_lwip_end(socket, how);
    fth_lwip_socket_free(socket);
    io->native = -1;
    io->state = 0;
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

/* An IPv6 wildcard that is to take IPv4 too is a type of its own. */
static const ip_addr_t *wildcard_or(const fth_lwip_socket *socket, const ip_addr_t *ip)
{
#if LWIP_IPV4 && LWIP_IPV6
    if (socket->family == FIRTH_FAMILY_IPV6 && ip_addr_isany(ip) && fth_lwip_value(socket, FIRTH_OPTION_IPV6_ONLY) == 0)
        return IP_ANY_TYPE;
#else
    (void)socket;
#endif
    return ip;
}

int fth_lwip_bind(firth_io *io, const firth_address *address)
{
    fth_lwip_socket *socket = fth_lwip_socket_of(io);
    ip_addr_t ip;
    err_t err;

    if (address->family != socket->family || !fth_lwip_address_to(&ip, address))
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "tcp_bind");
    if (socket->stage != FTH_LWIP_OPEN || socket->local.port != 0)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "tcp_bind");
    if (!fth_lwip_is_ours(&ip))
        return firth_fail(FIRTH_ERR_ADDRESS_NOT_AVAILABLE, 0, "tcp_bind");
    err = tcp_bind(socket->pcb, wildcard_or(socket, &ip), address->port);
    if (err != ERR_OK)
        return fth_lwip_fail(err, "tcp_bind");
    socket->local = *address;
    socket->local.port = socket->pcb->local_port;
    return FIRTH_OK;
}

int fth_lwip_local_address(const firth_io *io, firth_address *address)
{
    const fth_lwip_socket *socket = fth_lwip_socket_of(io);

    *address = socket->local;
    fth_lwip_show(address, socket->family);
    return FIRTH_OK;
}

int fth_lwip_peer_address(const firth_io *io, firth_address *address)
{
    const fth_lwip_socket *socket = fth_lwip_socket_of(io);

    if (socket->stage != FTH_LWIP_CONNECTED || socket->error != 0)
        return firth_fail(FIRTH_ERR_NOT_CONNECTED, 0, "peer");
    *address = socket->peer;
    fth_lwip_show(address, socket->family);
    return FIRTH_OK;
}
