/* SPDX-License-Identifier: Apache-2.0 */
/* The board's one interface: Ethernet, with an address of DHCP. */
#include <firth/backend.h>
#include <firth/board.h>
#include <firth/error.h>
#include <firth/lwip.h>
#include <firth/port.h>

#include <lwip/dhcp.h>
#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/netif.h>
#include <lwip/timeouts.h>

#include "ports/boards/mps2/lan9118.h"
#include "ports/boards/mps2/mps2.h"

/* A turn takes that many frames; a server without an address is of no use, so opening waits that long for one. */
enum { FRAMES_IN_A_TURN = 8, ADDRESS_WAIT_MS = 3000 };

static struct netif ethernet;
static firth_lwip_driver driver;

/* The controller holds its line until the loop has acknowledged, so the line is masked until then. */
void fth_board_ethernet_interrupt(void)
{
    MPS2_INTERRUPT_OFF = 1u << MPS2_ETHERNET_INTERRUPT;
    firth_lwip_wake();
}

static bool poll(firth_lwip_driver *self)
{
    struct pbuf *frame = NULL;
    int left = FRAMES_IN_A_TURN;

    (void)self;
    fth_lan9118_acknowledge();
    MPS2_INTERRUPT_TAKEN = 1u << MPS2_ETHERNET_INTERRUPT; /* the line was high still behind the handler */
    while (left-- > 0 && (frame = fth_lan9118_receive()) != NULL)
        if (ethernet.input(frame, &ethernet) != ERR_OK)
            (void)pbuf_free(frame);
    if (frame == NULL)
        MPS2_INTERRUPT_ON = 1u << MPS2_ETHERNET_INTERRUPT;
    return frame != NULL;
}

static err_t send(struct netif *netif, struct pbuf *frame)
{
    (void)netif;
    return fth_lan9118_send(frame);
}

static err_t start(struct netif *netif)
{
    if (!fth_lan9118_open(netif->hwaddr))
        return ERR_IF;
    netif->hwaddr_len = sizeof netif->hwaddr;
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = 1500;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP;
    netif->output = etharp_output;
#if LWIP_IPV6
    netif->flags |= NETIF_FLAG_MLD6;
    netif->output_ip6 = ethip6_output;
#endif
    netif->linkoutput = send;
    return ERR_OK;
}

static void bring_up(struct netif *netif)
{
    netif_set_default(netif);
    netif_set_link_up(netif);
    netif_set_up(netif);
#if LWIP_IPV6
    netif_create_ip6_linklocal_address(netif, 1);
    netif_set_ip6_autoconfig_enabled(netif, 1);
#endif
}

static void await_address(void)
{
    const int64_t until_ns = firth_port_now_ns() + (int64_t)ADDRESS_WAIT_MS * 1000000;

    while (!dhcp_supplied_address(&ethernet) && firth_port_now_ns() < until_ns) {
        if (!poll(&driver))
            (void)firth_baremetal_sleep();
        sys_check_timeouts();
    }
}

int firth_board_network_open(void)
{
    if (netif_add_noaddr(&ethernet, NULL, start, netif_input) == NULL)
        return firth_fail(FIRTH_ERR_SYSTEM, 0, "lan9118");
    driver = (firth_lwip_driver){.poll = poll, .descriptor = -1};
    bring_up(&ethernet);
    if (dhcp_start(&ethernet) != ERR_OK) {
        firth_board_network_close();
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "dhcp");
    }
    await_address();
    firth_lwip_driver_add(&driver);
    return FIRTH_OK;
}

void firth_board_network_close(void)
{
    firth_lwip_driver_remove(&driver);
    dhcp_release_and_stop(&ethernet);
    dhcp_cleanup(&ethernet);
    MPS2_INTERRUPT_OFF = 1u << MPS2_ETHERNET_INTERRUPT;
    fth_lan9118_close();
    netif_remove(&ethernet);
}
