/* SPDX-License-Identifier: Apache-2.0 */
/* Clock, entropy, memory, sleep, panic. */
#include <firth/board.h>
#include <firth/port.h>
#include <string.h>

#include "ports/baremetal/clock.h"
#include "ports/baremetal/guard.h"
#include "ports/baremetal/memory.h"
#include "ports/baremetal/registers.h"

enum { TICKS_PER_SECOND = 1000, TICK_NS = 1000000, SCALE_BITS = 20 };

/* ---- time --------------------------------------------------------------------------------------------------------- */

/* Milliseconds, the second word because one is over after 49 days. Of the handler alone. */
static volatile uint32_t ticks, ticks_high;
static uint32_t cycles_per_tick;
static int64_t latest_ns;

/* Nanoseconds in a cycle, times 2^SCALE_BITS: a division of 64 bits would be half of a reading. */
static uint32_t scale;

void fth_clock_open(void)
{
    cycles_per_tick = firth_board_clock_hz() / TICKS_PER_SECOND;
    scale = (uint32_t)(((uint64_t)TICK_NS << SCALE_BITS) / cycles_per_tick);
    FTH_SYST_RVR = cycles_per_tick - 1;
    FTH_SYST_CVR = 0;
    FTH_SYST_CSR = 7;
}

void firth_baremetal_tick(void)
{
    if (++ticks == 0)
        ticks_high++;
}

/* The counter may have begun anew with its interrupt still to come: then the tick is counted here. What comes out is never
 * less than before. */
int64_t firth_port_now_ns(void)
{
    uint32_t low, high, left;
    bool is_pending;
    int64_t now_ns;

    do {
        high = ticks_high;
        low = ticks;
        left = FTH_SYST_CVR;
        is_pending = (FTH_ICSR & FTH_ICSR_TICK) != 0;
        if (is_pending)
            left = FTH_SYST_CVR;
    } while (high != ticks_high || low != ticks);
    now_ns = ((int64_t)high << 32 | low) * TICK_NS + (is_pending ? TICK_NS : 0);
    now_ns += (int64_t)((uint64_t)(cycles_per_tick - 1 - left) * scale >> SCALE_BITS) + 1;
    if (now_ns > latest_ns)
        latest_ns = now_ns;
    return latest_ns;
}

/* ---- sleep -------------------------------------------------------------------------------------------------------- */

static volatile bool is_woken;

void firth_baremetal_wake(void)
{
    is_woken = true;
}

/* With interrupts off none comes between the look and the sleep, and one that is pending ends it all the same. */
bool firth_baremetal_sleep(void)
{
    bool was_woken;

    fth_interrupts_off();
    if (!is_woken)
        __asm__ volatile("dsb\n\twfi" ::: "memory");
    fth_interrupts_on();
    was_woken = is_woken;
    is_woken = false;
    return was_woken;
}

/* ---- chance, memory, the end -------------------------------------------------------------------------------------- */

int firth_port_entropy(void *bytes, size_t size)
{
    return firth_board_entropy(bytes, size);
}

void *firth_port_allocate(size_t bytes)
{
    return fth_memory_take(bytes, 8);
}

void firth_port_release(void *memory)
{
    fth_memory_give(memory);
}

void firth_port_panic(const char *text)
{
    firth_board_log(text, strlen(text));
    firth_board_log("\n", 1);
    firth_board_exit(-1);
}

/* ---- stacks ------------------------------------------------------------------------------------------------------- */

size_t firth_port_page_bytes(void)
{
    return FTH_GUARD_BYTES;
}

void *firth_port_pages_reserve(size_t bytes)
{
    void *pages = fth_memory_take(bytes, FTH_GUARD_BYTES);

    if (pages != NULL)
        memset(pages, 0, bytes);
    return pages;
}

/* A stack and its guard, which is zeros by now. */
void firth_port_pages_release(void *pages, size_t bytes)
{
    fth_memory_note_stack(bytes - FTH_GUARD_BYTES, firth_port_pages_touched(pages, bytes));
    fth_memory_give(pages);
}

/* A stack. There is nobody to give it to; zeros begin its high-water mark anew. */
void firth_port_pages_discard(void *pages, size_t bytes)
{
    fth_memory_note_stack(bytes, firth_port_pages_touched(pages, bytes));
    memset(pages, 0, bytes);
}

size_t firth_port_pages_touched(const void *pages, size_t bytes)
{
    const uint32_t *words = pages;
    size_t untouched = 0;

    while (untouched < bytes / 4 && words[untouched] == 0)
        untouched++;
    return (bytes - untouched * 4 + FTH_GUARD_BYTES - 1) / FTH_GUARD_BYTES * FTH_GUARD_BYTES;
}
