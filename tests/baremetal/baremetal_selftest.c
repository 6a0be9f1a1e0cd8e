/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks, switches, faults and memory of a microcontroller: baremetal_selftest WORD, one of those at the end. "switch",
 * "clock" and "arena" print PASS lines and end with 0; the others have to end in a report. */
#include <firth/board.h>
#include <firth/firth.h>
#include <firth/port.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/baremetal/report.h"

enum { SWITCHES = 1000, BIG_BYTES = 1500 };

/* ---- switches keep registers ---------------------------------------------------------------------------------------- */

typedef struct sums {
    float floats;
    uint32_t integers;
} sums;

/* More values than there are registers that a call may change, so they live in those that a switch has to keep. */
static int count_up(firth_scope *scope, void *argument)
{
    sums *to = argument;
    float a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8;
    uint32_t i = 1, j = 2, k = 3, l = 4, m = 5, n = 6;

    (void)scope;
    for (int at = 0; at < SWITCHES; at++) {
        if (firth_yield() < 0)
            return FIRTH_ERR_CANCELED;
        a += 1, b += 1, c += 1, d += 1, e += 1, f += 1, g += 1, h += 1;
        i += 1, j += 1, k += 1, l += 1, m += 1, n += 1;
    }
    to->floats = a + b + c + d + e + f + g + h;
    to->integers = i + j + k + l + m + n;
    return FIRTH_OK;
}

/* One that never touches a float, between two that do. */
static int count_integers(firth_scope *scope, void *argument)
{
    uint32_t *to = argument;

    (void)scope;
    for (uint32_t at = 0; at < SWITCHES; at++) {
        if (firth_yield() < 0)
            return FIRTH_ERR_CANCELED;
        *to += at;
    }
    return FIRTH_OK;
}

static int test_switch(firth_scope *scope, void *argument)
{
    static sums first, second;
    static uint32_t plain;
    firth_scope tasks;

    (void)argument;
    firth_scope_open(&tasks, scope, NULL);
    if (firth_spawn(&tasks, count_up, &first, NULL) < 0 || firth_spawn(&tasks, count_integers, &plain, NULL) < 0 ||
        firth_spawn(&tasks, count_up, &second, NULL) < 0)
        return FIRTH_ERR_NO_MEMORY;
    if (firth_scope_close(&tasks, FIRTH_OK) < 0)
        return FIRTH_ERR_CANCELED;
    check(first.floats == 8036.0f && second.floats == 8036.0f, "floats live through a thousand switches");
    check(first.integers == 6021 && second.integers == 6021, "integers live through a thousand switches");
    check(plain == 499500, "a task without floats runs between");
    return FIRTH_OK;
}

/* ---- time ----------------------------------------------------------------------------------------------------------- */

static int test_clock(firth_scope *scope, void *argument)
{
    int64_t began_ns = firth_port_now_ns(), before_ns = began_ns, now_ns;
    bool is_monotonic = true;

    (void)scope;
    (void)argument;
    for (int i = 0; i < 20000; i++) {
        now_ns = firth_port_now_ns();
        is_monotonic = is_monotonic && now_ns >= before_ns;
        before_ns = now_ns;
    }
    check(is_monotonic, "the clock never goes back");
    began_ns = firth_port_now_ns();
    if (firth_sleep(50) < 0)
        return FIRTH_ERR_CANCELED;
    now_ns = firth_port_now_ns();
    check(now_ns - began_ns >= 50 * 1000000, "50 ms of sleep are at least that");
    return FIRTH_OK;
}

/* ---- memory --------------------------------------------------------------------------------------------------------- */

static uint32_t seed = 1;

static uint32_t next_random(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

/* Blocks of any size, taken and given back in any order; each keeps what was written to it. */
static bool juggle(void)
{
    enum { BLOCKS = 24, ROUNDS = 4000 };
    static unsigned char *blocks[BLOCKS];
    static size_t sizes[BLOCKS];

    for (int round = 0; round < ROUNDS; round++) {
        uint32_t at = next_random() % BLOCKS;

        if (blocks[at] != NULL) {
            for (size_t i = 0; i < sizes[at]; i++)
                if (blocks[at][i] != (unsigned char)at)
                    return false;
            firth_port_release(blocks[at]);
            blocks[at] = NULL;
        } else {
            sizes[at] = next_random() % 3000;
            blocks[at] = firth_port_allocate(sizes[at]);
            if (blocks[at] != NULL)
                memset(blocks[at], (int)at, sizes[at]);
        }
    }
    for (int at = 0; at < BLOCKS; at++)
        firth_port_release(blocks[at]);
    return true;
}

/* In the place of one that was 8 bytes larger, and above all others. */
static bool is_counted_alike(void)
{
    void *larger = firth_port_allocate(32), *wall = firth_port_allocate(32), *first, *second;
    size_t used_bytes[3];

    firth_port_release(larger);
    used_bytes[0] = firth_baremetal_memory_now().used_bytes;
    first = firth_port_allocate(24);
    used_bytes[1] = firth_baremetal_memory_now().used_bytes;
    second = firth_port_allocate(24);
    used_bytes[2] = firth_baremetal_memory_now().used_bytes;
    firth_port_release(first);
    firth_port_release(second);
    firth_port_release(wall);
    return first == larger && used_bytes[1] - used_bytes[0] == used_bytes[2] - used_bytes[1];
}

static int test_arena(firth_scope *scope, void *argument)
{
    firth_baremetal_memory before = firth_baremetal_memory_now();
    void *most, *pages;

    (void)scope;
    (void)argument;
    check(juggle(), "4000 blocks keep what is in them");
    check(firth_baremetal_memory_now().used_bytes == before.used_bytes, "all that was given back is free");
    check(is_counted_alike(), "a block counts for the same wherever it is");
    most = firth_port_allocate((before.bytes - before.used_bytes) / 2);
    check(most != NULL, "and in one piece");
    firth_port_release(most);
    check(firth_port_allocate(before.bytes) == NULL && firth_port_allocate(SIZE_MAX) == NULL,
          "more than there is cannot be had");
    pages = firth_port_pages_reserve(1024);
    check(pages != NULL && (uintptr_t)pages % firth_port_page_bytes() == 0, "pages are aligned");
    ((char *)pages)[700] = 1;
    check(firth_port_pages_touched(pages, 1024) == 384, "the high-water mark of a stack");
    firth_port_pages_release(pages, 1024);
    check(firth_baremetal_memory_now().task_stack_most_bytes >= 384, "is kept when the stack is given back");
    before = firth_baremetal_memory_now();
    check(before.main_stack_most_bytes > 0 && before.main_stack_most_bytes < before.main_stack_bytes,
          "main's stack has one too");
    return FIRTH_OK;
}

/* ---- the ends ------------------------------------------------------------------------------------------------------- */

/* Frames of less than a guard, so that none jumps it. */
static int fall(volatile int depth)
{
    volatile int here = depth;

    return here == INT32_MAX ? 0 : fall(here + 1) + here;
}

static int overflow(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    return fall(0);
}

static int spawn_overflow(firth_scope *scope, void *argument)
{
    const firth_task_options options = {.name = "deep"};

    return firth_spawn(scope, overflow, argument, &options);
}

static int write_through_null(firth_scope *scope, void *argument)
{
    (void)scope;
    *(volatile uint32_t *)argument = 1;
    return FIRTH_OK;
}

static int use_heap(firth_scope *scope, void *argument)
{
    void *volatile memory = malloc(BIG_BYTES);

    (void)scope;
    (void)argument;
    free(memory);
    return FIRTH_OK;
}

/* A caller's memory as a stack has no guard, and none is put below it. */
static int measure(firth_scope *scope, void *argument)
{
    (void)scope;
    *(size_t *)argument = firth_stack_used_bytes();
    return FIRTH_OK;
}

static int test_lent(firth_scope *scope, void *argument)
{
    static union {
        int64_t alignment;
        char bytes[256 + 2048];
    } memory;
    static size_t used;
    const firth_task_options options = {.name = "lent", .stack_memory = memory.bytes + 256, .stack_bytes = 2048};
    firth_scope tasks;

    (void)argument;
    memset(memory.bytes, 'x', 256);
    firth_scope_open(&tasks, scope, NULL);
    if (firth_spawn(&tasks, measure, &used, &options) < 0 || firth_scope_close(&tasks, FIRTH_OK) < 0)
        return FIRTH_ERR_NO_MEMORY;
    check(memory.bytes[0] == 'x' && memory.bytes[255] == 'x', "a lent stack stays in its memory");
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const report_part all[] = {
        {"switch", test_switch},      {"clock", test_clock},        {"arena", test_arena}, {"lent", test_lent},
        {"overflow", spawn_overflow}, {"null", write_through_null}, {"malloc", use_heap},
    };

    if (argc == 2 && strcmp(argv[1], "main-overflow") == 0)
        return fall(0);
    return report_run(argc, argv, all, sizeof all / sizeof all[0]);
}
