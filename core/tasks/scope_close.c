/* SPDX-License-Identifier: Apache-2.0 */
/* Joining the children, cleaning up, and what it all came to. */
#include "core/base/assert.h"
#include "core/base/failure.h"
#include "core/base/format.h"
#include "core/selector/selector.h"
#include "core/tasks/scope.h"

static void unlink_child(firth_scope *child)
{
    if (child->previous_sibling != NULL)
        child->previous_sibling->next_sibling = child->next_sibling;
    else
        child->parent->first_child = child->next_sibling;
    if (child->next_sibling != NULL)
        child->next_sibling->previous_sibling = child->previous_sibling;
}

/* What a child's result does to the scope it was spawned in. */
static void take_result(firth_scope *scope, const firth_scope *child, int rc)
{
    if (rc == FIRTH_ERR_CANCELED)
        scope->flags |= FTH_SCOPE_CAUGHT;
    if (rc >= 0 || rc == FIRTH_ERR_CANCELED)
        return;
    if ((scope->flags & FTH_SCOPE_REPORT) != 0) {
        fth_selector_log(scope->task->selector, "task %s spawned at %s in %s: %s: %s", child->name, child->place,
                         scope->name, firth_error_name(rc), firth_error_text(rc));
        return;
    }
    if (scope->error == 0) {
        scope->error = rc;
        /* What the child knows of it is what its parent will want to tell. */
        if (child->task->failure.code == rc)
            (void)fth_failure_pass(&scope->task->failure, &child->task->failure);
    }
    if (scope->parent != NULL)
        firth_scope_cancel(scope);
}

void fth_scope_child_ended(firth_scope *child, int rc)
{
    firth_scope *parent = child->parent;

    unlink_child(child);
    take_result(parent, child, rc);
    if ((parent->flags & FTH_SCOPE_JOINING) != 0 && parent->first_child == NULL &&
        parent->task->stage == FTH_TASK_SUSPENDED)
        fth_task_wake(parent->task);
}

/* More than once: between the end of the last child and the turn of this task another one may spawn into the scope,
 * which is open still. Test: a_child_spawned_while_the_scope_is_about_to_close_is_joined_too. */
static void join(firth_scope *scope)
{
    while (scope->first_child != NULL) {
        scope->flags |= FTH_SCOPE_JOINING;
        fth_task_suspend("join", NULL, NULL);
        scope->flags &= (uint16_t)~FTH_SCOPE_JOINING;
    }
    scope->flags |= FTH_SCOPE_SEALED;
    FTH_ASSERT(scope->first_child == NULL);
}

static void clean_up(firth_scope *scope)
{
    while (scope->cleanups != NULL) {
        firth_cleanup *node = scope->cleanups;

        scope->cleanups = node->next;
        node->run(node->argument);
    }
}

static bool outer_is_cancelled(const firth_scope *scope)
{
    return (scope->flags & FTH_SCOPE_SHIELD) == 0 && scope->parent != NULL &&
           (scope->parent->flags & FTH_SCOPE_CANCELLED) != 0;
}

/* The order is told in scope.h, at firth_scope_close. */
static int result_of(const firth_scope *scope, int rc)
{
    bool ended_early = rc == FIRTH_ERR_CANCELED || (scope->flags & FTH_SCOPE_CAUGHT) != 0;

    if (scope->error != 0)
        return firth_last_failure()->code == scope->error ? scope->error : firth_fail(scope->error, 0, scope->name);
    if (rc < 0 && rc != FIRTH_ERR_CANCELED)
        return rc;
    if (ended_early && outer_is_cancelled(scope))
        return FIRTH_ERR_CANCELED;
    if (ended_early && (scope->flags & FTH_SCOPE_EXPIRED) != 0)
        return firth_fail(FIRTH_ERR_TIMED_OUT, 0, scope->name);
    return rc < 0 ? FIRTH_OK : rc;
}

/* A scope that was opened outside a task was never linked anywhere; what it owns is cleaned up even so. */
static int close_misused(firth_scope *scope)
{
    clean_up(scope);
    scope->magic = 0;
    return firth_fail(FIRTH_ERR_MISUSE, 0, "firth_scope_open");
}

int firth_scope_close(firth_scope *scope, int rc)
{
    firth_task *task = fth_current;

    if (scope != NULL && scope->magic == FTH_SCOPE_MAGIC && scope->task == NULL)
        return close_misused(scope);
    if (scope == NULL || scope->magic != FTH_SCOPE_MAGIC || task == NULL || task->innermost != scope)
        return FTH_MISUSE("firth_scope_close of a scope that is not the innermost of the calling task");
    if (rc < 0)
        firth_scope_cancel(scope);
    join(scope);
    fth_timers_remove(&task->selector->timers, &scope->timer);
    clean_up(scope);
    fth_scope_forget_remote(scope);
    rc = (scope->flags & FTH_SCOPE_MISUSED) != 0 ? firth_fail(FIRTH_ERR_MISUSE, 0, "firth_scope_open")
                                                 : result_of(scope, rc);
    scope->magic = 0;
    if ((scope->flags & FTH_SCOPE_OF_TASK) == 0) {
        fth_task_go_to_scope(task, scope->parent);
        unlink_child(scope);
    }
    return rc;
}
