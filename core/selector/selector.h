/* SPDX-License-Identifier: Apache-2.0 */
/* The selector's parts: one thread's loop and all that belongs to it. */
#ifndef FTH_SELECTOR_H
#define FTH_SELECTOR_H

#include "core/base/assert.h"
#include "core/base/timers.h"
#include "core/channels/block.h"
#include "core/selector/opened.h"
#include "core/tasks/stacks.h"
#include "core/tasks/task.h"
#include <firth/backend.h>
#include <firth/port.h>
#include <firth/selector.h>
#include <stdatomic.h>

/* Tasks resumed in a row before the kernel is asked again. One that comes after a budget that was used up counts for many:
 * such tasks would keep timers and the network waiting for 64 budgets. */
enum { FTH_LOOP_RESUMES = 64, FTH_LOOP_BUDGETS = 2 };

typedef struct fth_pool fth_pool;
enum { FTH_POOLS = 3 };

/* What other threads hand to the loop; freed by whoever runs it. */
typedef struct fth_post {
    struct fth_post *next;
    void (*run)(struct fth_post *post);
} fth_post;

/* Look-ups of names under way, see core/sockets/resolve.c. */
typedef struct fth_names {
    struct fth_look_up *first;
    unsigned abandoned; /* of them, whose result nobody waits for any more */
    bool is_short;      /* the log was told that there are not enough threads */
    bool is_watched;    /* shortage is with the threads, or on its way from them */
    fth_post shortage;
} fth_names;

/* Ends the list of scopes to cancel, so that only a scope outside it has a next_remote of NULL. */
#define FTH_REMOTE_END ((firth_scope *)1)

/* The part that other threads touch. A flag is an int here and elsewhere: gcc before 13 makes an atomic exchange of a byte
 * a call of libatomic on RISC-V. Test: riscv64/library of scripts/test.d/arch.sh. */
typedef struct fth_mailbox {
    firth_port_lock *lock;
    fth_post *first; /* under lock, oldest first */
    fth_post *last;
    firth_scope *remote; /* scopes to cancel, by next_remote up to FTH_REMOTE_END; under lock */
    atomic_int pending;  /* something was put in since the loop last looked; the backend was woken for it */
    atomic_uint remote_count;
} fth_mailbox;

struct firth_selector {
    const firth_backend *backend;
    void *state; /* the backend's */
    firth_task *ready_first;
    firth_task *ready_last;
    unsigned resumes;  /* that are left before the kernel is asked again */
    firth_task *ended; /* for the loop to free */
    firth_op *completed_first;
    firth_op *completed_last;
    firth_write_channel *dirty; /* auto-flush channels written to since the running task last suspended */
    fth_timers timers;
    fth_blocks blocks;
    fth_stacks stacks;
    firth_task *tasks_first;
    firth_task *tasks_last;
    size_t task_count;
    fth_opened opened;  /* sockets, servers, pipes: head of a ring */
    fth_opened leaving; /* sockets that were aborted, and whose last op the backend has still: another */
    struct fth_interrupt *interrupts;
    fth_pool *pools[FTH_POOLS]; /* threads for firth_blocking and for names, once needed */
    fth_names names;
    uintptr_t thread;
    bool turning;                    /* a turn of the loop is under way */
    const firth_selector *turned_in; /* the selector from whose poll, then */
    unsigned jobs;                   /* that threads of the pool have and are not back with the loop */
    firth_task loop;                 /* stands for the loop where a task is asked for; owns the root scope */
    fth_mailbox mailbox;
    firth_selector_options options;
    firth_port_overflow overflow;
#ifdef FIRTH_DEBUG
    void *graves[64]; /* closed handles, kept so that a use after close can be told */
    unsigned grave_next;
#endif
};

/* Queues a post and wakes the loop; cannot fail. Any thread. */
void fth_selector_post(firth_selector *selector, fth_post *post);

/* The selector whose loop turns on this thread - one that is turned from within another's poll counts - or NULL. */
extern FTH_THREAD_LOCAL const firth_selector *fth_turning;

/* Now, by the clock of the selector. */
static inline int64_t fth_selector_now_ns(const firth_selector *selector)
{
    return selector->backend->now_ns != NULL ? selector->backend->now_ns(selector) : firth_port_now_ns();
}

/* Takes the task from the head of the run queue whose turn it is, and makes it the running one but for the switch; NULL
 * when none is ready or the kernel is to be asked first. */
static inline void fth_selector_count_budget(firth_selector *selector)
{
    unsigned share = FTH_LOOP_RESUMES / FTH_LOOP_BUDGETS;

    selector->resumes -= selector->resumes < share ? selector->resumes : share;
}

static inline firth_task *fth_selector_next_task(firth_selector *selector)
{
    firth_task *task = selector->ready_first;

    if (task == NULL || selector->resumes == 0)
        return NULL;
    FTH_ASSERT(task->stage == FTH_TASK_READY);
    selector->resumes--;
    selector->ready_first = task->next_ready;
    if (selector->ready_first == NULL)
        selector->ready_last = NULL;
    else
        fth_task_fetch(selector->ready_first);
    task->stage = FTH_TASK_RUNNING;
    task->budget = FTH_TASK_BUDGET;
    return task;
}

/* Turns the loop as long as busy says so. FIRTH_OK, or the error of the backend's poll. */
int fth_selector_run_while(firth_selector *selector, bool (*busy)(const firth_selector *selector));
bool fth_selector_has_tasks(const firth_selector *selector);

/* A line for the selector's log, printf(3) style; at most 240 bytes of it. */
void fth_selector_log(const firth_selector *selector, const char *format, ...) FIRTH_PRINTF(2, 3);

/* Between these the loop turns: firth_now_ns is the selector's. */
void fth_selector_begin_turning(firth_selector *selector);
void fth_selector_end_turning(firth_selector *selector);

/* Opens and closes the mailbox. */
int fth_mailbox_open(fth_mailbox *mailbox);
void fth_mailbox_close(fth_mailbox *mailbox);

/* Runs what other threads have put in: fth_mailbox_run if there may be any. It is looked at before it is taken, which is
 * dearer, and there seldom is any. Who puts something there wakes the loop behind it, and then it is seen. */
void fth_mailbox_run(firth_selector *selector);
static inline void fth_mailbox_deliver(firth_selector *selector)
{
    if (atomic_load_explicit(&selector->mailbox.pending, memory_order_acquire))
        fth_mailbox_run(selector);
}

/* Frees a closed handle - in debug builds only when many more have been closed since, so that its use can be told. */
void fth_selector_bury(firth_selector *selector, void *handle);

/* Asserts, in debug builds, that the caller is on the selector's thread. */
#ifdef FIRTH_DEBUG
void fth_selector_assert_thread(const firth_selector *selector);
#else
static inline void fth_selector_assert_thread(const firth_selector *selector)
{
    (void)selector;
}
#endif

#endif
