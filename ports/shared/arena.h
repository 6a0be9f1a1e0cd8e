/* SPDX-License-Identifier: Apache-2.0 */
/* Memory handed over at start, for systems without a heap: first fit over blocks that lie side by side. One thread at a
 * time. */
#ifndef FTH_PORTS_ARENA_H
#define FTH_PORTS_ARENA_H

#include <stdbool.h>
#include <stddef.h>

typedef struct fth_arena {
    char *low; /* the first block; aligned, as the end is */
    char *high;
    size_t used_bytes; /* headers included */
    size_t most_bytes;
} fth_arena;

/* False: there is no room for a block. */
bool fth_arena_open(fth_arena *arena, void *memory, size_t bytes);

/* At a multiple of alignment, a power of two; of max_align_t's at least. NULL when there is no room. */
void *fth_arena_take(fth_arena *arena, size_t bytes, size_t alignment);
void fth_arena_give(fth_arena *arena, void *memory);

#endif
