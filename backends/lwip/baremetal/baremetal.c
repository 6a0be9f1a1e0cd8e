/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP on a microcontroller: the port's clock and sleep, the board's network. */
#include <firth/board.h>
#include <firth/port.h>
#include <firth/task.h>

#include "backends/lwip/platform.h"

int fth_lwip_platform_open(void)
{
    return firth_board_network_open();
}

void fth_lwip_platform_close(void)
{
    firth_board_network_close();
}

int fth_lwip_platform_wait(int64_t until_ns)
{
    while (firth_now_ns() < until_ns && !firth_baremetal_sleep())
        continue;
    return FIRTH_OK;
}

void fth_lwip_platform_wake(void)
{
    firth_baremetal_wake();
}
