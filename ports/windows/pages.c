/* SPDX-License-Identifier: Apache-2.0 */
/* Address space for stacks, and guards in it. It is committed whole: the system counts it as used and gives it memory where
 * it is touched. */
#define PSAPI_VERSION 2
#include <windows.h>

#include <psapi.h>

#include <firth/port.h>

#include "ports/windows/stack.h"

size_t firth_port_page_bytes(void)
{
    SYSTEM_INFO info;

    GetSystemInfo(&info);
    return info.dwPageSize;
}

void *firth_port_pages_reserve(size_t bytes)
{
    return VirtualAlloc(NULL, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

void firth_port_pages_release(void *pages, size_t bytes)
{
    (void)bytes;
    (void)VirtualFree(pages, 0, MEM_RELEASE);
}

void firth_port_pages_discard(void *pages, size_t bytes)
{
    (void)VirtualAlloc(pages, bytes, MEM_RESET, PAGE_READWRITE);
}

/* The exception of an overflow is handled on the stack that overflowed, so a guard with room for it ends, below the stack,
 * with a page whose touch is the exception and under that room for its handler; the rest is out of bounds.
 * Test: an_overflow_is_told_before_the_program_dies. */
int firth_port_pages_guard(void *pages, size_t bytes)
{
    char *low = pages;
    size_t closed = bytes > FTH_STACK_ROOM_BYTES ? bytes - FTH_STACK_ROOM_BYTES : bytes;
    DWORD before;

    if (!VirtualFree(low, closed, MEM_DECOMMIT)) /* what is out of bounds need not be promised either */
        return FIRTH_ERR_NO_MEMORY;
    if (closed < bytes &&
        !VirtualProtect(low + bytes - FTH_STACK_PAGE_BYTES, FTH_STACK_PAGE_BYTES, PAGE_READWRITE | PAGE_GUARD, &before))
        return FIRTH_ERR_NO_MEMORY;
    return FIRTH_OK;
}

void firth_port_pages_unguard(void *pages, size_t bytes)
{
    (void)pages;
    (void)bytes;
}

/* ---- high-water mark --------------------------------------------------------------------------------------------- */

size_t firth_port_pages_touched(const void *pages, size_t bytes)
{
    size_t page = firth_port_page_bytes(), count = bytes / page, first = 0, step;

    while (first < count) {
        PSAPI_WORKING_SET_EX_INFORMATION told[32];

        step = count - first < 32 ? count - first : 32;
        for (size_t i = 0; i < step; i++)
            told[i].VirtualAddress = (char *)(uintptr_t)pages + (first + i) * page;
        if (!QueryWorkingSetEx(GetCurrentProcess(), told, (DWORD)(step * sizeof told[0])))
            return 0;
        for (size_t i = 0; i < step; i++)
            if (told[i].VirtualAttributes.Valid)
                return (count - first - i) * page;
        first += step;
    }
    return 0;
}
