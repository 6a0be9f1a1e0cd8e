/* SPDX-License-Identifier: Apache-2.0 */
/* The one arena of the firmware, and what was ever in use of it and of stacks. */
#include "ports/baremetal/memory.h"

#include <firth/board.h>
#include <firth/port.h>
#include <stdint.h>

#include "ports/baremetal/guard.h"
#include "ports/baremetal/layout.h"
#include "ports/shared/arena.h"

static fth_arena all;
static size_t tls_bytes, tls_most_bytes;
static size_t task_stack_bytes, task_stack_most_bytes;

/* The linker's symbols are places, and no objects. */
static size_t between(const char *low, const char *high)
{
    return (size_t)((uintptr_t)high - (uintptr_t)low);
}

static size_t whole_bytes(void)
{
    return between(firth_baremetal_arena, firth_baremetal_arena_end);
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

void *fth_memory_take_for_tls(size_t bytes)
{
    const size_t before = all.used_bytes;
    void *memory = fth_memory_take(bytes, 8);

    tls_bytes += all.used_bytes - before;
    if (tls_bytes > tls_most_bytes)
        tls_most_bytes = tls_bytes;
    return memory;
}

void fth_memory_give_of_tls(void *memory)
{
    const size_t before = all.used_bytes;

    fth_memory_give(memory);
    tls_bytes -= before - all.used_bytes;
}

void fth_memory_note_stack(size_t bytes, size_t most_bytes)
{
    if (most_bytes <= task_stack_most_bytes)
        return;
    task_stack_bytes = bytes;
    task_stack_most_bytes = most_bytes;
}

firth_baremetal_memory firth_baremetal_memory_now(void)
{
    const char *stack = firth_baremetal_main_guard + FTH_GUARD_BYTES;
    const size_t stack_bytes = between(stack, firth_baremetal_main_stack_end);

    return (firth_baremetal_memory){
        .bytes = whole_bytes(),
        .used_bytes = all.used_bytes,
        .most_bytes = all.most_bytes,
        .tls_bytes = tls_bytes,
        .tls_most_bytes = tls_most_bytes,
        .main_stack_bytes = stack_bytes,
        .main_stack_most_bytes = firth_port_pages_touched(stack, stack_bytes),
        .task_stack_bytes = task_stack_bytes,
        .task_stack_most_bytes = task_stack_most_bytes,
    };
}
