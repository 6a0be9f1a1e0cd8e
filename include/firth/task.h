/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks: functions that can be set aside while they wait. Each has a stack of its own and stays on the thread of its
 * selector for life, so tasks of one selector need no locks between them: only a call that "may suspend" lets another
 * one run. */
#ifndef FIRTH_TASK_H
#define FIRTH_TASK_H

#include <firth/error.h>
#include <firth/export.h>
#include <firth/scope.h>

/* A task's function: its own scope, and what firth_spawn was given. Its result is its scope's rc. */
typedef int firth_task_fn(firth_scope *scope, void *argument);

/* The least a stack may be, control block included. On hosts room is kept for a signal handler's frame. */
#if UINTPTR_MAX > 0xffffffffu || defined(__linux__) || defined(_WIN32)
#define FIRTH_STACK_MINIMUM_BYTES 16384
#else
#define FIRTH_STACK_MINIMUM_BYTES 1024
#endif

/* Zero means the default for every field. */
typedef struct firth_task_options {
    size_t stack_bytes; /* 0: the selector's. Rounded up to pages. A size of its own is mapped and unmapped for this
                           task alone, so prefer the pooled default */
    void *stack_memory; /* stack_bytes of the caller's, untouched until the task has ended; no guard page */
    const char *name;   /* for reports; must outlive the task */
} firth_task_options;

typedef enum firth_task_state {
    FIRTH_TASK_READY = 0,     /* will run when its turn comes */
    FIRTH_TASK_RUNNING = 1,   /* is the caller */
    FIRTH_TASK_SUSPENDED = 2, /* waits for what `waiting_for` says */
} firth_task_state;

/* A task as firth_tasks_visit shows it; valid during the visit. */
typedef struct firth_task_info {
    const char *name;        /* or "task" */
    const char *place;       /* where it was spawned, "file.c:12" */
    const char *waiting_for; /* "read", "accept", "sleep", …; "" when it is not suspended */
    firth_task_state state;
    size_t stack_bytes;
    size_t stack_used_bytes; /* high-water mark, to the page where pages are counted; 0 where nobody knows */
    bool cancelled;
} firth_task_info;

FIRTH_BEGIN_DECLS

/* firth_spawn(scope, fn, argument, options): starts fn(scope, argument) as a task in the scope, which may be the caller's or that of any task of the selector, as
 * long as it is open. The new task runs when the caller next suspends; in a scope that is cancelled already it runs
 * too, and is cancelled at its first suspending call, so what argument owns is always handed on. options may be NULL.
 * Returns FIRTH_OK; FIRTH_ERR_NO_MEMORY (no stack, or no room for another guard page); FIRTH_ERR_STACK_TOO_SMALL;
 * FIRTH_ERR_MISUSE for a closed scope. On failure fn does not run and argument is still the caller's.
 * Never suspends. */
#define firth_spawn(scope, fn, argument, ...) firth_spawn_at(scope, fn, argument, __VA_ARGS__, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_spawn_at(firth_scope *scope, firth_task_fn *fn, void *argument,
                                             const firth_task_options *options, const char *place);

/* Suspends the task for that long (<= 0: as firth_yield).
 * Returns FIRTH_OK, or FIRTH_ERR_CANCELED sooner. May suspend. */
FIRTH_API int firth_sleep(int64_t duration_ms);

/* Suspends until that point in time of firth_now_ns(), never less. Returns as firth_sleep. May suspend. */
FIRTH_API int firth_sleep_until(int64_t deadline_ns);

/* Lets every other task that is ready run first. The kernel is asked after 64 resumes at the latest, so a loop of yields
 * starves nobody. Returns FIRTH_OK, or FIRTH_ERR_CANCELED. May suspend. */
FIRTH_API int firth_yield(void);

/* Now, in nanoseconds of the monotonic clock that all deadlines use (CLOCK_MONOTONIC: it does not count the time a
 * machine is asleep, and no one can set it back). In a task and in the loop of a selector whose backend has a clock of
 * its own, the simulator, that clock's. Any thread; never suspends. */
FIRTH_API int64_t firth_now_ns(void);

/* The innermost open scope of the calling task, or NULL outside a task. Never suspends. */
FIRTH_API firth_scope *firth_scope_current(void);

/* Calls visit for every task of the selector, oldest first; visit must not suspend or spawn. Never suspends. */
FIRTH_API void firth_tasks_visit(firth_selector *selector, void (*visit)(const firth_task_info *task, void *argument),
                                 void *argument);

/* How much of the calling task's stack was ever in use, in bytes; 0 outside a task. Never suspends. */
FIRTH_API size_t firth_stack_used_bytes(void);

FIRTH_END_DECLS

#endif
