/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of the firmware: what the linker script leaves free. */
#ifndef FTH_PORTS_BAREMETAL_MEMORY_H
#define FTH_PORTS_BAREMETAL_MEMORY_H

#include <stddef.h>

/* At a multiple of alignment, a power of two. NULL when there is no room. Not from handlers. */
void *fth_memory_take(size_t bytes, size_t alignment);
void fth_memory_give(void *memory);

#endif
