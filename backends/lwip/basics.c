/* SPDX-License-Identifier: Apache-2.0 */
/* The clock and the dice that lwIP asks for, from the port, wherever it runs. One that is installed has its own. */
#include <firth/port.h>
#include <lwip/opt.h>
#include <lwip/sys.h>

u32_t sys_now(void)
{
    return (u32_t)(firth_port_now_ns() / 1000000);
}

uint32_t fth_lwip_random(void)
{
    uint32_t number = 0;

    (void)firth_port_entropy(&number, sizeof number); /* without entropy numbers are poor, and connections still work */
    return number;
}
