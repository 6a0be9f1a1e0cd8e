/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/baremetal/raw/raw.h"

#include <firth/board.h>
#include <firth/port.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/timeouts.h>
#include <stdio.h>

#include "backends/lwip/driver.h"
#include "backends/lwip/platform.h"

static void run(void (*turn)(void))
{
    for (;;) {
        bool is_more = fth_lwip_poll_drivers();

        netif_poll_all();
        sys_check_timeouts();
        if (turn != NULL)
            turn();
        if (!is_more)
            (void)fth_lwip_platform_wait(firth_port_now_ns() + (int64_t)sys_timeouts_sleeptime() * 1000000);
    }
}

void raw_serve(uint16_t port, tcp_accept_fn on_accept, void (*turn)(void))
{
    struct tcp_pcb *pcb;

    lwip_init();
    if (firth_board_network_open() < 0)
        return;
    pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
    if (pcb == NULL || tcp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK || (pcb = tcp_listen(pcb)) == NULL)
        return;
    tcp_accept(pcb, on_accept);
    printf("Server is listening at port %u\n", port);
    run(turn);
}

void raw_keep(struct pbuf *received, struct pbuf **waiting, bool *has_end)
{
    if (received == NULL)
        *has_end = true;
    else if (*waiting == NULL)
        *waiting = received;
    else
        pbuf_cat(*waiting, received);
}
