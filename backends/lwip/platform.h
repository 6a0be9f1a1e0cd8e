/* SPDX-License-Identifier: Apache-2.0 */
/* What lwIP's loop needs of the place where it runs: to sleep until something happens. lwIP's own port, cc.h and
 * lwipopts.h, is beside it in the same folder. */
#ifndef FTH_LWIP_PLATFORM_H
#define FTH_LWIP_PLATFORM_H

#include <firth/backend.h>

/* Prepares it for a selector. lwIP is initialized: a platform with interfaces of its own adds their netifs and drivers
 * here, as firth/lwip.h says, and removes them in close. FIRTH_OK or a negative code, and then nothing is left. */
int fth_lwip_platform_open(void);
void fth_lwip_platform_close(void);

/* Sleeps until a wake, a driver has something to do (fth_lwip_drivers), or until_ns of firth_now_ns() has passed (INT64_MAX: no
 * limit), or earlier. A wake since the last wait is not lost. FIRTH_OK or a negative code. */
int fth_lwip_platform_wait(int64_t until_ns);

/* Any thread, a signal handler, an interrupt. */
void fth_lwip_platform_wake(void);

#endif
