/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and bytes that look random and can be had again: splitmix64 (Steele, Lea, Flood 2014). */
#include "tests/support/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t seed;
static bool seed_in_use;
static const char *program = "the program";

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

void support_random_use(uint64_t value)
{
    seed = value;
    seed_in_use = true;
}

const char *support_program(void)
{
    return program;
}

void support_random_program(const char *path)
{
    program = path;
}

void support_random_report(void)
{
    const char *backend = getenv("FIRTH_TEST_BACKEND");

    if (seed_in_use)
        fprintf(stderr, "    repeat with: FIRTH_TEST_SEED=0x%" PRIx64 " %s%s%s%s '%s'\n", seed,
                backend != NULL ? "FIRTH_TEST_BACKEND=" : "", backend != NULL ? backend : "",
                backend != NULL ? " " : "", program, support_test_name());
}

int support_seeds(size_t count, int (*one)(uint64_t seed))
{
    const char *given = getenv("FIRTH_TEST_SEED");
    uint64_t first = given != NULL ? strtoull(given, NULL, 0) : 1;
    size_t failures = support_failures();
    int rc = FIRTH_OK;

    for (size_t i = 0; i < (given != NULL ? 1 : count) && rc >= 0; i++) {
        support_random_use(first + i);
        rc = one(first + i);
        if (support_failures() > failures)
            rc = FIRTH_ERR_USER;
    }
    if (rc < 0)
        support_random_report();
    return rc;
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
