/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks of Firth's tasks, in the arena. FreeRTOS guards the whole, and its MPU ports have no region to spare for one of
 * them: a guard is memory that nobody touches, which is looked at when the stack is given back. */
#include <firth/port.h>
#include <stdint.h>
#include <string.h>

enum { PAGE_BYTES = 128 };

size_t firth_port_page_bytes(void)
{
    return PAGE_BYTES;
}

/* What was allocated is told right below the pages. */
static void **place_of_memory(void *pages)
{
    return (void **)pages - 1;
}

void *firth_port_pages_reserve(size_t bytes)
{
    char *memory, *pages;

    if (bytes > SIZE_MAX - 2 * PAGE_BYTES)
        return NULL;
    memory = firth_port_allocate(bytes + 2 * PAGE_BYTES);
    if (memory == NULL)
        return NULL;
    pages = memory + PAGE_BYTES + (size_t)(-(uintptr_t)memory % PAGE_BYTES);
    *place_of_memory(pages) = memory;
    memset(pages, 0, bytes);
    return pages;
}

void firth_port_pages_release(void *pages, size_t bytes)
{
    (void)bytes;
    firth_port_release(*place_of_memory(pages));
}

/* Zeros begin the high-water mark anew; there is nobody to give the memory to. */
void firth_port_pages_discard(void *pages, size_t bytes)
{
    memset(pages, 0, bytes);
}

size_t firth_port_pages_touched(const void *pages, size_t bytes)
{
    const unsigned char *at = pages, *end = at + bytes;

    while (at < end && *at == 0)
        at++;
    return (size_t)(end - at);
}

int firth_port_pages_guard(void *pages, size_t bytes)
{
    memset(pages, 0, bytes);
    return FIRTH_OK;
}

void firth_port_pages_unguard(void *pages, size_t bytes)
{
    if (firth_port_pages_touched(pages, bytes) > 0)
        firth_port_panic("firth: the stack of a task has overflowed into its guard");
}
