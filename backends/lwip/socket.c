/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets from their opening to their close. */
#include <string.h>

#include "backends/lwip/stack.h"

#include <lwip/mem.h>
#include <lwip/udp.h>

#include "core/base/assert.h"

/* ---- memory ------------------------------------------------------------------------------------------------------ */

void *fth_lwip_allocate(fth_lwip_stack *stack, size_t bytes)
{
#if NO_SYS
    return firth_selector_allocate(stack->selector, bytes);
#else
    (void)stack;
    return mem_calloc(1, (mem_size_t)bytes);
#endif
}

void fth_lwip_release(fth_lwip_stack *stack, void *memory)
{
#if NO_SYS
    firth_selector_release(stack->selector, memory);
#else
    (void)stack;
    mem_free(memory);
#endif
}

fth_lwip_socket *fth_lwip_socket_new(fth_lwip_stack *stack, uint8_t family)
{
    fth_lwip_socket *socket = fth_lwip_allocate(stack, sizeof *socket);

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
    fth_lwip_release(socket->stack, socket);
}

void fth_lwip_give_to(fth_lwip_socket *socket, firth_io *io)
{
    socket->io = io;
    io->native = (intptr_t)socket;
    io->state = 0;
}

/* ---- opening and closing ----------------------------------------------------------------------------------------- */

fth_lwip_socket *fth_lwip_socket_make(firth_io *io, firth_family family, int *rc)
{
    fth_lwip_socket *socket = NULL;

    io->native = -1;
    *rc = FIRTH_OK;
    if (family != FIRTH_FAMILY_IPV4 && family != FIRTH_FAMILY_IPV6)
        *rc = firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "socket");
    else if ((family == FIRTH_FAMILY_IPV4 && !LWIP_IPV4) || (family == FIRTH_FAMILY_IPV6 && !LWIP_IPV6))
        *rc = firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "socket");
    else if ((socket = fth_lwip_socket_new(fth_lwip_stack_of(io->selector), (uint8_t)family)) == NULL)
        *rc = firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    return socket;
}

int fth_lwip_socket_open(firth_io *io, firth_family family)
{
    int rc;
    fth_lwip_socket *socket = fth_lwip_socket_make(io, family, &rc);

    if (socket == NULL)
        return rc;
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
    fth_lwip_datagram_close(socket);
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

static err_t bind_at(fth_lwip_socket *socket, const ip_addr_t *ip, uint16_t port)
{
    err_t err;

    ip = wildcard_or(socket, ip);
    if (socket->udp != NULL) {
        err = udp_bind(socket->udp, ip, port);
        socket->local.port = socket->udp->local_port;
    } else {
        err = tcp_bind(socket->pcb, ip, port);
        socket->local.port = socket->pcb->local_port;
    }
    return err;
}

int fth_lwip_bind_any(fth_lwip_socket *socket)
{
    ip_addr_t ip;
    err_t err = ERR_VAL;

    if (fth_lwip_address_to(&ip, &(firth_address){.family = socket->family}))
        err = bind_at(socket, &ip, 0);
    return err == ERR_OK ? FIRTH_OK : fth_lwip_fail(err, "udp_bind");
}

int fth_lwip_bind(firth_io *io, const firth_address *address)
{
    fth_lwip_socket *socket = fth_lwip_socket_of(io);
    const char *step = socket->udp != NULL ? "udp_bind" : "tcp_bind";
    ip_addr_t ip;
    err_t err;

    if (address->family != socket->family || !fth_lwip_address_to(&ip, address))
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, step);
    if ((socket->stage != FTH_LWIP_OPEN && socket->udp == NULL) || socket->local.port != 0)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, step);
    if (!fth_lwip_is_ours(&ip) && (socket->udp == NULL || !ip_addr_ismulticast(&ip)))
        return firth_fail(FIRTH_ERR_ADDRESS_NOT_AVAILABLE, 0, step);
    err = bind_at(socket, &ip, address->port);
    if (err != ERR_OK)
        return fth_lwip_fail(err, step);
    memcpy(socket->local.ip, address->ip, sizeof socket->local.ip);
    socket->local.scope_id = address->scope_id;
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

    if (socket->peer.family == FIRTH_FAMILY_NONE || socket->error != 0)
        return firth_fail(FIRTH_ERR_NOT_CONNECTED, 0, "peer");
    *address = socket->peer;
    fth_lwip_show(address, socket->family);
    return FIRTH_OK;
}
