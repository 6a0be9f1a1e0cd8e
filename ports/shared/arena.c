/* SPDX-License-Identifier: Apache-2.0 */
/* Each block is behind a header that knows its size and its neighbour's below; one that is given back joins free
 * neighbours, so two of them never touch. The search is linear: an arena of a microcontroller has some hundred blocks. */
#include "ports/shared/arena.h"

#include <stdint.h>

typedef struct block {
    size_t size;       /* header included, a multiple of UNIT, with IS_USED */
    size_t below_size; /* of the block below; 0: there is none */
} block;

enum { UNIT = sizeof(block), IS_USED = 1 };

_Static_assert(UNIT % (2 * sizeof(void *)) == 0, "memory behind a header is aligned");

static size_t size_of(const block *at)
{
    return at->size & ~(size_t)IS_USED;
}

static bool is_used(const block *at)
{
    return (at->size & IS_USED) != 0;
}

static block *above(block *at)
{
    return (block *)((char *)at + size_of(at));
}

static void resize(block *at, size_t size)
{
    at->size = size | (at->size & IS_USED);
    above(at)->below_size = size;
}

/* A header without memory, in use for ever. */
static block *last(const fth_arena *arena)
{
    return (block *)(void *)(arena->high - UNIT);
}

bool fth_arena_open(fth_arena *arena, void *memory, size_t bytes)
{
    uintptr_t low = ((uintptr_t)memory + UNIT - 1) / UNIT * UNIT, high = ((uintptr_t)memory + bytes) / UNIT * UNIT;
    block *first;

    if (high < low || high - low < 3 * UNIT)
        return false;
    arena->low = (char *)memory + (low - (uintptr_t)memory);
    arena->high = arena->low + (high - low);
    arena->used_bytes = arena->most_bytes = 0;
    *last(arena) = (block){.size = UNIT | IS_USED};
    first = (block *)(void *)arena->low;
    *first = (block){.size = 0};
    resize(first, (size_t)(arena->high - arena->low) - UNIT);
    return true;
}

/* Cuts a free block in two; the upper one, free as well. */
static block *split(block *at, size_t lower_bytes)
{
    size_t whole = size_of(at);
    block *upper = (block *)(void *)((char *)at + lower_bytes);

    upper->size = 0;
    resize(at, lower_bytes);
    resize(upper, whole - lower_bytes);
    return upper;
}

/* Where in a free block memory of that alignment begins, with room for a header below it: the bytes before the header. */
static size_t padding(const block *at, size_t alignment)
{
    uintptr_t memory = (uintptr_t)(at + 1);

    return ((memory + alignment - 1) & ~(uintptr_t)(alignment - 1)) - memory;
}

void *fth_arena_take(fth_arena *arena, size_t bytes, size_t alignment)
{
    size_t size, before;
    block *at;

    if (bytes > (size_t)(arena->high - arena->low))
        return NULL;
    size = (bytes + UNIT - 1) / UNIT * UNIT + UNIT;
    for (at = (block *)(void *)arena->low; at != last(arena); at = above(at)) {
        before = padding(at, alignment < UNIT ? UNIT : alignment);
        if (is_used(at) || size_of(at) < size + before)
            continue;
        if (before > 0)
            at = split(at, before);
        if (size_of(at) > size) /* though what is left be a header alone: used_bytes depends on no order then */
            (void)split(at, size);
        at->size |= IS_USED;
        arena->used_bytes += size_of(at);
        if (arena->used_bytes > arena->most_bytes)
            arena->most_bytes = arena->used_bytes;
        return at + 1;
    }
    return NULL;
}

void fth_arena_give(fth_arena *arena, void *memory)
{
    block *at, *below;

    if (memory == NULL)
        return;
    at = (block *)memory - 1;
    arena->used_bytes -= size_of(at);
    at->size &= ~(size_t)IS_USED;
    if (!is_used(above(at)))
        resize(at, size_of(at) + size_of(above(at)));
    if (at->below_size == 0)
        return;
    below = (block *)(void *)((char *)at - at->below_size);
    if (!is_used(below))
        resize(below, size_of(below) + size_of(at));
}
