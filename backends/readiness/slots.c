/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/readiness/reactor.h"

#include <string.h>

#include "core/base/assert.h"

enum { FTH_SLOTS_FIRST = 64 };

static int grow(fth_reactor *reactor)
{
    size_t capacity = reactor->capacity == 0 ? FTH_SLOTS_FIRST : reactor->capacity * 2;
    fth_slot *slots;
    int rc;

    if (capacity > UINT32_MAX)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    if (reactor->poller->reserve != NULL && (rc = reactor->poller->reserve(reactor->poller_state, capacity)) < 0)
        return rc;
    slots = firth_selector_allocate(reactor->selector, capacity * sizeof *slots);
    if (slots == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    if (reactor->slots != NULL) {
        memcpy(slots, reactor->slots, reactor->used * sizeof *slots);
        firth_selector_release(reactor->selector, reactor->slots);
    }
    reactor->slots = slots;
    reactor->capacity = capacity;
    return FIRTH_OK;
}

int fth_slots_reserve(fth_reactor *reactor)
{
    if (reactor->free_count > 0 || reactor->used < reactor->capacity)
        return FIRTH_OK;
    return grow(reactor);
}

void fth_slots_take(fth_reactor *reactor, firth_io *io)
{
    size_t number;

    if (reactor->free_count > 0) {
        number = reactor->first_free;
        reactor->first_free = reactor->slots[number].is.next_free;
        reactor->free_count--;
    } else {
        FTH_ASSERT(reactor->used < reactor->capacity);
        number = reactor->used++;
    }
    reactor->slots[number].is.io = io;
    memset(&reactor->slots[number].of, 0, sizeof reactor->slots[number].of);
    io->slot = (uint32_t)number;
}

void fth_slots_give(fth_reactor *reactor, firth_io *io)
{
    fth_slot *slot = &reactor->slots[io->slot];

    FTH_ASSERT(io->slot < reactor->used && slot->is.io == io);
    slot->generation++;
    slot->is.next_free = reactor->first_free;
    reactor->first_free = io->slot;
    reactor->free_count++;
}

uint64_t fth_slots_token(const fth_reactor *reactor, const firth_io *io)
{
    FTH_ASSERT(io->slot < reactor->used && reactor->slots[io->slot].is.io == io);
    return (uint64_t)reactor->slots[io->slot].generation << 32 | io->slot;
}

void fth_slots_release(fth_reactor *reactor)
{
    FTH_ASSERT(reactor->free_count == reactor->used);
    if (reactor->slots != NULL)
        firth_selector_release(reactor->selector, reactor->slots);
}
