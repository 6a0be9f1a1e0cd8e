/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tasks/task.h"
#include "core/base/assert.h"
#include "core/base/list.h"
#include "core/channels/write.h"
#include "core/selector/selector.h"
#include "core/tasks/scope.h"
#include <string.h>

FTH_THREAD_LOCAL firth_task *fth_current;

int64_t firth_now_ns(void)
{
    return fth_turning != NULL ? fth_selector_now_ns(fth_turning) : firth_port_now_ns();
}

firth_scope *firth_scope_current(void)
{
    return fth_current != NULL ? fth_current->innermost : NULL;
}

static void make_ready(firth_task *task)
{
    firth_selector *selector = task->selector;

    task->stage = FTH_TASK_READY;
    task->next_ready = NULL;
    if (selector->ready_last != NULL)
        selector->ready_last->next_ready = task;
    else
        selector->ready_first = task;
    selector->ready_last = task;
}

FIRTH_HOT void fth_task_wake(firth_task *task)
{
    FTH_ASSERT(task->stage == FTH_TASK_SUSPENDED);
    task->cancel = NULL;
    make_ready(task);
}

void fth_task_interrupt(firth_task *task)
{
    void (*cancel)(firth_task * task) = task->cancel;

    if (task->stage != FTH_TASK_SUSPENDED || cancel == NULL)
        return;
    task->cancel = NULL;
    cancel(task);
}

/* Leaves the running task, which is set aside or at the end of the queue, for the next one that is ready; for the loop
 * when there is none, or when it is the kernel's turn. There is no way by the loop from task to task: that would be two
 * switches. */
static void leave(firth_task *task)
{
    firth_selector *selector = task->selector;
    firth_task *next = fth_selector_next_task(selector);
    firth_context *to = &selector->loop.context;

    fth_current = next;
    if (next == task)
        return;
    if (next != NULL)
        to = &next->context;
    firth_context_switch(&task->context, to);
}

bool fth_task_is_cancelled(void)
{
    return fth_current->cancelled;
}

FIRTH_HOT void fth_task_suspend(const char *waiting_for, void (*cancel)(firth_task *task), void *waiting)
{
    firth_task *task = fth_current;

    FTH_ASSERT(task != NULL && task->stage == FTH_TASK_RUNNING);
    task->stage = FTH_TASK_SUSPENDED;
    task->waiting_for = waiting_for;
    task->cancel = cancel;
    task->waiting = waiting;
    fth_write_flush_dirty(task->selector);
    /* Cancelled since the call began, while the task was ready to run and nothing was there to interrupt. */
    if (cancel != NULL && fth_task_is_cancelled())
        fth_task_interrupt(task);
    leave(task);
    task->waiting_for = "";
}

int fth_task_canceled(void)
{
    return firth_fail(FIRTH_ERR_CANCELED, 0, "scope");
}

/* Goes to the end of the queue. */
static void give_way(firth_task *task)
{
    task->stage = FTH_TASK_SUSPENDED;
    task->waiting_for = "yield";
    task->cancel = NULL;
    fth_write_flush_dirty(task->selector);
    make_ready(task);
    leave(task);
    task->waiting_for = "";
}

FIRTH_HOT int fth_task_enter(const firth_selector *selector)
{
    firth_task *task = fth_current;

    if (task == NULL)
        return FTH_MISUSE("a call that may suspend, outside a task");
    if (task->selector != selector)
        return FTH_MISUSE("a call on a handle of another selector");
    if (fth_task_is_cancelled())
        return fth_task_canceled();
    if (task->budget == 0) {
        fth_selector_count_budget(task->selector);
        give_way(task);
        if (fth_task_is_cancelled())
            return fth_task_canceled();
    }
    task->budget--;
    return FIRTH_OK;
}

int firth_yield(void)
{
    int rc;

    if (fth_current == NULL)
        return FTH_MISUSE("firth_yield outside a task");
    fth_current->budget = FTH_TASK_BUDGET;
    rc = fth_task_enter(fth_current->selector);
    if (rc < 0)
        return rc;
    give_way(fth_current);
    return fth_task_is_cancelled() ? fth_task_canceled() : FIRTH_OK;
}

/* ---- waiting for a wake, a time or a cancel ---------------------------------------------------------------------- */

typedef struct parking {
    firth_timer timer;
    firth_task *task;
    int result;
} parking;

static void parking_timed_out(firth_timer *timer)
{
    parking *place = FTH_CONTAINER(timer, parking, timer);

    /* Woken in the same turn of the loop, and not resumed yet: the wake was first. */
    if (place->task->stage != FTH_TASK_SUSPENDED)
        return;
    place->result = FIRTH_ERR_TIMED_OUT;
    fth_task_wake(place->task);
}

static void parking_canceled(firth_task *task)
{
    parking *place = task->waiting;

    place->result = FIRTH_ERR_CANCELED;
    fth_task_wake(task);
}

int fth_task_park(const char *waiting_for, int64_t deadline_ns)
{
    parking place;

    memset(&place, 0, sizeof place);
    place.task = fth_current;
    place.timer.deadline_ns = deadline_ns;
    place.timer.fire = parking_timed_out;
    if (deadline_ns != INT64_MAX)
        fth_timers_add(&place.task->selector->timers, &place.timer);
    fth_task_suspend(waiting_for, parking_canceled, &place);
    fth_timers_remove(&place.task->selector->timers, &place.timer);
    return place.result;
}

int firth_sleep_until(int64_t deadline_ns)
{
    int rc;

    if (fth_current == NULL)
        return FTH_MISUSE("firth_sleep outside a task");
    rc = fth_task_enter(fth_current->selector);
    if (rc < 0)
        return rc;
    rc = fth_task_park("sleep", deadline_ns);
    return rc == FIRTH_ERR_CANCELED ? fth_task_canceled() : FIRTH_OK;
}

int firth_sleep(int64_t duration_ms)
{
    if (duration_ms <= 0)
        return firth_yield();
    return firth_sleep_until(fth_after_ms(firth_now_ns(), duration_ms));
}
