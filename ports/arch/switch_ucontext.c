/* SPDX-License-Identifier: Apache-2.0 */
/* The switch for processors without one in assembly, and for threads with a hardware shadow stack. The ucontext_t of a
 * flow that is set aside is on its own stack, so its address serves as the stack pointer. */
#include "ports/arch/switch.h"

#if FTH_SWITCH_HAS_UCONTEXT
#include <stdlib.h>
#include <ucontext.h>

typedef struct fth_ucontext_start {
    ucontext_t context;
    void (*entry)(void *argument);
    void *argument;
} fth_ucontext_start;

/* makecontext(3) passes ints, so the pointer comes in two halves. */
static void start(unsigned high, unsigned low)
{
    const fth_ucontext_start *self = (const fth_ucontext_start *)(uintptr_t)((uint64_t)high << 32 | low);

    self->entry(self->argument);
    abort();
}

void *fth_ucontext_make(void *stack_low, size_t bytes, void (*entry)(void *), void *argument)
{
    uintptr_t top = ((uintptr_t)stack_low + bytes - sizeof(fth_ucontext_start)) & ~(uintptr_t)63;
    fth_ucontext_start *self = (fth_ucontext_start *)top;
    uint64_t number = (uint64_t)top;

    if (getcontext(&self->context) != 0)
        abort();
    self->entry = entry;
    self->argument = argument;
    self->context.uc_stack.ss_sp = stack_low;
    self->context.uc_stack.ss_size = top - (uintptr_t)stack_low;
    self->context.uc_link = NULL;
    makecontext(&self->context, (void (*)(void))start, 2, (unsigned)(number >> 32), (unsigned)number);
    return &self->context;
}

void fth_ucontext_switch(void **from_sp, void *to_sp)
{
    ucontext_t here;

    *from_sp = &here;
    if (swapcontext(&here, to_sp) != 0)
        abort();
}
#endif
