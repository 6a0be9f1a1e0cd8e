/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/lwip/host/loopback.h"

#include <lwip/opt.h>

#if LWIP_HAVE_LOOPIF
void fth_lwip_loopback_open(void)
{
}
#else
#include <lwip/netif.h>
#include <lwip/tcpip.h>

static struct netif loopback;

static err_t output(struct netif *netif, struct pbuf *bytes, const ip4_addr_t *to)
{
    (void)to;
    return netif_loop_output(netif, bytes);
}

static err_t output_ipv6(struct netif *netif, struct pbuf *bytes, const ip6_addr_t *to)
{
    (void)to;
    return netif_loop_output(netif, bytes);
}

static err_t start(struct netif *netif)
{
    netif->name[0] = 'l';
    netif->name[1] = 'o';
    netif->flags = NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    netif->output = output;
    netif->output_ip6 = output_ipv6;
    return ERR_OK;
}

void fth_lwip_loopback_open(void)
{
    ip4_addr_t address, mask;
    ip6_addr_t ipv6;

    if (loopback.input != NULL)
        return;
    IP4_ADDR(&address, 127, 0, 0, 1);
    IP4_ADDR(&mask, 255, 0, 0, 0);
    (void)netif_add(&loopback, &address, &mask, &address, NULL, start, tcpip_input);
    ip6_addr_set_loopback(&ipv6);
    netif_ip6_addr_set(&loopback, 0, &ipv6);
    netif_ip6_addr_set_state(&loopback, 0, IP6_ADDR_PREFERRED);
    netif_set_link_up(&loopback);
    netif_set_up(&loopback);
}
#endif
