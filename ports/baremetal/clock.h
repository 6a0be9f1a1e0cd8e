/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FTH_PORTS_BAREMETAL_CLOCK_H
#define FTH_PORTS_BAREMETAL_CLOCK_H

/* Starts SysTick, once in each millisecond. */
void fth_clock_open(void);

#endif
