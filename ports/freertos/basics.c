/* SPDX-License-Identifier: Apache-2.0 */
/* Clock, entropy, panic. */
#include <firth/freertos.h>
#include <firth/port.h>
#include <limits.h>

#include "ports/freertos/freertos.h"

/* vTaskSetTimeOutState tells the ticks together with how often they were over. */
int64_t firth_port_now_ns(void)
{
    const unsigned tick_bits = sizeof(TickType_t) * CHAR_BIT;
    uint64_t ticks;
    TimeOut_t now;

    vTaskSetTimeOutState(&now);
    ticks = now.xTimeOnEntering;
    if (tick_bits < 64)
        ticks |= (uint64_t)now.xOverflowCount << tick_bits;
    /* A second apart from the ticks within one, since their product may not fit. */
    return (int64_t)(ticks / configTICK_RATE_HZ * 1000000000 +
                     ticks % configTICK_RATE_HZ * 1000000000 / configTICK_RATE_HZ) +
           1;
}

int firth_port_entropy(void *bytes, size_t size)
{
    return firth_freertos_entropy(bytes, size);
}

void firth_port_panic(const char *text)
{
    firth_freertos_panic(text);
}
