/* SPDX-License-Identifier: Apache-2.0 */
/* The switch by fibers, for Windows on processors without one in assembly. The system gives each a stack of its own, as
 * large as the one that it is asked for; of that one only the top is used. */
#include <windows.h>

#include <firth/port.h>

#include "ports/arch/switch.h"

#if FTH_SWITCH_HAS_UCONTEXT
typedef struct fth_fiber_start {
    void (*entry)(void *argument);
    void *argument;
} fth_fiber_start;

static VOID CALLBACK start(PVOID argument)
{
    const fth_fiber_start *self = argument;

    self->entry(self->argument);
}

void *fth_ucontext_make(void *stack_low, size_t bytes, void (*entry)(void *), void *argument)
{
    enum { COMMIT_BYTES = 16 * 1024 };
    const uintptr_t top = ((uintptr_t)stack_low + bytes - sizeof(fth_fiber_start)) & ~(uintptr_t)15;
    fth_fiber_start *self = (fth_fiber_start *)top;
    void *fiber;

    self->entry = entry;
    self->argument = argument;
    fiber = CreateFiberEx(COMMIT_BYTES, bytes, FIBER_FLAG_FLOAT_SWITCH, start, self);
    if (fiber == NULL)
        firth_port_panic("no memory for a fiber");
    return fiber;
}

/* A thread becomes a fiber when it leaves its own stack for the first time. */
void fth_ucontext_switch(void **from_sp, void *to_sp)
{
    *from_sp = IsThreadAFiber() ? GetCurrentFiber() : ConvertThreadToFiberEx(NULL, FIBER_FLAG_FLOAT_SWITCH);
    if (*from_sp == NULL)
        firth_port_panic("no memory for a fiber");
    SwitchToFiber(to_sp);
}

void fth_ucontext_forget(void *sp)
{
    if (sp != NULL)
        DeleteFiber(sp);
}
#endif
