/* SPDX-License-Identifier: Apache-2.0 */
/* Multicast groups. lwIP's netifs are members, not its sockets: each join of a socket is one of its netif's, which counts
 * them. It has no filters of sources. */
#include "backends/lwip/stack.h"

#include <lwip/igmp.h>
#include <lwip/mld6.h>
#include <lwip/udp.h>

struct fth_lwip_group {
    fth_lwip_group *next;
    ip_addr_t ip;
    uint8_t netif_index;
};

static err_t tell_netif(firth_membership membership, struct netif *netif, const ip_addr_t *ip)
{
    bool joins = membership == FIRTH_MEMBERSHIP_JOIN;
    err_t err = ERR_VAL;

    if (IP_IS_V6(ip)) {
#if LWIP_IPV6 && LWIP_IPV6_MLD
        if (joins)
            err = mld6_joingroup_netif(netif, ip_2_ip6(ip));
        else
            err = mld6_leavegroup_netif(netif, ip_2_ip6(ip));
#endif
        return err;
    }
#if LWIP_IPV4 && LWIP_IGMP
    if ((netif->flags & NETIF_FLAG_IGMP) == 0)
        return err;
    if (joins)
        err = igmp_joingroup_netif(netif, ip_2_ip4(ip));
    else
        err = igmp_leavegroup_netif(netif, ip_2_ip4(ip));
#endif
    return err;
}

/* The link to the one that is so, or to the end. */
static fth_lwip_group **find(fth_lwip_socket *socket, const ip_addr_t *ip, uint8_t netif_index)
{
    fth_lwip_group **link = &socket->groups;

    while (*link != NULL && ((*link)->netif_index != netif_index || !ip_addr_eq(&(*link)->ip, ip)))
        link = &(*link)->next;
    return link;
}

bool fth_lwip_is_member(const fth_lwip_socket *socket, const ip_addr_t *ip, uint8_t netif_index)
{
    const fth_lwip_group *group = socket->groups;

    while (group != NULL && (group->netif_index != netif_index || !ip_addr_eq(&group->ip, ip)))
        group = group->next;
    return group != NULL;
}

static int join(fth_lwip_socket *socket, fth_lwip_group **link, struct netif *netif, const ip_addr_t *ip)
{
    fth_lwip_group *group;
    err_t err;

    if (*link != NULL)
        return firth_fail(FIRTH_ERR_ADDRESS_IN_USE, 0, "multicast group");
    group = firth_selector_allocate(socket->stack->selector, sizeof *group);
    if (group == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    err = tell_netif(FIRTH_MEMBERSHIP_JOIN, netif, ip);
    if (err != ERR_OK) {
        firth_selector_release(socket->stack->selector, group);
        return err == ERR_MEM ? firth_fail(FIRTH_ERR_NO_BUFFERS, err, "multicast group")
                              : firth_fail(FIRTH_ERR_ADDRESS_NOT_AVAILABLE, err, "multicast group");
    }
    group->ip = *ip;
    group->netif_index = netif_get_index(netif);
    *link = group;
    return FIRTH_OK;
}

static void leave(fth_lwip_socket *socket, fth_lwip_group **link)
{
    fth_lwip_group *group = *link;
    struct netif *netif = netif_get_by_index(group->netif_index);

    *link = group->next;
    if (netif != NULL)
        (void)tell_netif(FIRTH_MEMBERSHIP_LEAVE, netif, &group->ip);
    firth_selector_release(socket->stack->selector, group);
}

int fth_lwip_multicast(firth_io *io, firth_membership membership, const firth_address *address,
                       uint32_t interface_index, const firth_address *source)
{
    fth_lwip_socket *socket = fth_lwip_socket_of(io);
    struct netif *netif = NULL;
    fth_lwip_group **link;
    ip_addr_t ip;

    if (!FTH_LWIP_HAS_GROUPS || source != NULL)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, FTH_LWIP_HAS_GROUPS ? "multicast source" : "multicast");
    if (address->family != socket->family || !fth_lwip_address_to(&ip, address))
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "multicast group");
    if (interface_index == 0)
        netif = ip_route(&socket->udp->local_ip, &ip);
    else if (interface_index <= UINT8_MAX)
        netif = netif_get_by_index((u8_t)interface_index);
    if (netif == NULL)
        return firth_fail(FIRTH_ERR_ADDRESS_NOT_AVAILABLE, 0, "multicast interface");
    link = find(socket, &ip, netif_get_index(netif));
    if (membership == FIRTH_MEMBERSHIP_JOIN)
        return join(socket, link, netif, &ip);
    if (*link == NULL)
        return firth_fail(FIRTH_ERR_ADDRESS_NOT_AVAILABLE, 0, "multicast group");
    leave(socket, link);
    return FIRTH_OK;
}

void fth_lwip_leave_groups(fth_lwip_socket *socket)
{
    while (socket->groups != NULL)
        leave(socket, &socket->groups);
}
