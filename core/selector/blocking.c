/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/assert.h"
#include "core/base/list.h"
#include "core/selector/pool.h"
#include <firth/blocking.h>
#include <string.h>

/* On the stack of the task, which waits until the job is over. */
typedef struct blocking_job {
    fth_job job;
    firth_task *task;
    int (*fn)(void *argument);
    void *argument;
    int result;
} blocking_job;

static void work(fth_job *job)
{
    blocking_job *blocking = FTH_CONTAINER(job, blocking_job, job);

    blocking->result = blocking->fn(blocking->argument);
}

static void done(fth_job *job)
{
    blocking_job *blocking = FTH_CONTAINER(job, blocking_job, job);

    fth_task_wake(blocking->task);
}

static void dropped(fth_job *job)
{
    (void)job;
    firth_port_panic("firth: a selector was closed under a task in firth_blocking");
}

static void withdraw(firth_task *task)
{
    blocking_job *blocking = task->waiting;

    if (!fth_pool_withdraw(task->selector, &blocking->job))
        return;
    blocking->result = FIRTH_ERR_CANCELED;
    fth_task_wake(task);
}

int firth_blocking(int (*fn)(void *argument), void *argument)
{
    blocking_job blocking;
    int rc;

    if (fth_current == NULL)
        return FTH_MISUSE("firth_blocking outside a task");
    rc = fth_task_enter(fth_current->selector);
    if (rc < 0)
        return rc;
    memset(&blocking, 0, sizeof blocking);
    blocking.job.work = work;
    blocking.job.done = done;
    blocking.job.dropped = dropped;
    blocking.task = fth_current;
    blocking.fn = fn;
    blocking.argument = argument;
    rc = fth_pool_submit(fth_current->selector, FTH_POOL_BLOCKING, &blocking.job);
    if (rc < 0)
        return rc;
    fth_task_suspend("blocking", withdraw, &blocking);
    return blocking.result;
}
