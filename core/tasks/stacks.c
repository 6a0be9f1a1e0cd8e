/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tasks/stacks.h"
#include "core/base/assert.h"
#include <string.h>

/* 64 KiB on 64-bit machines: one instruction may skip a page, and few frames reach further (-Wframe-larger-than). */
static size_t guard_bytes(void)
{
    size_t page = firth_port_page_bytes();

    return sizeof(void *) >= 8 && page < 65536 ? 65536 : page;
}

static size_t round_up(size_t bytes, size_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

void fth_stacks_open(fth_stacks *stacks, firth_selector *selector, size_t stack_bytes, size_t cache)
{
    memset(stacks, 0, sizeof *stacks);
    stacks->selector = selector;
    stacks->stack_bytes = round_up(stack_bytes, firth_port_page_bytes());
    stacks->guard_bytes = guard_bytes();
    stacks->cache = cache;
}

static size_t stride(const fth_stacks *stacks)
{
    return stacks->guard_bytes + stacks->stack_bytes;
}

void fth_stacks_close(fth_stacks *stacks)
{
    while (stacks->slabs != NULL) {
        fth_slab *slab = stacks->slabs;
        unsigned i;

        stacks->slabs = slab->next;
        for (i = 0; i < slab->used; i++)
            firth_port_pages_unguard(slab->memory + i * stride(stacks), stacks->guard_bytes);
        firth_port_pages_release(slab->memory, FTH_SLAB_STACKS * stride(stacks));
        firth_selector_release(stacks->selector, slab);
    }
    firth_selector_release(stacks->selector, stacks->free_stacks);
    stacks->free_stacks = NULL;
}

/* Room to give back every stack there is, reserved with the slab so that giving back cannot fail. */
static bool reserve_free(fth_stacks *stacks)
{
    size_t capacity = stacks->capacity * 2 > FTH_SLAB_STACKS ? stacks->capacity * 2 : FTH_SLAB_STACKS;
    void **grown;

    if ((stacks->slab_count + 1) * FTH_SLAB_STACKS <= stacks->capacity)
        return true;
    grown = firth_selector_allocate(stacks->selector, capacity * sizeof *grown);
    if (grown == NULL)
        return false;
    if (stacks->count > 0)
        memcpy(grown, stacks->free_stacks, stacks->count * sizeof *grown);
    firth_selector_release(stacks->selector, stacks->free_stacks);
    stacks->free_stacks = grown;
    stacks->capacity = capacity;
    return true;
}

static bool add_slab(fth_stacks *stacks)
{
    fth_slab *slab;

    if (!reserve_free(stacks))
        return false;
    slab = firth_selector_allocate(stacks->selector, sizeof *slab);
    if (slab == NULL)
        return false;
    slab->memory = firth_port_pages_reserve(FTH_SLAB_STACKS * stride(stacks));
    if (slab->memory == NULL) {
        firth_selector_release(stacks->selector, slab);
        return false;
    }
    slab->next = stacks->slabs;
    stacks->slabs = slab;
    stacks->slab_count++;
    return true;
}

void *fth_stacks_take(fth_stacks *stacks)
{
    fth_slab *slab = stacks->slabs;
    char *guard;

    if (stacks->count > 0) {
        if (stacks->cold == stacks->count)
            stacks->cold--;
        return stacks->free_stacks[--stacks->count];
    }
    if (slab == NULL || slab->used == FTH_SLAB_STACKS) {
        if (!add_slab(stacks))
            return NULL;
        slab = stacks->slabs;
    }
    guard = slab->memory + slab->used * stride(stacks);
    if (firth_port_pages_guard(guard, stacks->guard_bytes) < 0)
        return NULL;
    slab->used++;
    return guard + stacks->guard_bytes;
}

void fth_stacks_give(fth_stacks *stacks, void *stack)
{
    FTH_ASSERT(stacks->count < stacks->capacity);
    if (stacks->count - stacks->cold < stacks->cache) {
        stacks->free_stacks[stacks->count++] = stack;
        return;
    }
    firth_port_pages_discard(stack, stacks->stack_bytes);
    stacks->free_stacks[stacks->count++] = stacks->free_stacks[stacks->cold];
    stacks->free_stacks[stacks->cold++] = stack;
}

void *fth_stack_map(const fth_stacks *stacks, size_t *bytes)
{
    char *memory;

    if (*bytes > SIZE_MAX / 2)
        return NULL;
    *bytes = round_up(*bytes, firth_port_page_bytes());
    memory = firth_port_pages_reserve(stacks->guard_bytes + *bytes);
    if (memory == NULL)
        return NULL;
    if (firth_port_pages_guard(memory, stacks->guard_bytes) < 0) {
        firth_port_pages_release(memory, stacks->guard_bytes + *bytes);
        return NULL;
    }
    return memory + stacks->guard_bytes;
}

void fth_stack_unmap(const fth_stacks *stacks, void *stack, size_t bytes)
{
    char *memory = (char *)stack - stacks->guard_bytes;

    firth_port_pages_unguard(memory, stacks->guard_bytes);
    firth_port_pages_release(memory, stacks->guard_bytes + bytes);
}
