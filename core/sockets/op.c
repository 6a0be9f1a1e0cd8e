/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sockets/op.h"
#include "core/base/assert.h"
#include "core/base/list.h"
#include "core/selector/selector.h"
#include <string.h>

void fth_op_cancel(firth_op *op)
{
    if (op->state != FIRTH_SUBMIT_PENDING)
        return;
    op->state = FTH_OP_ENDING;
    op->io->selector->backend->cancel(op);
}

static void cancel_waiting(firth_task *task)
{
    fth_op_cancel(task->waiting);
}

typedef struct idle_timer {
    firth_timer timer;
    firth_task *task;
    bool fired;
} idle_timer;

/* Like a cancel from outside, so that whichever comes first is the only one. */
static void idle_fired(firth_timer *timer)
{
    idle_timer *idle = FTH_CONTAINER(timer, idle_timer, timer);

    idle->fired = true;
    fth_task_interrupt(idle->task);
}

FIRTH_NOINLINE static void suspend_idle(firth_op *op, const char *waiting_for, uint32_t idle_ms)
{
    firth_task *task = op->owner;
    idle_timer idle;

    memset(&idle, 0, sizeof idle);
    idle.task = task;
    idle.timer.deadline_ns = fth_after_ms(firth_now_ns(), idle_ms);
    idle.timer.fire = idle_fired;
    fth_timers_add(&task->selector->timers, &idle.timer);
    fth_task_suspend(waiting_for, cancel_waiting, op);
    fth_timers_remove(&task->selector->timers, &idle.timer);
    if (idle.fired && op->result == FIRTH_ERR_CANCELED) {
        op->result = FIRTH_ERR_TIMED_OUT;
        op->step = "idle timeout";
    }
}

int64_t fth_op_failed(const firth_op *op, const char *waiting_for)
{
    return firth_fail((int)op->result, op->os_code, op->step != NULL ? op->step : waiting_for);
}

FIRTH_HOT void fth_op_suspend(firth_op *op, const char *waiting_for, uint32_t idle_ms)
{
    if (idle_ms > 0)
        suspend_idle(op, waiting_for, idle_ms);
    else
        fth_task_suspend(waiting_for, cancel_waiting, op);
}
