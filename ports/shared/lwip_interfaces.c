/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces are lwIP's netifs. */
#include <firth/port.h>
#include <lwip/netif.h>
#include <string.h>

#include "ports/shared/interfaces.h"

static const struct netif *by_index(uint32_t index)
{
    return index <= UINT8_MAX ? netif_get_by_index((u8_t)index) : NULL;
}

static void describe(firth_interface *to, const struct netif *from)
{
    *to = (firth_interface){.index = netif_get_index(from), .mtu_bytes = from->mtu};
    (void)netif_index_to_name((u8_t)to->index, to->name);
    to->flags |= netif_is_up(from) ? FIRTH_INTERFACE_UP : 0;
    to->flags |= netif_is_link_up(from) ? FIRTH_INTERFACE_RUNNING : 0;
    to->flags |= (from->flags & NETIF_FLAG_BROADCAST) != 0 ? FIRTH_INTERFACE_BROADCAST : 0;
    to->flags |= (from->flags & (NETIF_FLAG_IGMP | NETIF_FLAG_MLD6)) != 0 ? FIRTH_INTERFACE_MULTICAST : 0;
    to->flags |= from->name[0] == 'l' && from->name[1] == 'o' ? FIRTH_INTERFACE_LOOPBACK : 0;
}

int firth_port_interfaces(firth_interface *interfaces, size_t capacity, int *os_code)
{
    const struct netif *netif;
    int count = 0;

    *os_code = 0;
    NETIF_FOREACH(netif)
    {
        firth_interface one;

        describe(&one, netif);
        fth_interfaces_insert(interfaces, capacity, (size_t)count++, &one);
    }
    return count;
}

int firth_port_interface_find(const char *name, uint32_t index, firth_interface *found, int *os_code)
{
    const struct netif *netif = name != NULL ? netif_find(name) : by_index(index);

    *os_code = 0;
    if (netif == NULL)
        return FIRTH_ERR_ADDRESS_NOT_AVAILABLE;
    describe(found, netif);
    return FIRTH_OK;
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static void add(firth_subnet *addresses, size_t capacity, int *count, const firth_subnet *one)
{
    if ((size_t)*count < capacity)
        addresses[*count] = *one;
    (*count)++;
}

#if LWIP_IPV4
static void add_ipv4(firth_subnet *addresses, size_t capacity, int *count, const struct netif *netif)
{
    firth_subnet one = {.address = {.family = FIRTH_FAMILY_IPV4}};
    uint32_t mask = lwip_ntohl(netif_ip4_netmask(netif)->addr);

    if (ip4_addr_isany(netif_ip4_addr(netif)))
        return;
    memcpy(one.address.ip, &netif_ip4_addr(netif)->addr, 4);
    for (; (mask & 1u << 31) != 0; mask <<= 1)
        one.prefix_bits++;
    add(addresses, capacity, count, &one);
}
#endif

#if LWIP_IPV6
static void add_ipv6(firth_subnet *addresses, size_t capacity, int *count, const struct netif *netif)
{
    for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        firth_subnet one = {.address = {.family = FIRTH_FAMILY_IPV6}, .prefix_bits = 64};

        if (!ip6_addr_isvalid(netif_ip6_addr_state(netif, i)))
            continue;
        memcpy(one.address.ip, netif_ip6_addr(netif, i)->addr, 16);
        if (ip6_addr_isloopback(netif_ip6_addr(netif, i)))
            one.prefix_bits = 128;
        if (ip6_addr_islinklocal(netif_ip6_addr(netif, i)))
            one.address.scope_id = netif_get_index(netif);
        add(addresses, capacity, count, &one);
    }
}
#endif

int firth_port_interface_addresses(uint32_t index, firth_subnet *addresses, size_t capacity, int *os_code)
{
    const struct netif *netif = by_index(index);
    int count = 0;

    *os_code = 0;
    if (netif == NULL)
        return FIRTH_ERR_ADDRESS_NOT_AVAILABLE;
#if LWIP_IPV4
    add_ipv4(addresses, capacity, &count, netif);
#endif
#if LWIP_IPV6
    add_ipv6(addresses, capacity, &count, netif);
#endif
    return count;
}
