/* SPDX-License-Identifier: Apache-2.0 */
/* What lwIP asks of a compiler and its platform, on a microcontroller. */
#ifndef FTH_LWIP_CC_H
#define FTH_LWIP_CC_H

#include <firth/port.h>

#include <stdint.h>

#define LWIP_PLATFORM_DIAG(x)                                                                                          \
    do {                                                                                                               \
    } while (0)
#define LWIP_PLATFORM_ASSERT(x) firth_port_panic("firth: lwIP: " x)

/* Unpredictable: initial ports and numbers are drawn from it. */
uint32_t fth_lwip_random(void);
#define LWIP_RAND() fth_lwip_random()

/* Handlers call nothing of lwIP's, so there is one thread. */
void fth_lwip_assert_thread(void);
#define LWIP_ASSERT_CORE_LOCKED()                                                                                      \
    do {                                                                                                               \
    } while (0)

#endif
