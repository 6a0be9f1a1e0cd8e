/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks of the selector's default size, cut from slabs: one mapping holds many, each above a guard, warm ones first. */
#ifndef FTH_STACKS_H
#define FTH_STACKS_H

#include <firth/export.h>
#include <firth/scope.h>

/* Stacks in a slab: one, where memory is not reserved but had. */
#ifdef FIRTH_SLAB_STACKS
enum { FTH_SLAB_STACKS = FIRTH_SLAB_STACKS };
#else
enum { FTH_SLAB_STACKS = 64 };
#endif

typedef struct fth_slab {
    struct fth_slab *next;
    char *memory;
    unsigned used; /* stacks that were ever handed out, each guarded since */
} fth_slab;

typedef struct fth_stacks {
    firth_selector *selector;
    size_t stack_bytes;
    size_t guard_bytes;
    size_t cache; /* warm stacks to keep */
    fth_slab *slabs;
    size_t slab_count;
    void **free_stacks; /* [0, cold) were given back to the system, [cold, count) are warm */
    size_t cold;
    size_t count;
    size_t capacity;
} fth_stacks;

void fth_stacks_open(fth_stacks *stacks, firth_selector *selector, size_t stack_bytes, size_t cache);
void fth_stacks_close(fth_stacks *stacks);

/* The lowest byte of a guarded stack of stack_bytes, or NULL. */
void *fth_stacks_take(fth_stacks *stacks);
void fth_stacks_give(fth_stacks *stacks, void *stack);

/* A guarded stack of another size, mapped for one task; *bytes is rounded up to pages. */
void *fth_stack_map(const fth_stacks *stacks, size_t *bytes);
void fth_stack_unmap(const fth_stacks *stacks, void *stack, size_t bytes);

#endif
