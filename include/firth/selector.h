/* SPDX-License-Identifier: Apache-2.0 */
/* The selector: one thread's loop, with its tasks, timers, buffers and its backend.
 * Most programs need firth_run alone.
 *
 * After fork(2) a selector is the parent's alone: the child shares its kernel queue and must not touch it, nor close it;
 * it opens its own, or runs another program. */
#ifndef FIRTH_SELECTOR_H
#define FIRTH_SELECTOR_H

#include <firth/error.h>
#include <firth/export.h>
#include <firth/scope.h>
#include <firth/task.h>

typedef struct firth_backend firth_backend;

/* Fill with firth_selector_defaults(), then change what you want. */
typedef struct firth_selector_options {
    size_t struct_bytes;          /* set by firth_selector_defaults */
    const firth_backend *backend; /* NULL: the one this build was configured with */
    size_t stack_bytes;           /* of a task; 0: 64 KiB on 64-bit hosts, 32 KiB on 32-bit ones, or FIRTH_STACK_BYTES
                                     of the build */
    size_t stack_cache; /* stacks kept warm for the next spawn; beyond it their memory goes back to the system */
    size_t block_bytes; /* of a channel's buffer block, 512 to 1 MiB; 0: 16 KiB */
    size_t block_cache; /* blocks kept for the next use */
    size_t bulk_bytes;  /* of the few buffers through which firth_copy and firth_discard move a stream that comes
                                  faster than a block holds, up to 16 MiB; at most block_bytes: none are used. 256 KiB;
                                  on 32-bit hosts 0 */
    unsigned
        spin_us; /* how long the loop goes on asking before it sleeps in the kernel, in microseconds: less latency for
                         a core that is kept busy. 0: it sleeps at once, as it does with the simulator's clock */
    unsigned blocking_threads; /* most threads that firth_blocking starts, each on demand, gone when idle; 8 */
    bool overflow_report;      /* name the task when a stack overflows: takes SIGSEGV and SIGBUS if nobody has them */
    void (*log)(void *argument, const char *line); /* reports of what went wrong behind your back; NULL: nobody hears */
    void *log_argument;
    void *(*allocate)(void *argument, size_t bytes); /* NULL: malloc(3). Any thread may call it */
    void (*release)(void *argument, void *memory);   /* NULL: free(3) */
    void *allocate_argument;
    void *backend_argument;    /* what the backend's header says; NULL for all but the simulator's, see sim.h */
    unsigned resolver_threads; /* most names that are looked up at a time, on threads beside those; four times as many,
                                  with those that nobody answers or waits for, see resolve.h; 0: numeric addresses
                                  alone. 32 */
} firth_selector_options;

FIRTH_BEGIN_DECLS

/* The documented defaults in options->…; struct_bytes is sizeof the struct the caller was compiled with. */
FIRTH_API void firth_selector_options_init(firth_selector_options *options, size_t struct_bytes);

/* A value with the defaults, for `firth_selector_options o = firth_selector_defaults();` */
static inline firth_selector_options firth_selector_defaults(void)
{
    firth_selector_options options;

    firth_selector_options_init(&options, sizeof options);
    return options;
}

/* Opens a selector with the defaults on this thread, runs fn as its first task until that and everything it spawned has
 * ended, and closes the selector. Returns what the task came to, or why the selector could not be opened.
 * Blocks the thread; not to be called from a task (FIRTH_ERR_MISUSE). */
FIRTH_API FIRTH_NODISCARD int firth_run(firth_task_fn *fn, void *argument);

/* The same with options, which may be NULL. */
FIRTH_API FIRTH_NODISCARD int firth_run_with(const firth_selector_options *options, firth_task_fn *fn, void *argument);

/* n threads with a selector each, all running fn(scope, argument); they share nothing. Returns the first error of any,
 * after all have ended; an error of one does not end the others. n from 1 to 1024. Blocks the thread. */
FIRTH_API FIRTH_NODISCARD int firth_workers_run(unsigned n, firth_task_fn *fn, void *argument);

/* For those who own the loop. Opens a selector that belongs to the calling thread. options may be NULL.
 * Returns FIRTH_OK; FIRTH_ERR_NO_MEMORY, FIRTH_ERR_TOO_MANY_OPEN, FIRTH_ERR_ARGUMENT. */
FIRTH_API FIRTH_NODISCARD int firth_selector_open(firth_selector **selector, const firth_selector_options *options);

/* The scope to spawn a selector's first tasks in, from outside a task. An error of such a task is kept as the result
 * of firth_selector_run and ends nobody else. Never suspends. */
FIRTH_API firth_scope *firth_selector_scope(firth_selector *selector);

/* Runs until no task is left, sleeping in the kernel as needed. Returns the first error of a task spawned in
 * firth_selector_scope since the last call, else FIRTH_OK; FIRTH_ERR_MISUSE from inside a task.
 * Blocks the thread. */
FIRTH_API FIRTH_NODISCARD int firth_selector_run(firth_selector *selector);

/* One turn: runs what is ready, asks the kernel once, waiting there at most timeout_ms (0: not at all, < 0: as long as
 * it takes), and runs what that made ready. Returns how many tasks are left, or an error of the backend.
 * Blocks the thread up to the timeout. */
FIRTH_API FIRTH_NODISCARD int firth_selector_poll(firth_selector *selector, int64_t timeout_ms);

/* For a foreign loop: the descriptor that becomes readable when firth_selector_poll has something to do.
 * Returns FIRTH_OK, or FIRTH_ERR_NOT_SUPPORTED on a backend that has none (poll with a short timeout then). */
FIRTH_API FIRTH_NODISCARD int firth_selector_pollable(firth_selector *selector, intptr_t *descriptor);

/* For a foreign loop: how long it may sleep before firth_selector_poll must be called even if the descriptor stays
 * quiet, in ms, rounded up; 0: call now; -1: for ever. Never suspends. */
FIRTH_API int64_t firth_selector_timeout_ms(firth_selector *selector);

/* Runs fn(argument) on the selector's thread, outside any task, when its loop comes round; wakes it if it sleeps. Posts
 * of one thread run in order. Any thread, as long as the selector is open; not from a signal handler. fn must not
 * suspend, but may spawn into firth_selector_scope and cancel scopes.
 * Returns FIRTH_OK or FIRTH_ERR_NO_MEMORY. */
FIRTH_API FIRTH_NODISCARD int firth_selector_post(firth_selector *selector, void (*fn)(void *argument), void *argument);

/* Closes the selector and frees all of it. If something is still open it is listed in the log with the place that
 * opened it, tasks are cancelled and run to their end, sockets are reset, and the result is FIRTH_ERR_STILL_OPEN; all
 * is freed even so. A post that has not run yet runs, and so does what it posts in turn. FIRTH_ERR_MISUSE from inside a task. Blocks the thread until the
 * last task has ended. NULL does nothing. */
FIRTH_API int firth_selector_close(firth_selector *selector);

/* The backend's name, "epoll". Any thread; never suspends. */
FIRTH_API const char *firth_selector_backend_name(const firth_selector *selector);

/* The backends linked into this build: the i-th, or NULL behind the last; the first is the default. Any thread. */
FIRTH_API const firth_backend *firth_backend_at(size_t i);

/* The one with that name, or NULL. Any thread. */
FIRTH_API const firth_backend *firth_backend_find(const char *name);

FIRTH_END_DECLS

#endif
