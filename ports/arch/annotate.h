/* SPDX-License-Identifier: Apache-2.0 */
/* What AddressSanitizer, ThreadSanitizer and Valgrind are told of contexts. Without FIRTH_CONTEXT_ANNOTATED all of this
 * is empty.
 * Everything is inlined: ThreadSanitizer keeps the list of called functions per fiber, and a function that changes the
 * fiber would enter its own name in one list and strike it off another. */
#ifndef FIRTH_PORTS_ARCH_ANNOTATE_H
#define FIRTH_PORTS_ARCH_ANNOTATE_H

#include <firth/port.h>

#ifdef __has_feature
#define FTH_HAS_FEATURE(feature) __has_feature(feature)
#else
#define FTH_HAS_FEATURE(feature) 0
#endif

#ifdef FIRTH_CONTEXT_ANNOTATED
#if defined(__SANITIZE_ADDRESS__) || FTH_HAS_FEATURE(address_sanitizer)
#define FTH_ANNOTATE_ASAN 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__) || FTH_HAS_FEATURE(thread_sanitizer)
#define FTH_ANNOTATE_TSAN 1
#include <sanitizer/tsan_interface.h>
#include <signal.h>
#endif
#ifdef __has_include
#if __has_include(<valgrind/valgrind.h>)
#define FTH_ANNOTATE_VALGRIND 1
#include <valgrind/valgrind.h>
#endif
#endif

/* ThreadSanitizer holds a signal back until the fiber that was running calls a function that it knows, and keeps it with
 * that fiber: switched away from, the signal would wait as long as the fiber does, or end with it. To make and to destroy
 * a fiber is to run it for a moment. So no signal comes between a call it knows, taking the mask, and the end of these. */
#ifdef FTH_ANNOTATE_TSAN
static inline __attribute__((always_inline)) void fth_annotate_hold_signals(sigset_t *before)
{
    sigset_t all;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, before);
}

static inline __attribute__((always_inline)) void fth_annotate_let_signals(const sigset_t *before)
{
    (void)pthread_sigmask(SIG_SETMASK, before, NULL);
}
#endif

/* A context was made on that stack. */
static inline __attribute__((always_inline)) void fth_annotate_made(firth_context *context, void *stack_low,
                                                                    size_t bytes)
{
    context->fake_stack = NULL;
    context->stack_low = stack_low;
    context->stack_bytes = bytes;
    context->fiber = NULL;
    context->stack_number = 0;
#ifdef FTH_ANNOTATE_TSAN
    sigset_t before;

    fth_annotate_hold_signals(&before);
    context->fiber = __tsan_create_fiber(0);
    fth_annotate_let_signals(&before);
#endif
#ifdef FTH_ANNOTATE_VALGRIND
    context->stack_number = (unsigned)VALGRIND_STACK_REGISTER(stack_low, (char *)stack_low + bytes - 1);
#endif
}

/* A context stands for the stack that is running. AddressSanitizer tells its bounds to whoever leaves it, so it is left
 * for a moment and come back to. */
static inline __attribute__((always_inline)) void fth_annotate_thread(firth_context *context)
{
    context->fake_stack = NULL;
    context->stack_low = NULL;
    context->stack_bytes = 0;
    context->fiber = NULL;
    context->stack_number = 0;
#ifdef FTH_ANNOTATE_ASAN
    __sanitizer_start_switch_fiber(&context->fake_stack, context, sizeof *context);
    __sanitizer_finish_switch_fiber(context->fake_stack, &context->stack_low, &context->stack_bytes);
    __sanitizer_start_switch_fiber(&context->fake_stack, context->stack_low, context->stack_bytes);
    __sanitizer_finish_switch_fiber(context->fake_stack, NULL, NULL);
#endif
#ifdef FTH_ANNOTATE_TSAN
    context->fiber = __tsan_get_current_fiber();
#endif
}

/* The switch comes next. AddressSanitizer frees what it keeps for a flow that will not come back. */
static inline __attribute__((always_inline)) void fth_annotate_leaving(firth_context *from, firth_context *to,
                                                                       bool for_good)
{
#ifdef FTH_ANNOTATE_ASAN
    __sanitizer_start_switch_fiber(for_good ? NULL : &from->fake_stack, to->stack_low, to->stack_bytes);
#endif
#ifdef FTH_ANNOTATE_TSAN
    sigset_t before;

    fth_annotate_hold_signals(&before);
    __tsan_switch_to_fiber(to->fiber, 0);
    fth_annotate_let_signals(&before);
#endif
    (void)from;
    (void)to;
    (void)for_good;
}

/* The flow that left with that context, or that begins with it, runs. */
static inline __attribute__((always_inline)) void fth_annotate_arrived(firth_context *context)
{
#ifdef FTH_ANNOTATE_ASAN
    __sanitizer_finish_switch_fiber(context->fake_stack, NULL, NULL);
#endif
    (void)context;
}

/* The context's flow has left for good. Its frames were never returned from, so AddressSanitizer still guards what is
 * between their variables, in memory that will be something else. */
static inline __attribute__((always_inline)) void fth_annotate_forgotten(firth_context *context)
{
#ifdef FTH_ANNOTATE_ASAN
    __asan_unpoison_memory_region(context->stack_low, context->stack_bytes);
#endif
#ifdef FTH_ANNOTATE_TSAN
    sigset_t before;

    fth_annotate_hold_signals(&before);
    __tsan_destroy_fiber(context->fiber);
    fth_annotate_let_signals(&before);
#endif
#ifdef FTH_ANNOTATE_VALGRIND
    VALGRIND_STACK_DEREGISTER(context->stack_number);
#endif
    (void)context;
}

#else

static inline void fth_annotate_thread(firth_context *context)
{
    (void)context;
}

static inline void fth_annotate_leaving(firth_context *from, firth_context *to, bool for_good)
{
    (void)from;
    (void)to;
    (void)for_good;
}

static inline void fth_annotate_arrived(firth_context *context)
{
    (void)context;
}

static inline void fth_annotate_forgotten(firth_context *context)
{
    (void)context;
}

#endif
#endif
