/* SPDX-License-Identifier: Apache-2.0 */
/* Guards of stacks, by the memory protection unit of ARMv7-M: one region that nobody may touch, moved to the stack that
 * runs by each switch (ports/arch/switch_armv7m.S). */
#ifndef FTH_PORTS_BAREMETAL_GUARD_H
#define FTH_PORTS_BAREMETAL_GUARD_H

#include <stddef.h>
#include <stdint.h>

/* An exception frame with floating point, 104 bytes, must not reach beyond it; a power of two. */
enum { FTH_GUARD_BYTES = 128 };

/* Turns the unit on, with the guard of the main stack, and flash read-only. */
void fth_guard_open(void);

/* The guard that runs: its lowest address. */
uintptr_t fth_guard_now(void);

/* The guard below a stack that is about to be made, for the switch; one that has none gets that of the main stack. */
uintptr_t fth_guard_below(const void *stack_low);

#endif
