/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts: the processor's switch, with sanitizers and Valgrind told of it where the build wants that. */
#include "ports/arch/annotate.h"
#include "ports/arch/switch.h"
#ifdef _WIN32
#include "ports/windows/stack.h"
#endif
#ifdef FTH_SWITCH_GUARDED
#include "ports/baremetal/guard.h"
#endif

#ifdef _WIN32
#define UCONTEXT_NAME "fiber"
#else
#define UCONTEXT_NAME "ucontext"
#endif
#if !FTH_SWITCH_HAS_ASSEMBLY
#define ASSEMBLY_NAME "none"
#elif defined(__x86_64__)
#define ASSEMBLY_NAME "x86_64"
#elif defined(__aarch64__)
#define ASSEMBLY_NAME "aarch64"
#elif defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
#define ASSEMBLY_NAME "armv7m"
#elif defined(__arm__)
#define ASSEMBLY_NAME "armv7"
#elif defined(__riscv)
#define ASSEMBLY_NAME "riscv64"
#endif

static inline void switch_stacks(firth_context *from, firth_context *to)
{
#if FTH_SWITCH_HAS_UCONTEXT
    if (fth_switch_by_ucontext()) {
        fth_ucontext_switch(&from->sp, to->sp);
        return;
    }
#endif
#if FTH_SWITCH_HAS_ASSEMBLY
    fth_switch(&from->sp, to->sp);
#endif
}

#if FTH_SWITCH_HAS_ASSEMBLY
/* All of the stack is committed, so it ends where it is limited. What an overflow needs is in the guard below. */
static inline void *make_by_assembly(void *stack_low, size_t bytes, void (*entry)(void *), void *argument)
{
    void *sp = fth_switch_make((char *)stack_low + bytes, entry, argument);
#ifdef _WIN32
    fth_switch_block *block = sp;

    block->exception_list = UINTPTR_MAX;
    block->fiber_data = 0;
    block->stack_base = (uintptr_t)stack_low + bytes;
    block->stack_limit = (uintptr_t)stack_low;
    block->guaranteed_bytes = FTH_STACK_HANDLER_BYTES;
    block->deallocation_stack = (uintptr_t)stack_low - FTH_STACK_ROOM_BYTES;
#endif
#ifdef FTH_SWITCH_GUARDED
    *(uintptr_t *)sp = fth_guard_below(stack_low);
#endif
    return sp;
}
#endif

static inline void *make_on(void *stack_low, size_t bytes, void (*entry)(void *), void *argument)
{
#if FTH_SWITCH_HAS_UCONTEXT
    if (fth_switch_by_ucontext())
        return fth_ucontext_make(stack_low, bytes, entry, argument);
#endif
#if FTH_SWITCH_HAS_ASSEMBLY
    return make_by_assembly(stack_low, bytes, entry, argument);
#else
    FTH_UNREACHABLE();
#endif
}

#ifdef FIRTH_CONTEXT_ANNOTATED
/* What a new flow needs to know to report that it has arrived, at the top of its stack. */
typedef struct fth_arrival {
    firth_context *context;
    void (*entry)(void *argument);
    void *argument;
} fth_arrival;

static void arrive(void *argument)
{
    const fth_arrival *arrival = argument;

    fth_annotate_arrived(arrival->context);
    arrival->entry(arrival->argument);
}

void firth_context_make(firth_context *context, void *stack_low, size_t bytes, void (*entry)(void *argument),
                        void *argument)
{
    uintptr_t top = ((uintptr_t)stack_low + bytes - sizeof(fth_arrival)) & ~(uintptr_t)15;
    fth_arrival *arrival = (fth_arrival *)top;

    *arrival = (fth_arrival){.context = context, .entry = entry, .argument = argument};
    fth_annotate_made(context, stack_low, bytes);
    context->sp = make_on(stack_low, top - (uintptr_t)stack_low, arrive, arrival);
}
#else
void firth_context_make(firth_context *context, void *stack_low, size_t bytes, void (*entry)(void *argument),
                        void *argument)
{
    context->sp = make_on(stack_low, bytes, entry, argument);
}
#endif

void firth_context_of_thread(firth_context *context)
{
    context->sp = NULL;
    fth_annotate_thread(context);
}

FIRTH_HOT void firth_context_switch(firth_context *from, firth_context *to)
{
    fth_annotate_leaving(from, to, false);
    switch_stacks(from, to);
    fth_annotate_arrived(from);
}

void firth_context_leave(firth_context *from, firth_context *to)
{
    fth_annotate_leaving(from, to, true);
    switch_stacks(from, to);
    FTH_UNREACHABLE();
}

void firth_context_forget(firth_context *context)
{
#if FTH_SWITCH_HAS_UCONTEXT && defined(_WIN32)
    fth_ucontext_forget(context->sp);
#endif
    context->sp = NULL;
    fth_annotate_forgotten(context);
}

const char *firth_context_name(void)
{
    return fth_switch_by_ucontext() ? UCONTEXT_NAME : ASSEMBLY_NAME;
}
