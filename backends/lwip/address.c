/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and error codes, here and in lwIP. */
#include <string.h>

#include "backends/lwip/stack.h"

#include <lwip/netif.h>

/* ---- addresses --------------------------------------------------------------------------------------------------- */

/* lwIP's zones are the indices of its netifs, and so are scope ids here. */
static bool to_ipv6(ip_addr_t *ip, const firth_address *address)
{
#if LWIP_IPV6
    ip_addr_set_zero_ip6(ip);
    memcpy(ip_2_ip6(ip)->addr, address->ip, sizeof address->ip);
#if LWIP_IPV6_SCOPES
    if (address->scope_id > UINT8_MAX)
        return false;
    ip6_addr_set_zone(ip_2_ip6(ip), (u8_t)address->scope_id);
#endif
    return true;
#else
    (void)ip;
    (void)address;
    return false;
#endif
}

static bool to_ipv4(ip_addr_t *ip, const firth_address *address)
{
#if LWIP_IPV4
    ip4_addr_t ipv4;

    memcpy(&ipv4.addr, address->ip, sizeof ipv4.addr);
    ip_addr_copy_from_ip4(*ip, ipv4);
    return true;
#else
    (void)ip;
    (void)address;
    return false;
#endif
}

bool fth_lwip_address_to(ip_addr_t *ip, const firth_address *address)
{
    firth_address plain = *address;

    (void)firth_address_unmap(&plain);
    if (plain.family == FIRTH_FAMILY_IPV6)
        return to_ipv6(ip, &plain);
    return plain.family == FIRTH_FAMILY_IPV4 && to_ipv4(ip, &plain);
}

void fth_lwip_address_from(firth_address *address, const ip_addr_t *ip, uint16_t port)
{
    memset(address, 0, sizeof *address);
    address->port = port;
#if LWIP_IPV6
    if (IP_IS_V6(ip)) {
        address->family = FIRTH_FAMILY_IPV6;
        memcpy(address->ip, ip_2_ip6(ip)->addr, sizeof address->ip);
        address->scope_id = ip6_addr_zone(ip_2_ip6(ip));
        return;
    }
#endif
#if LWIP_IPV4
    address->family = FIRTH_FAMILY_IPV4;
    memcpy(address->ip, &ip_2_ip4(ip)->addr, sizeof ip_2_ip4(ip)->addr);
#endif
}

void fth_lwip_show(firth_address *address, uint8_t family)
{
    if (family == FIRTH_FAMILY_IPV6)
        (void)firth_address_map(address);
}

/* To bind lwIP takes any address, and then sends from it. */
bool fth_lwip_is_ours(const ip_addr_t *ip)
{
    struct netif *netif;

    if (ip_addr_isany(ip))
        return true;
    NETIF_FOREACH(netif)
    {
#if LWIP_IPV6
        if (IP_IS_V6(ip) && netif_get_ip6_addr_match(netif, ip_2_ip6(ip)) >= 0)
            return true;
#endif
#if LWIP_IPV4
        if (!IP_IS_V6(ip) && ip4_addr_eq(netif_ip4_addr(netif), ip_2_ip4(ip)))
            return true;
#endif
    }
    return false;
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

int fth_lwip_fail(err_t err, const char *step)
{
    static const int8_t codes[] = {
        [-ERR_MEM] = FIRTH_ERR_NO_BUFFERS,
        [-ERR_BUF] = FIRTH_ERR_ADDRESS_NOT_AVAILABLE, /* no port is left */
        [-ERR_TIMEOUT] = FIRTH_ERR_TIMED_OUT,
        [-ERR_RTE] = FIRTH_ERR_NETWORK_UNREACHABLE,
        [-ERR_INPROGRESS] = FIRTH_ERR_BUSY,
        [-ERR_VAL] = FIRTH_ERR_ARGUMENT,
        [-ERR_WOULDBLOCK] = FIRTH_ERR_WOULD_BLOCK,
        [-ERR_USE] = FIRTH_ERR_ADDRESS_IN_USE,
        [-ERR_ALREADY] = FIRTH_ERR_BUSY,
        [-ERR_ISCONN] = FIRTH_ERR_ARGUMENT,
        [-ERR_CONN] = FIRTH_ERR_NOT_CONNECTED,
        [-ERR_IF] = FIRTH_ERR_SYSTEM,
        [-ERR_ABRT] = FIRTH_ERR_ABORTED,
        [-ERR_RST] = FIRTH_ERR_RESET,
        [-ERR_CLSD] = FIRTH_ERR_RESET,
        [-ERR_ARG] = FIRTH_ERR_ARGUMENT,
    };
    size_t i = (size_t)-err;

    return firth_fail(i < sizeof codes / sizeof codes[0] ? codes[i] : FIRTH_ERR_SYSTEM, err, step);
}
