/* SPDX-License-Identifier: Apache-2.0 */
/* Whole programs: one selector on this thread, or one on each of several. */
#include "core/base/assert.h"
#include "core/selector/selector.h"

int firth_run(firth_task_fn *fn, void *argument)
{
    return firth_run_with(NULL, fn, argument);
}

int firth_run_with(const firth_selector_options *options, firth_task_fn *fn, void *argument)
{
    static const firth_task_options main_task = {.name = "main"};
    firth_selector *selector;
    int rc;

    if (fth_current != NULL)
        return FTH_MISUSE("firth_run from inside a task");
    rc = firth_selector_open(&selector, options);
    if (rc < 0)
        return rc;
    rc = firth_spawn(firth_selector_scope(selector), fn, argument, &main_task);
    if (rc >= 0)
        rc = firth_selector_run(selector);
    (void)firth_selector_close(selector);
    return rc;
}

/* ---- workers ----------------------------------------------------------------------------------------------------- */

typedef struct workers {
    firth_task_fn *fn;
    void *argument;
    firth_port_lock *lock;
    firth_port_signal *ended;
    unsigned running; /* under lock, like result */
    int result;
} workers;

static void note_result(workers *all, int rc, unsigned ended)
{
    firth_port_lock_take(all->lock);
    if (rc < 0 && all->result == FIRTH_OK)
        all->result = rc;
    all->running -= ended;
    if (ended > 0)
        firth_port_signal_wake(all->ended);
    firth_port_lock_give(all->lock);
}

static void work(void *argument)
{
    workers *all = argument;
    int rc = firth_run(all->fn, all->argument);

    note_result(all, rc, 1);
}

static void start_and_join(workers *all, unsigned n)
{
    unsigned i;
    int rc;

    for (i = 1; i < n; i++) {
        firth_port_lock_take(all->lock);
        all->running++;
        firth_port_lock_give(all->lock);
        rc = firth_port_thread_start(work, all, "firth-worker");
        if (rc < 0)
            note_result(all, firth_fail(rc, 0, "thread"), 1);
    }
    /* The calling thread is a worker too. */
    note_result(all, firth_run(all->fn, all->argument), 0);
    firth_port_lock_take(all->lock);
    while (all->running > 0)
        firth_port_signal_wait(all->ended, all->lock, -1);
    firth_port_lock_give(all->lock);
}

int firth_workers_run(unsigned n, firth_task_fn *fn, void *argument)
{
    workers all = {.fn = fn, .argument = argument};

    if (fth_current != NULL)
        return FTH_MISUSE("firth_workers_run from inside a task");
    if (n < 1 || n > 1024)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "firth_workers_run");
    all.lock = firth_port_lock_open();
    all.ended = firth_port_signal_open();
    if (all.lock == NULL || all.ended == NULL)
        all.result = firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_workers_run");
    else
        start_and_join(&all, n);
    if (all.ended != NULL)
        firth_port_signal_close(all.ended);
    if (all.lock != NULL)
        firth_port_lock_close(all.lock);
    return all.result;
}
