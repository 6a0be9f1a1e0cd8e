/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, cancelling and owning. Closing is in scope_close.c. */
#include "core/tasks/scope.h"
#include "core/base/assert.h"
#include "core/base/list.h"
#include "core/selector/selector.h"
#include <string.h>

static void link_child(firth_scope *parent, firth_scope *child)
{
    child->parent = parent;
    child->previous_sibling = NULL;
    child->next_sibling = parent->first_child;
    if (parent->first_child != NULL)
        parent->first_child->previous_sibling = child;
    parent->first_child = child;
    if ((parent->flags & FTH_SCOPE_CANCELLED) != 0 && (child->flags & FTH_SCOPE_SHIELD) == 0)
        child->flags |= FTH_SCOPE_CANCELLED;
}

void fth_scope_start(firth_scope *scope, firth_task *task, firth_scope *parent, const char *name, const char *place)
{
    memset(scope, 0, sizeof *scope);
    scope->task = task;
    scope->name = name;
    scope->place = place;
    scope->magic = FTH_SCOPE_MAGIC;
    scope->flags = FTH_SCOPE_OF_TASK;
    if (parent != NULL)
        link_child(parent, scope);
}

/* ---- cancelling -------------------------------------------------------------------------------------------------- */

static void mark_cancelled(firth_scope *scope)
{
    scope->flags |= FTH_SCOPE_CANCELLED;
    if (scope->task->innermost != scope)
        return;
    scope->task->cancelled = true;
    fth_task_interrupt(scope->task);
}

static bool reaches(const firth_scope *scope)
{
    return (scope->flags & (FTH_SCOPE_SHIELD | FTH_SCOPE_CANCELLED)) == 0;
}

/* The next scope below top in depth-first order, without recursion; into: whether scope's own children come next. */
static firth_scope *next_below(firth_scope *top, firth_scope *scope, bool into)
{
    if (into && scope->first_child != NULL)
        return scope->first_child;
    while (scope != top && scope->next_sibling == NULL)
        scope = scope->parent;
    return scope == top ? NULL : scope->next_sibling;
}

/* Interrupting a task runs none, so the tree stands still meanwhile. */
static void spread(firth_scope *top)
{
    firth_scope *scope = top;
    bool into = true;

    if ((top->flags & FTH_SCOPE_CANCELLED) != 0)
        return;
    mark_cancelled(top);
    while ((scope = next_below(top, scope, into)) != NULL) {
        into = reaches(scope);
        if (into)
            mark_cancelled(scope);
    }
}

void firth_scope_cancel(firth_scope *scope)
{
    if (scope == NULL || scope->magic != FTH_SCOPE_MAGIC || scope->task == NULL) {
        (void)FTH_MISUSE("firth_scope_cancel of a scope that is not open");
        return;
    }
    fth_selector_assert_thread(scope->task->selector);
    spread(scope);
}

bool firth_scope_is_cancelled(const firth_scope *scope)
{
    return (scope->flags & FTH_SCOPE_CANCELLED) != 0;
}

int firth_scope_cancel_from(firth_scope *scope)
{
    firth_selector *selector = firth_scope_selector(scope);
    fth_mailbox *mailbox;

    if (selector == NULL)
        return FTH_MISUSE("firth_scope_cancel_from of a scope that was opened outside a task");
    mailbox = &selector->mailbox;
    firth_port_lock_take(mailbox->lock);
    if (scope->next_remote == NULL) {
        scope->next_remote = mailbox->remote;
        mailbox->remote = scope;
        atomic_fetch_add(&mailbox->remote_count, 1);
    }
    firth_port_lock_give(mailbox->lock);
    if (!atomic_exchange(&mailbox->pending, true))
        selector->backend->wake(selector);
    return FIRTH_OK;
}

void fth_scope_forget_remote(firth_scope *scope)
{
    fth_mailbox *mailbox = &scope->task->selector->mailbox;
    firth_scope **link = &mailbox->remote;

    if (atomic_load(&mailbox->remote_count) == 0)
        return;
    firth_port_lock_take(mailbox->lock);
    while (*link != FTH_REMOTE_END && *link != scope)
        link = &(*link)->next_remote;
    if (*link == scope) {
        *link = scope->next_remote;
        scope->next_remote = NULL;
        atomic_fetch_sub(&mailbox->remote_count, 1);
    }
    firth_port_lock_give(mailbox->lock);
}

void fth_scopes_cancel_remote(firth_selector *selector)
{
    fth_mailbox *mailbox = &selector->mailbox;

    while (atomic_load(&mailbox->remote_count) > 0) {
        firth_scope *scope;

        firth_port_lock_take(mailbox->lock);
        scope = mailbox->remote;
        firth_port_lock_give(mailbox->lock);
        fth_scope_forget_remote(scope);
        spread(scope);
    }
}

static void expire(firth_timer *timer)
{
    firth_scope *scope = FTH_CONTAINER(timer, firth_scope, timer);

    scope->flags |= FTH_SCOPE_EXPIRED;
    spread(scope);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static int64_t deadline_of(const firth_scope_options *options, int64_t now_ns)
{
    int64_t deadline_ns = INT64_MAX;

    if (options->timeout_ms > 0)
        deadline_ns = fth_after_ms(now_ns, options->timeout_ms);
    else if (options->timeout_ms < 0)
        deadline_ns = now_ns;
    if (options->deadline_ns != 0 && options->deadline_ns < deadline_ns)
        deadline_ns = options->deadline_ns;
    return deadline_ns;
}

static void arm(firth_scope *scope, const firth_scope_options *options)
{
    int64_t now_ns = firth_now_ns();

    scope->timer.deadline_ns = deadline_of(options, now_ns);
    scope->timer.fire = expire;
    if (scope->timer.deadline_ns <= now_ns)
        scope->flags |= FTH_SCOPE_CANCELLED | FTH_SCOPE_EXPIRED;
    else if (scope->timer.deadline_ns != INT64_MAX)
        fth_timers_add(&scope->task->selector->timers, &scope->timer);
}

void firth_scope_open_at(firth_scope *scope, firth_scope *parent, const firth_scope_options *options, const char *place)
{
    firth_task *task = fth_current;

    memset(scope, 0, sizeof *scope);
    scope->place = place;
    scope->magic = FTH_SCOPE_MAGIC;
    scope->name = options != NULL && options->name != NULL ? options->name : "scope";
    if (task == NULL || parent == NULL || task->innermost != parent) {
        (void)FTH_MISUSE("firth_scope_open below a scope that is not the innermost of the calling task");
        scope->flags |= FTH_SCOPE_MISUSED | FTH_SCOPE_CANCELLED;
        if (task == NULL)
            return;
        parent = task->innermost;
    }
    scope->task = task;
    if (options != NULL && options->shield)
        scope->flags |= FTH_SCOPE_SHIELD;
    if (options != NULL && options->on_child_error == FIRTH_CHILD_ERROR_REPORT)
        scope->flags |= FTH_SCOPE_REPORT;
    link_child(parent, scope);
    if (options != NULL && (options->timeout_ms != 0 || options->deadline_ns != 0))
        arm(scope, options);
    fth_task_go_to_scope(task, scope);
}

/* ---- owning ------------------------------------------------------------------------------------------------------ */

void firth_scope_own(firth_scope *scope, firth_cleanup *node, void (*fn)(void *argument), void *argument)
{
    node->run = fn;
    node->argument = argument;
    node->next = scope->cleanups;
    scope->cleanups = node;
}

void firth_scope_disown(firth_scope *scope, firth_cleanup *node)
{
    firth_cleanup **link = &scope->cleanups;

    while (*link != NULL && *link != node)
        link = &(*link)->next;
    if (*link != NULL)
        *link = node->next;
}

firth_selector *firth_scope_selector(const firth_scope *scope)
{
    return scope->task != NULL ? scope->task->selector : NULL;
}

int firth_with_timeout(int64_t timeout_ms, int (*fn)(firth_scope *scope, void *argument), void *argument)
{
    firth_scope_options options = {.timeout_ms = timeout_ms > 0 ? timeout_ms : -1, .name = "timeout"};
    firth_scope scope;

    if (fth_current == NULL)
        return FTH_MISUSE("firth_with_timeout outside a task");
    firth_scope_open(&scope, fth_current->innermost, &options);
    return firth_scope_close(&scope, fn(&scope, argument));
}
