/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tls/heap.h"
#include <stdatomic.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void __real_free(void *memory);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void __wrap_free(void *memory);

static atomic_size_t live;
static atomic_size_t until; /* the failure; 0: there will be none */
static atomic_int has_failed;

void heap_fail_at(size_t n)
{
    atomic_store(&has_failed, 0);
    atomic_store(&until, n);
}

bool heap_has_failed(void)
{
    return atomic_load(&has_failed) != 0;
}

size_t heap_live(void)
{
    return atomic_load(&live);
}

static bool fails(void)
{
    if (atomic_load(&until) == 0 || atomic_fetch_sub(&until, 1) != 1)
        return false;
    atomic_store(&has_failed, 1);
    return true;
}

static void *counted(void *memory)
{
    if (memory != NULL)
        atomic_fetch_add(&live, 1);
    return memory;
}

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : counted(__real_malloc(bytes));
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : counted(__real_calloc(count, bytes));
}

void __wrap_free(void *memory)
{
    if (memory != NULL)
        atomic_fetch_sub(&live, 1);
    __real_free(memory);
}
