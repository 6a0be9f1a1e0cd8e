/* SPDX-License-Identifier: Apache-2.0 */
/* Options: kept in the socket, since lwIP frees a control block when it likes, and set in its block as long as it has one. */
#include "backends/lwip/options.h"
#include "backends/lwip/stack.h"

#include <lwip/udp.h>

/* The ECN bits of the traffic class are TCP's own (RFC 3168 §5). */
enum { ECN_MASK = 3 };

/* A word for each, since flash is what is short. */
static const struct rule {
    unsigned is_there : 1;
    unsigned place : 5;
    unsigned bits : 5;
    unsigned value : 17;
} rules[FIRTH_OPTION_COUNT_] = {
#define RULE(OPTION, bits, value) [FIRTH_OPTION_##OPTION] = {1, FTH_LWIP_##OPTION, bits, value},
    FTH_LWIP_OPTIONS(RULE)
#undef RULE
};

_Static_assert(FTH_LWIP_OPTION_COUNT <= 32, "places have 5 bits");

int fth_lwip_value(const fth_lwip_socket *socket, firth_option option)
{
    return (int)socket->values[rules[option].place];
}

/* so_options of a control block */
static u8_t with_flag(u8_t flags, u8_t flag, bool is_set)
{
    return (u8_t)(is_set ? flags | flag : flags & ~flag);
}

/* A listener's block is a shorter one: what only connections have is given to its clients. */
static void apply(struct tcp_pcb *pcb, firth_option option, unsigned value)
{
    if (option == FIRTH_OPTION_REUSE_ADDRESS)
        pcb->so_options = with_flag(pcb->so_options, SOF_REUSEADDR, value != 0);
    else if (option == FIRTH_OPTION_KEEP_ALIVE)
        pcb->so_options = with_flag(pcb->so_options, SOF_KEEPALIVE, value != 0);
    else if (option == FIRTH_OPTION_TRAFFIC_CLASS)
        pcb->tos = (u8_t)value;
    else if (pcb->state == LISTEN)
        return;
    else if (option == FIRTH_OPTION_NO_DELAY && value != 0)
        tcp_nagle_disable(pcb);
    else if (option == FIRTH_OPTION_NO_DELAY)
        tcp_nagle_enable(pcb);
    else if (option == FIRTH_OPTION_KEEP_ALIVE_IDLE_S)
        pcb->keep_idle = value * 1000u;
    else if (option == FIRTH_OPTION_KEEP_ALIVE_INTERVAL_S)
        pcb->keep_intvl = value * 1000u;
    else if (option == FIRTH_OPTION_KEEP_ALIVE_COUNT)
        pcb->keep_cnt = value;
}

/* Those that are not here are asked for when a datagram comes. */
static void apply_to_datagrams(struct udp_pcb *pcb, firth_option option, unsigned value)
{
    if (option == FIRTH_OPTION_REUSE_ADDRESS)
        pcb->so_options = with_flag(pcb->so_options, SOF_REUSEADDR, value != 0);
    else if (option == FIRTH_OPTION_BROADCAST)
        pcb->so_options = with_flag(pcb->so_options, SOF_BROADCAST, value != 0);
    else if (option == FIRTH_OPTION_TRAFFIC_CLASS)
        pcb->tos = (u8_t)value;
    else if (option == FIRTH_OPTION_HOP_LIMIT)
        pcb->ttl = (u8_t)value;
    else if (option == FIRTH_OPTION_MULTICAST_HOP_LIMIT)
        udp_set_multicast_ttl(pcb, (u8_t)value);
    else if (option == FIRTH_OPTION_MULTICAST_INTERFACE)
        udp_set_multicast_netif_index(pcb, (u8_t)value);
    else if (option == FIRTH_OPTION_MULTICAST_LOOP)
        pcb->flags = with_flag(pcb->flags, UDP_FLAGS_MULTICAST_LOOP, value != 0);
}

/* lwIP's own choice for datagrams to groups is to send them far and not to this machine. */
void fth_lwip_options_start(fth_lwip_socket *socket)
{
    for (int option = 0; option < FIRTH_OPTION_COUNT_; option++)
        if (rules[option].is_there) {
            socket->values[rules[option].place] = rules[option].value;
            if (socket->udp != NULL)
                apply_to_datagrams(socket->udp, (firth_option)option, rules[option].value);
        }
}

void fth_lwip_options_inherit(fth_lwip_socket *socket, const fth_lwip_socket *listener)
{
    for (int option = 0; option < FIRTH_OPTION_COUNT_; option++)
        if (rules[option].is_there) {
            socket->values[rules[option].place] = listener->values[rules[option].place];
            apply(socket->pcb, (firth_option)option, socket->values[rules[option].place]);
        }
}

static bool has(const fth_lwip_socket *socket, firth_option option)
{
    return rules[option].is_there && (option != FIRTH_OPTION_IPV6_ONLY || socket->family == FIRTH_FAMILY_IPV6) &&
           (option != FIRTH_OPTION_RECEIVE_BUFFER_BYTES || socket->udp != NULL);
}

int fth_lwip_set_option(firth_io *io, firth_option option, int value)
{
    fth_lwip_socket *socket = fth_lwip_socket_of(io);

    if (!has(socket, option) ||
        (option == FIRTH_OPTION_TRAFFIC_CLASS && socket->udp == NULL && (value & ECN_MASK) != 0))
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, firth_option_step(option));
    if ((uint32_t)value >> rules[option].bits != 0 || (option == FIRTH_OPTION_IPV6_ONLY && socket->local.port != 0))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, firth_option_step(option));
    socket->values[rules[option].place] = (uint32_t)value;
    if (socket->udp != NULL)
        apply_to_datagrams(socket->udp, option, (unsigned)value);
    else if (socket->pcb != NULL)
        apply(socket->pcb, option, (unsigned)value);
    return FIRTH_OK;
}

int fth_lwip_get_option(const firth_io *io, firth_option option, int *value)
{
    const fth_lwip_socket *socket = fth_lwip_socket_of(io);

    if (!has(socket, option))
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, firth_option_step(option));
    *value = fth_lwip_value(socket, option);
    return FIRTH_OK;
}
