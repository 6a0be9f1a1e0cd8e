/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of the firmware: what the linker script leaves free. */
#ifndef FTH_PORTS_BAREMETAL_MEMORY_H
#define FTH_PORTS_BAREMETAL_MEMORY_H

#include <stddef.h>

/* At a multiple of alignment, a power of two. NULL when there is no room. Not from handlers. */
void *fth_memory_take(size_t bytes, size_t alignment);
void fth_memory_give(void *memory);

/* The same for mbedTLS, whose share is counted. */
void *fth_memory_take_for_tls(size_t bytes);
void fth_memory_give_of_tls(void *memory);

/* That stack of a task was in use up to that mark. */
void fth_memory_note_stack(size_t bytes, size_t most_bytes);

#endif
