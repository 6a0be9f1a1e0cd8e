/* SPDX-License-Identifier: Apache-2.0 */
/* First fit over blocks that lie side by side, each behind a header that knows its size and its neighbour's below; a block
 * that is given back joins free neighbours, so two of them never touch. The search is linear: an arena of a microcontroller
 * has some hundred blocks. */
#include "ports/baremetal/arena.h"

#include <firth/board.h>
#include <firth/port.h>
#include <stdint.h>

#include "ports/baremetal/guard.h"
#include "ports/baremetal/layout.h"

enum { UNIT = 8, IS_USED = 1 };

typedef struct block {
    uint32_t size;       /* header included, a multiple of UNIT, with IS_USED */
    uint32_t below_size; /* of the block below; 0: there is none */
} block;

_Static_assert(sizeof(block) == UNIT, "memory behind a header is aligned");

static size_t used_bytes, most_bytes;
static bool is_prepared;

static block *first(void)
{
    return (block *)(uintptr_t)firth_baremetal_arena;
}

/* A header without memory, in use for ever. */
static block *last(void)
{
    return (block *)((uintptr_t)firth_baremetal_arena_end - UNIT);
}

static uint32_t size_of(const block *at)
{
    return at->size & ~(uint32_t)IS_USED;
}

static bool is_used(const block *at)
{
    return (at->size & IS_USED) != 0;
}

static block *above(block *at)
{
    return (block *)((char *)at + size_of(at));
}

static block *below(block *at)
{
    return (block *)((char *)at - at->below_size);
}

static void resize(block *at, uint32_t size)
{
    at->size = size | (at->size & IS_USED);
    above(at)->below_size = size;
}

static void prepare(void)
{
    is_prepared = true;
    *last() = (block){.size = UNIT | IS_USED};
    *first() = (block){.size = 0};
    resize(first(), (uint32_t)((char *)last() - (char *)first()));
}

/* Cuts a free block in two; the upper one, free as well. */
static block *split(block *at, uint32_t lower_bytes)
{
    uint32_t whole = size_of(at);
    block *upper = (block *)((char *)at + lower_bytes);

    upper->size = 0;
    resize(at, lower_bytes);
    resize(upper, whole - lower_bytes);
    return upper;
}

/* Where in a free block memory of that alignment begins, with room for a header below it: the bytes before the header. */
static uint32_t padding(const block *at, size_t alignment)
{
    uintptr_t memory = (uintptr_t)(at + 1);

    return (uint32_t)(((memory + alignment - 1) & ~(uintptr_t)(alignment - 1)) - memory);
}

void *fth_arena_take(size_t bytes, size_t alignment)
{
    block *at;
    uint32_t size;

    if (!is_prepared)
        prepare();
    if (bytes > (size_t)(firth_baremetal_arena_end - firth_baremetal_arena))
        return NULL;
    size = (uint32_t)((bytes + UNIT - 1) / UNIT * UNIT + UNIT);
    for (at = first(); at != last(); at = above(at)) {
        uint32_t before;

        if (is_used(at) || size_of(at) < size + (before = padding(at, alignment)))
            continue;
        if (before > 0)
            at = split(at, before);
        if (size_of(at) >= size + 2 * UNIT)
            (void)split(at, size);
        at->size |= IS_USED;
        used_bytes += size_of(at);
        if (used_bytes > most_bytes)
            most_bytes = used_bytes;
        return at + 1;
    }
    return NULL;
}

void fth_arena_give(void *memory)
{
    block *at = (block *)memory - 1, *other;

    if (memory == NULL)
        return;
    used_bytes -= size_of(at);
    at->size &= ~(uint32_t)IS_USED;
    other = above(at);
    if (!is_used(other))
        resize(at, size_of(at) + size_of(other));
    other = below(at);
    if (at->below_size > 0 && !is_used(other))
        resize(other, size_of(other) + size_of(at));
}

firth_baremetal_memory firth_baremetal_memory_now(void)
{
    const char *stack = firth_baremetal_main_guard + FTH_GUARD_BYTES;
    const size_t stack_bytes = (size_t)(firth_baremetal_main_stack_end - stack);

    return (firth_baremetal_memory){.bytes = (size_t)(firth_baremetal_arena_end - firth_baremetal_arena),
                                    .used_bytes = used_bytes,
                                    .most_bytes = most_bytes,
                                    .main_stack_bytes = stack_bytes,
                                    .main_stack_most_bytes = firth_port_pages_touched(stack, stack_bytes)};
}
