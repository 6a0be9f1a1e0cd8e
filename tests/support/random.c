/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and bytes that look random and can be had again: splitmix64 (Steele, Lea, Flood 2014). */
#include "tests/support/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t seed;
static bool seed_in_use;

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

support_random support_random_start(void)
{
    const char *given = getenv("FIRTH_TEST_SEED");

    seed = given != NULL ? strtoull(given, NULL, 0) : mix((uint64_t)firth_now_ns());
    seed_in_use = true;
    return (support_random){.state = seed};
}

uint64_t support_random_next(support_random *random)
{
    uint64_t value = mix(random->state);

    random->state += 0x9e3779b97f4a7c15u;
    return value;
}

uint64_t support_random_below(support_random *random, uint64_t limit)
{
    return support_random_next(random) % limit;
}

void support_random_report(void)
{
    if (seed_in_use)
        fprintf(stderr, "    repeat with FIRTH_TEST_SEED=0x%" PRIx64 "\n", seed);
}

void support_random_forget(void)
{
    seed_in_use = false;
}

static uint8_t stream_byte(uint64_t offset, uint64_t *word, uint64_t *word_at)
{
    if (*word_at != offset / 8) {
        *word_at = offset / 8;
        *word = mix(*word_at);
    }
    return (uint8_t)(*word >> (offset % 8 * 8));
}

void support_fill(void *bytes, size_t size, uint64_t offset)
{
    uint64_t word = 0, word_at = UINT64_MAX;

    for (size_t i = 0; i < size; i++)
        ((uint8_t *)bytes)[i] = stream_byte(offset + i, &word, &word_at);
}

bool support_is_filled(const void *bytes, size_t size, uint64_t offset)
{
    uint64_t word = 0, word_at = UINT64_MAX;

    for (size_t i = 0; i < size; i++)
        if (((const uint8_t *)bytes)[i] != stream_byte(offset + i, &word, &word_at))
            return false;
    return true;
}
