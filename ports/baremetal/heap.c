/* SPDX-License-Identifier: Apache-2.0 */
/* The heap of the C library is for standard output alone, before main. In a file of its own: a program that has another,
 * with both functions, is linked without it. */
#include "ports/baremetal/libc.h"

#include <errno.h>
#include <firth/port.h>
#include <stdint.h>

enum { HEAP_BYTES = 1024 };

static union {
    int64_t alignment;
    char bytes[HEAP_BYTES];
} heap;
static int heap_used;
static bool is_sealed;

void fth_libc_seal(void)
{
    is_sealed = true;
}

/* newlib's own name, which no header declares. */
void *_sbrk(int increment);

void *_sbrk(int increment)
{
    void *at = heap.bytes + heap_used;

    if (is_sealed)
        firth_port_panic("firth: malloc(3) of the C library in firmware, which has no such heap");
    if (increment > HEAP_BYTES - heap_used) {
        errno = ENOMEM;
        return (void *)-1; /* NOLINT(performance-no-int-to-ptr): that is how it fails */
    }
    heap_used += increment;
    return at;
}
