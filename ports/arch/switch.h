/* SPDX-License-Identifier: Apache-2.0 */
/* What context.c builds on: a switch written in the processor's own language, one switch_….S per ABI, and one by
 * ucontext(3) for all others - on Windows by fibers. All keep everything on the stack that is left, and so need no more of a
 * context than a stack pointer. */
#ifndef FIRTH_PORTS_ARCH_SWITCH_H
#define FIRTH_PORTS_ARCH_SWITCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the program never comes. */
#ifdef _MSC_VER
#define FTH_UNREACHABLE() __assume(0)
#else
#define FTH_UNREACHABLE() __builtin_unreachable()
#endif

/* Which of the two this build has. On x86-64 the choice falls when the program runs: a switch in assembly leaves return
 * addresses behind on a hardware shadow stack, which glibc may have turned on, and glibc's ucontext knows how to change
 * that stack too. (glibc keeps a shadow stack for each context ever made.) */
#if !defined(FTH_CONTEXT_UCONTEXT)
#define FTH_SWITCH_HAS_ASSEMBLY 1
#else
#define FTH_SWITCH_HAS_ASSEMBLY 0
#endif
#if defined(FTH_CONTEXT_UCONTEXT) || (defined(__x86_64__) && defined(__GLIBC__))
#define FTH_SWITCH_HAS_UCONTEXT 1
#else
#define FTH_SWITCH_HAS_UCONTEXT 0
#endif

/* Lays out a context at the top of a stack: switching to the result calls entry(argument), which must not return, with
 * the floating-point control state of the caller. */
void *fth_switch_make(void *top, void (*entry)(void *), void *argument);

/* Leaves the running flow, its stack pointer in *from_sp, for the one that was left at to_sp. */
void fth_switch(void **from_sp, void *to_sp);

#ifdef _WIN32
/* What a context that is set aside knows of its stack, where its stack pointer points to; see the .S file. */
typedef struct fth_switch_block {
    uintptr_t exception_list;
    uintptr_t fiber_data;
    uintptr_t stack_base;
    uintptr_t stack_limit;
    uintptr_t guaranteed_bytes;
    uintptr_t deallocation_stack;
} fth_switch_block;
#endif

/* The same by ucontext, which also keeps a signal mask per context and asks the kernel for it at every switch. */
void *fth_ucontext_make(void *stack_low, size_t bytes, void (*entry)(void *), void *argument);
void fth_ucontext_switch(void **from_sp, void *to_sp);
#ifdef _WIN32 /* where fibers are in its place, which are the system's memory */
void fth_ucontext_forget(void *sp);
#endif

/* Whether this thread has to switch by ucontext. */
static inline bool fth_switch_by_ucontext(void)
{
#if FTH_SWITCH_HAS_ASSEMBLY && FTH_SWITCH_HAS_UCONTEXT
    uintptr_t shadow_stack = 0;

    __asm__ volatile("rdsspq %0" : "+r"(shadow_stack)); /* does nothing where there is no shadow stack */
    return __builtin_expect(shadow_stack != 0, false);
#else
    return FTH_SWITCH_HAS_UCONTEXT;
#endif
}

#endif
