/* SPDX-License-Identifier: Apache-2.0 */
/* The slots that are the loop's, which lock by themselves. */
#ifndef FTH_LWIP_LOOP_H
#define FTH_LWIP_LOOP_H

#include <firth/backend.h>

int fth_lwip_open(firth_selector *selector);
void fth_lwip_close(firth_selector *selector);
int fth_lwip_poll(firth_selector *selector, int64_t until_ns);
void fth_lwip_wake(firth_selector *selector);

#endif
