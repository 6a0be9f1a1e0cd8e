/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation hooks that count and fail, memory kept for a case, and bytes and numbers that can be had again. */
#include "tests/conformance/kit.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Memory comes filled with this, so that nothing gets away with taking it for zeros. */
enum { JUNK = 0xa5, JUNK_BYTES_MOST = 64 * 1024 };

static atomic_size_t made;
static atomic_size_t live;
static atomic_size_t failing_at; /* the number of the allocation to fail, as `made` counts; 0: none */
static atomic_bool failing_after;

static bool is_to_fail(size_t number)
{
    size_t at = atomic_load(&failing_at);

    return at != 0 && (number == at || (number > at && atomic_load(&failing_after)));
}

void *fth_kit_allocate(void *argument, size_t bytes)
{
    size_t number = atomic_fetch_add(&made, 1) + 1;
    void *memory = is_to_fail(number) ? NULL : malloc(bytes);

    (void)argument;
    if (memory == NULL)
        return NULL;
    memset(memory, JUNK, bytes < JUNK_BYTES_MOST ? bytes : JUNK_BYTES_MOST);
    atomic_fetch_add(&live, 1);
    return memory;
}

void fth_kit_release(void *argument, void *memory)
{
    (void)argument;
    if (memory == NULL)
        return;
    atomic_fetch_sub(&live, 1);
    free(memory);
}

size_t fth_kit_allocations_made(void)
{
    return atomic_load(&made);
}

size_t fth_kit_allocations_live(void)
{
    return atomic_load(&live);
}

void fth_kit_allocation_fail_at(size_t n, bool all_after)
{
    atomic_store(&failing_after, all_after);
    atomic_store(&failing_at, n == 0 ? 0 : atomic_load(&made) + n);
}

/* ---- kept for the case ------------------------------------------------------------------------------------------- */

typedef union kept {
    union kept *next;
    long double widest; /* what follows is aligned for anything */
} kept;

static kept *all_kept;

void *fth_kit_keep(size_t bytes)
{
    kept *one = calloc(1, sizeof *one + bytes);

    if (one == NULL) {
        (void)fputs("FAIL the_kit_itself: no memory\n", stdout);
        exit(2);
    }
    one->next = all_kept;
    all_kept = one;
    return one + 1;
}

void fth_kit_forget_kept(void)
{
    while (all_kept != NULL) {
        kept *one = all_kept;

        all_kept = one->next;
        free(one);
    }
}

/* ---- bytes and numbers ------------------------------------------------------------------------------------------- */

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t chance;

void fth_kit_random_start(uint64_t seed)
{
    chance = seed;
}

uint32_t fth_kit_random(uint32_t limit)
{
    chance += 0x9e3779b97f4a7c15u;
    return (uint32_t)(mix(chance) % limit);
}

/* Eight bytes are one number, which is made once for all of them: a microcontroller takes its time. */
static uint8_t stream_byte(uint64_t offset, uint64_t *number)
{
    if (offset % 8 == 0)
        *number = mix(offset / 8);
    return (uint8_t)(*number >> (offset % 8 * 8));
}

void fth_kit_fill(void *bytes, size_t size, uint64_t offset)
{
    uint64_t number = mix(offset / 8);

    for (size_t i = 0; i < size; i++)
        ((uint8_t *)bytes)[i] = stream_byte(offset + i, &number);
}

bool fth_kit_is_filled(const void *bytes, size_t size, uint64_t offset)
{
    uint64_t number = mix(offset / 8);

    for (size_t i = 0; i < size; i++)
        if (((const uint8_t *)bytes)[i] != stream_byte(offset + i, &number))
            return false;
    return true;
}
