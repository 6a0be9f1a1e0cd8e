/* SPDX-License-Identifier: Apache-2.0 */
/* What lwIP asks of a compiler and its platform, on a hosted system. */
#ifndef FTH_LWIP_CC_H
#define FTH_LWIP_CC_H

#include <firth/port.h>

#include <stdint.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define BYTE_ORDER BIG_ENDIAN
#endif

/* Nothing in a library prints; an assertion of lwIP's is a bug, here or there. */
#define LWIP_PLATFORM_DIAG(x)                                                                                          \
    do {                                                                                                               \
    } while (0)
#define LWIP_PLATFORM_ASSERT(x) firth_port_panic("firth: lwIP: " x)

/* Unpredictable: initial ports and numbers are drawn from it. */
uint32_t fth_lwip_random(void);
#define LWIP_RAND() fth_lwip_random()

/* With NO_SYS there is one thread, which is the selector's; else a lock, whose holder sys.c knows. */
#ifdef FTH_LWIP_THREAD
void fth_lwip_assert_locked(void);
#define LWIP_ASSERT_CORE_LOCKED() fth_lwip_assert_locked()
#else
void fth_lwip_assert_thread(void);
#define LWIP_ASSERT_CORE_LOCKED() fth_lwip_assert_thread()
#endif

#endif
