/* SPDX-License-Identifier: Apache-2.0 */
/* The one arena of the firmware. */
#include "ports/baremetal/memory.h"

#include <firth/board.h>
#include <stdint.h>

#include "ports/baremetal/layout.h"
#include "ports/shared/arena.h"

static fth_arena all;

/* The linker's symbols are where it begins and ends, and no objects. */
static size_t whole_bytes(void)
{
    return (size_t)((uintptr_t)firth_baremetal_arena_end - (uintptr_t)firth_baremetal_arena);
}

void *fth_memory_take(size_t bytes, size_t alignment)
{
    if (all.low == NULL && !fth_arena_open(&all, firth_baremetal_arena, whole_bytes()))
        return NULL;
    return fth_arena_take(&all, bytes, alignment);
}

void fth_memory_give(void *memory)
{
    fth_arena_give(&all, memory);
}

firth_baremetal_memory firth_baremetal_memory_now(void)
{
    return (firth_baremetal_memory){.bytes = whole_bytes(), .used_bytes = all.used_bytes, .most_bytes = all.most_bytes};
}
