/* SPDX-License-Identifier: Apache-2.0 */
/* A switch from one task to another by itself, which no public call is: two tasks wake each other and suspend, as every
 * wait of a channel or a join does. */
#include "bench/micro.h"
#include "core/tasks/task.h"

enum { TURNS = 200000 };

/* The task that is suspended, to be woken by the other; NULL before the first. */
static firth_task *waiting;

static int take_turns(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    for (int i = 0; i < TURNS && !fth_task_is_cancelled(); i++) {
        firth_task *other = waiting;

        waiting = fth_current;
        if (other != NULL)
            fth_task_wake(other);
        fth_task_suspend("turn", NULL, NULL);
    }
    if (waiting != NULL)
        fth_task_wake(waiting);
    waiting = NULL;
    return FIRTH_OK;
}

int micro_switches(firth_scope *scope)
{
    firth_scope inner;
    int64_t from_ns = firth_now_ns();
    int rc = FIRTH_OK;

    waiting = NULL;
    firth_scope_open(&inner, scope, NULL);
    for (int i = 0; i < 2 && rc == FIRTH_OK; i++)
        rc = firth_spawn(&inner, take_turns, NULL, NULL);
    rc = firth_scope_close(&inner, rc);
    micro_report("switch to a task just woken, one way", firth_now_ns() - from_ns, 2 * TURNS);
    return rc;
}
