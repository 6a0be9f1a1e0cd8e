/* SPDX-License-Identifier: Apache-2.0 */
/* A stack's guard is marked in memory (firth_port_pages_guard), which tells a stack that has one from a caller's memory. */
#include "ports/baremetal/guard.h"

#include <firth/board.h>
#include <firth/port.h>

#include "ports/baremetal/layout.h"
#include "ports/baremetal/registers.h"

enum { MARK = 0x6f766572, MARK_WORDS = FTH_GUARD_BYTES / 4 };

enum {
    REGION_ON = 1,
    REGION_128_BYTES = 6 << 1,
    REGION_512_MIB = 28 << 1,
    REGION_READ_ONLY = 6 << 24,
    REGION_NO_CODE = 1 << 28,
    REGION_FLASH_NUMBER = 1 | 1 << 4 /* and VALID: the number counts */
};

_Static_assert(FTH_GUARD_BYTES == 128, "REGION_128_BYTES");

/* Region 0 is the last one selected, so whoever writes MPU_RBAR moves the guard. */
void fth_guard_open(void)
{
    FTH_MPU_RBAR = REGION_FLASH_NUMBER; /* from address 0 on: whoever writes through NULL is told */
    FTH_MPU_RASR = REGION_ON | REGION_512_MIB | REGION_READ_ONLY;
    FTH_MPU_RNR = 0;
    FTH_MPU_RBAR = (uint32_t)(uintptr_t)firth_baremetal_main_guard;
    FTH_MPU_RASR = REGION_ON | REGION_128_BYTES | (uint32_t)REGION_NO_CODE;
    FTH_MPU_CTRL = FTH_MPU_CTRL_ON | FTH_MPU_CTRL_REST_IS_OPEN;
    fth_barrier();
}

uintptr_t fth_guard_now(void)
{
    return FTH_MPU_RBAR & ~(uint32_t)(FTH_GUARD_BYTES - 1);
}

uintptr_t fth_guard_below(const void *stack_low)
{
    const char *guard = (const char *)stack_low - FTH_GUARD_BYTES;
    const uint32_t *words = (const uint32_t *)(uintptr_t)guard;
    bool is_marked = guard >= firth_baremetal_arena && (uintptr_t)guard % FTH_GUARD_BYTES == 0;

    for (size_t i = 0; is_marked && i < MARK_WORDS; i++)
        is_marked = words[i] == MARK;
    return is_marked ? (uintptr_t)guard : (uintptr_t)firth_baremetal_main_guard;
}

int firth_port_pages_guard(void *pages, size_t bytes)
{
    uint32_t *words = pages;

    for (size_t i = 0; i < bytes / 4; i++)
        words[i] = MARK;
    return FIRTH_OK;
}

void firth_port_pages_unguard(void *pages, size_t bytes)
{
    uint32_t *words = pages;

    for (size_t i = 0; i < bytes / 4; i++)
        words[i] = 0;
}
