/* SPDX-License-Identifier: Apache-2.0 */
/* A task: control block, states, and the two moves everything else is made of, suspend and wake. */
#ifndef FTH_TASK_H
#define FTH_TASK_H

#include "core/tasks/scope.h"
#include <firth/backend.h>
#include <firth/port.h>
#include <firth/task.h>

#if defined(FIRTH_THREADLESS) /* the one thread of a microcontroller */
#define FTH_THREAD_LOCAL
#elif defined(_MSC_VER) && !defined(__clang__)
#define FTH_THREAD_LOCAL __declspec(thread)
#else
#define FTH_THREAD_LOCAL _Thread_local
#endif

/* May-suspend calls a task may make in a row without waiting before it gives way. */
enum { FTH_TASK_BUDGET = 128 };

typedef enum fth_task_stage {
    FTH_TASK_READY,
    FTH_TASK_RUNNING,
    FTH_TASK_SUSPENDED,
    FTH_TASK_ENDED,
} fth_task_stage;

typedef enum fth_stack_kind {
    FTH_STACK_POOLED, /* of the selector's slabs */
    FTH_STACK_MAPPED, /* a mapping of its own */
    FTH_STACK_LENT,   /* the caller's memory */
} fth_stack_kind;

/* Lives at the upper end of its own stack, so that an idle task touches one page. What a wake, a resume and a suspend
 * need comes first: one cache line. */
struct firth_task {
    firth_context context;
    firth_selector *selector;
    firth_task *next_ready;
    firth_scope *innermost;
    const char *waiting_for;
    void (*cancel)(firth_task *task); /* makes what it waits for end soon; NULL: nothing to cancel */
    void *waiting;                    /* for cancel: the op, timer or channel */
    uint8_t stage;
    uint8_t budget;
    uint8_t stack_kind;
    bool cancelled;    /* the innermost scope is: kept here, since that is a cache line less for every call */
    firth_scope scope; /* its own */
    firth_failure failure;
    firth_task *previous; /* all tasks of the selector, oldest first */
    firth_task *next;
    firth_task_fn *fn;
    void *argument;
    const char *name;
    const char *place;
    void *stack_low;
    size_t stack_bytes; /* control block included */
};

/* The task that runs on this thread, or NULL in the loop. */
extern FTH_THREAD_LOCAL firth_task *fth_current;

/* Makes and readies a task in scope; see firth_spawn. */
int fth_task_start(firth_scope *scope, firth_task_fn *fn, void *argument, const firth_task_options *options,
                   const char *place);

/* Makes a scope that was opened, or the one around a scope that was closed, the one the task is in. */
static inline void fth_task_go_to_scope(firth_task *task, firth_scope *scope)
{
    task->innermost = scope;
    task->cancelled = (scope->flags & FTH_SCOPE_CANCELLED) != 0;
}

#ifdef __GNUC__
#define FTH_PREFETCH(address) __builtin_prefetch(address)
#else
#define FTH_PREFETCH(address) (void)(address)
#endif

/* The next task's frames come from memory while this one is in its system calls: with a thousand tasks they have left
 * the processor's caches since they ran. Where they are is in its control block, which came a task earlier. */
static inline void fth_task_fetch(const firth_task *next)
{
    enum { CACHE_LINE_BYTES = 64, AHEAD_BYTES = 512 };
    const char *frames = next->context.sp;

    FTH_PREFETCH(next->next_ready);
    for (size_t i = 0; i < AHEAD_BYTES; i += CACHE_LINE_BYTES)
        FTH_PREFETCH(frames + i);
}

/* Gives the stack and control block of an ended task back. From the loop. */
void fth_task_free(firth_task *task);

/* Sets the running task aside until fth_task_wake. cancel may be NULL: then a cancel is noticed later. What auto-flush
 * channels hold is flushed first. */
void fth_task_suspend(const char *waiting_for, void (*cancel)(firth_task *task), void *waiting);

/* Readies a suspended task: it runs when its turn comes, never at once. */
void fth_task_wake(firth_task *task);

/* Ends the wait of a suspended task early, once: what it waits for ends as cancelled or with its real result. */
FIRTH_COLD void fth_task_interrupt(firth_task *task);

/* What every call that may suspend begins with: the running task must be of that selector, not cancelled, and gives way
 * when its budget is used up. FIRTH_OK, FIRTH_ERR_CANCELED, FIRTH_ERR_MISUSE. */
int fth_task_enter(const firth_selector *selector);

/* The same in short, for a call that finds at once what it is for: false when any of that is to be looked at. */
static inline bool fth_task_goes_on(const firth_selector *selector)
{
    firth_task *task = fth_current;

    if (task == NULL || task->selector != selector || task->budget == 0 || task->cancelled)
        return false;
    task->budget--;
    return true;
}

/* Whether a suspending call of the running task fails with FIRTH_ERR_CANCELED. */
bool fth_task_is_cancelled(void);

/* FIRTH_ERR_CANCELED, noted as the task's failure. */
FIRTH_COLD int fth_task_canceled(void);

/* Suspends until fth_task_wake, the deadline (INT64_MAX: none) or a cancel. Returns FIRTH_OK, FIRTH_ERR_TIMED_OUT or
 * FIRTH_ERR_CANCELED. */
int fth_task_park(const char *waiting_for, int64_t deadline_ns);

#endif
