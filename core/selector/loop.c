/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: run what is ready, ask the kernel, end what is done, fire what is due. */
#include "core/base/assert.h"
#include "core/base/failure.h"
#include "core/selector/selector.h"

FTH_THREAD_LOCAL const firth_selector *fth_turning;

void fth_selector_begin_turning(firth_selector *selector)
{
    selector->turning = true;
    selector->turned_in = fth_turning;
    fth_turning = selector;
}

void fth_selector_end_turning(firth_selector *selector)
{
    FTH_ASSERT(fth_turning == selector);
    selector->turning = false;
    fth_turning = selector->turned_in;
}

FIRTH_HOT void firth_op_complete(firth_op *op, int64_t result, int os_code, const char *step)
{
    firth_selector *selector = op->io->selector;

    FTH_ASSERT(op->state != FIRTH_SUBMIT_DONE);
    op->state = FIRTH_SUBMIT_DONE;
    op->result = result;
    op->os_code = os_code;
    op->step = step;
    if (op->done == NULL) {
        fth_task_wake(op->owner);
        return;
    }
    op->next = NULL;
    if (selector->completed_last != NULL)
        selector->completed_last->next = op;
    else
        selector->completed_first = op;
    selector->completed_last = op;
}

/* done may start new ops, and so complete none: cancel comes from elsewhere. */
static void finish_completed(firth_selector *selector)
{
    while (selector->completed_first != NULL) {
        firth_op *op = selector->completed_first;

        selector->completed_first = op->next;
        if (op->next == NULL)
            selector->completed_last = NULL;
        op->done(op);
    }
}

/* Switches into the task that fth_selector_next_task gave. It and the tasks it hands over to run until none is ready, or
 * the kernel is to be asked, or one has ended, which is freed. */
FIRTH_INLINE void run_task(firth_selector *selector, firth_task *task)
{
    fth_current = task;
    firth_context_switch(&selector->loop.context, &task->context);
    FTH_ASSERT(fth_current == NULL);
    if (selector->ended != NULL) {
        fth_task_free(selector->ended);
        selector->ended = NULL;
    }
}

FIRTH_INLINE void run_ready(firth_selector *selector)
{
    firth_task *task;

    selector->resumes = FTH_LOOP_RESUMES;
    while ((task = fth_selector_next_task(selector)) != NULL)
        run_task(selector, task);
}

static void fire_timers(firth_selector *selector)
{
    if (fth_timers_next_ns(&selector->timers) != INT64_MAX)
        fth_timers_fire(&selector->timers, fth_selector_now_ns(selector));
}

static bool has_work(const firth_selector *selector)
{
    return selector->ready_first != NULL || selector->completed_first != NULL ||
           atomic_load_explicit(&selector->mailbox.pending, memory_order_relaxed);
}

/* A turn in which something is ready already does not sleep. */
static int64_t sleep_until(const firth_selector *selector, int64_t until_ns)
{
    int64_t next_ns = fth_timers_next_ns(&selector->timers);

    if (has_work(selector))
        return 0;
    return next_ns < until_ns ? next_ns : until_ns;
}

FIRTH_INLINE void run_tasks(firth_selector *selector)
{
    FTH_ASSERT(fth_current == NULL);
    run_ready(selector);
    finish_completed(selector);
}

/* Asks without sleeping until there is something, or it has taken too long and the loop sleeps after all. */
FIRTH_NOINLINE static int spin(firth_selector *selector, int64_t until_ns)
{
    int64_t spin_until_ns = fth_selector_now_ns(selector) + (int64_t)selector->options.spin_us * 1000;
    int rc;

    if (until_ns < spin_until_ns)
        spin_until_ns = until_ns;
    do {
        rc = selector->backend->poll(selector, 0);
        if (rc < 0 || has_work(selector))
            return rc;
    } while (fth_selector_now_ns(selector) < spin_until_ns);
    return spin_until_ns < until_ns ? selector->backend->poll(selector, until_ns) : rc;
}

/* Inline, since each return behind a system call is one that processors guess wrong. */
FIRTH_INLINE int ask_kernel(firth_selector *selector, int64_t until_ns)
{
    int64_t sleep_until_ns = sleep_until(selector, until_ns);
    int rc = selector->options.spin_us > 0 && sleep_until_ns > 0 ? spin(selector, sleep_until_ns)
                                                                 : selector->backend->poll(selector, sleep_until_ns);

    /* What has completed wins over a deadline that passed at the same time. */
    finish_completed(selector);
    fth_mailbox_deliver(selector);
    fire_timers(selector);
    /* What posts and deadlines have cancelled. */
    finish_completed(selector);
    return rc;
}

/* FIRTH_OK if the caller may run the loop now. */
static int enter_loop(firth_selector *selector)
{
    if (fth_current != NULL || selector->turning || selector->thread != firth_port_thread_id())
        return FTH_MISUSE("the loop of a selector, run from a task, a post or another thread");
    fth_selector_begin_turning(selector);
    fth_mailbox_deliver(selector);
    return FIRTH_OK;
}

FIRTH_HOT int fth_selector_run_while(firth_selector *selector, bool (*busy)(const firth_selector *selector))
{
    int rc = FIRTH_OK;

    while (busy(selector) && rc >= 0) {
        run_tasks(selector);
        /* With the last of it gone there may be nothing that would ever wake the poll. */
        if (busy(selector))
            rc = ask_kernel(selector, INT64_MAX);
    }
    return rc;
}

bool fth_selector_has_tasks(const firth_selector *selector)
{
    return selector->task_count > 0;
}

/* The first error of a task of the root scope, told once; what it knows of it becomes the thread's. */
static int take_root_error(firth_selector *selector)
{
    firth_failure *why = &selector->loop.failure;
    int rc = selector->loop.scope.error;

    selector->loop.scope.error = 0;
    if (rc >= 0)
        return FIRTH_OK;
    return why->code == rc ? fth_failure_to_caller(why) : firth_fail(rc, 0, "task");
}

FIRTH_HOT int firth_selector_run(firth_selector *selector)
{
    int rc = enter_loop(selector);

    if (rc < 0)
        return rc;
    rc = fth_selector_run_while(selector, fth_selector_has_tasks);
    fth_selector_end_turning(selector);
    return rc < 0 ? rc : take_root_error(selector);
}

int firth_selector_poll(firth_selector *selector, int64_t timeout_ms)
{
    int64_t until_ns = timeout_ms == 0 ? 0 : INT64_MAX;
    int rc = enter_loop(selector);

    if (rc < 0)
        return rc;
    if (timeout_ms > 0)
        until_ns = fth_after_ms(fth_selector_now_ns(selector), timeout_ms);
    run_tasks(selector);
    rc = ask_kernel(selector, until_ns);
    run_ready(selector);
    fth_selector_end_turning(selector);
    if (rc < 0)
        return rc;
    return selector->task_count < INT32_MAX ? (int)selector->task_count : INT32_MAX;
}

int64_t firth_selector_timeout_ms(firth_selector *selector)
{
    int64_t until_ns = sleep_until(selector, INT64_MAX), now_ns;

    if (until_ns == INT64_MAX)
        return -1;
    now_ns = fth_selector_now_ns(selector);
    return until_ns <= now_ns ? 0 : (until_ns - now_ns + 999999) / 1000000;
}

int64_t firth_selector_deadline_ns(const firth_selector *selector)
{
    return sleep_until(selector, INT64_MAX);
}

int firth_selector_pollable(firth_selector *selector, intptr_t *descriptor)
{
    if ((selector->backend->capabilities & FIRTH_CAN_POLLABLE) == 0)
        return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "pollable descriptor");
    return selector->backend->pollable(selector, descriptor);
}
