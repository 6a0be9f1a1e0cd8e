/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation hooks that count, and fail when told to. Any thread may allocate. */
#include "tests/support/internal.h"

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

void *support_allocate(void *argument, size_t bytes)
{
    size_t number = atomic_fetch_add(&made, 1) + 1;
    void *memory;

    (void)argument;
    if (is_to_fail(number))
        return NULL;
    memory = malloc(bytes);
    if (memory == NULL)
        return NULL;
    memset(memory, JUNK, bytes < JUNK_BYTES_MOST ? bytes : JUNK_BYTES_MOST);
    atomic_fetch_add(&live, 1);
    return memory;
}

void support_release(void *argument, void *memory)
{
    (void)argument;
    if (memory == NULL)
        return;
    atomic_fetch_sub(&live, 1);
    free(memory);
}

size_t support_allocations_made(void)
{
    return atomic_load(&made);
}

size_t support_allocations_live(void)
{
    return atomic_load(&live);
}

void support_allocation_fail_at(size_t n, bool all_after)
{
    atomic_store(&failing_after, all_after);
    atomic_store(&failing_at, n == 0 ? 0 : atomic_load(&made) + n);
}
