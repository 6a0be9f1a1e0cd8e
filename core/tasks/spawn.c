/* SPDX-License-Identifier: Apache-2.0 */
/* The beginning and the end of a task. */
#include "core/base/assert.h"
#include "core/base/format.h"
#include "core/base/words.h"
#include "core/channels/write.h"
#include "core/selector/selector.h"
#include "core/tasks/scope.h"
#include "core/tasks/task.h"
#include <string.h>

/* Control blocks start at a cache line. */
enum { TASK_ALIGNMENT = 64 };

static void link_task(firth_selector *selector, firth_task *task)
{
    task->previous = selector->tasks_last;
    task->next = NULL;
    if (selector->tasks_last != NULL)
        selector->tasks_last->next = task;
    else
        selector->tasks_first = task;
    selector->tasks_last = task;
    selector->task_count++;
}

static void unlink_task(firth_selector *selector, firth_task *task)
{
    if (task->previous != NULL)
        task->previous->next = task->next;
    else
        selector->tasks_first = task->next;
    if (task->next != NULL)
        task->next->previous = task->previous;
    else
        selector->tasks_last = task->previous;
    selector->task_count--;
}

static void give_stack(firth_selector *selector, void *low, size_t bytes, fth_stack_kind kind)
{
    if (kind == FTH_STACK_POOLED)
        fth_stacks_give(&selector->stacks, low);
    else if (kind == FTH_STACK_MAPPED)
        fth_stack_unmap(&selector->stacks, low, bytes);
}

void fth_task_free(firth_task *task)
{
    firth_selector *selector = task->selector;
    void *low = task->stack_low;
    size_t bytes = task->stack_bytes;
    fth_stack_kind kind = (fth_stack_kind)task->stack_kind;

    unlink_task(selector, task);
    firth_context_forget(&task->context);
    give_stack(selector, low, bytes, kind);
}

/* A task that returns with scopes open broke a rule: in release builds they are cancelled, joined and reported. */
static int close_left_open(firth_task *task, int rc)
{
    while (task->innermost != &task->scope) {
        firth_scope *scope = task->innermost;

        fth_selector_log(task->selector, "task %s returned with the scope opened at %s still open", task->name,
                         scope->place);
#ifdef FIRTH_DEBUG
        {
            char text[256];

            fth_format(text, sizeof text, "firth: misuse: task %s returned with the scope opened at %s still open",
                       task->name, scope->place);
            firth_port_panic(text);
        }
#endif
        firth_scope_cancel(scope);
        rc = firth_scope_close(scope, rc < 0 ? rc : FIRTH_ERR_MISUSE);
    }
    return rc;
}

static void task_main(void *argument)
{
    firth_task *task = argument;
    int rc = task->fn(&task->scope, task->argument);

    rc = close_left_open(task, rc);
    rc = firth_scope_close(&task->scope, rc);
    fth_write_flush_dirty(task->selector);
    fth_scope_child_ended(&task->scope, rc);
    task->stage = FTH_TASK_ENDED;
    task->selector->ended = task;
    fth_current = NULL;
    firth_context_leave(&task->context, &task->selector->loop.context);
}

/* Finds a stack: *low and *bytes of memory, control block included. */
static int take_stack(firth_selector *selector, const firth_task_options *options, char **low, size_t *bytes,
                      fth_stack_kind *kind)
{
    *bytes = options != NULL && options->stack_bytes != 0 ? options->stack_bytes : selector->stacks.stack_bytes;
    if (*bytes < FIRTH_STACK_MINIMUM_BYTES)
        return firth_fail(FIRTH_ERR_STACK_TOO_SMALL, 0, FTH_OPTION("stack_bytes"));
    if (options != NULL && options->stack_memory != NULL) {
        if (options->stack_bytes == 0)
            return firth_fail(FIRTH_ERR_ARGUMENT, 0, FTH_OPTION("stack_memory without stack_bytes"));
        *low = options->stack_memory;
        *kind = FTH_STACK_LENT;
    } else if (*bytes == selector->stacks.stack_bytes) {
        *low = fth_stacks_take(&selector->stacks);
        *kind = FTH_STACK_POOLED;
    } else {
        *low = fth_stack_map(&selector->stacks, bytes);
        *kind = FTH_STACK_MAPPED;
    }
    return *low != NULL ? FIRTH_OK : firth_fail(FIRTH_ERR_NO_MEMORY, 0, "task stack");
}

int fth_task_start(firth_scope *scope, firth_task_fn *fn, void *argument, const firth_task_options *options,
                   const char *place)
{
    firth_selector *selector = scope->task->selector;
    fth_stack_kind kind = FTH_STACK_POOLED;
    firth_task *task;
    uintptr_t top;
    size_t bytes = 0;
    char *low = NULL;
    int rc = take_stack(selector, options, &low, &bytes, &kind);

    if (rc < 0)
        return rc;
    top = ((uintptr_t)low + bytes - sizeof *task) & ~(uintptr_t)(TASK_ALIGNMENT - 1);
    task = (firth_task *)top;
    memset(task, 0, sizeof *task);
    task->selector = selector;
    task->fn = fn;
    task->argument = argument;
    task->name = options != NULL && options->name != NULL ? options->name : "task";
    task->place = place;
    task->waiting_for = "";
    task->stack_low = low;
    task->stack_bytes = bytes;
    task->stack_kind = (uint8_t)kind;
    task->failure.step = "";
    firth_context_make(&task->context, low, (size_t)(top - (uintptr_t)low), task_main, task);
    link_task(selector, task);
    fth_scope_start(&task->scope, task, scope, task->name, place);
    fth_task_go_to_scope(task, &task->scope);
    task->stage = FTH_TASK_SUSPENDED;
    fth_task_wake(task);
    return FIRTH_OK;
}

int firth_spawn_at(firth_scope *scope, firth_task_fn *fn, void *argument, const firth_task_options *options,
                   const char *place)
{
    if (scope == NULL || fn == NULL)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "firth_spawn");
    if (scope->magic != FTH_SCOPE_MAGIC || scope->task == NULL || (scope->flags & FTH_SCOPE_SEALED) != 0)
        return FTH_MISUSE("firth_spawn in a scope that is not open");
    fth_selector_assert_thread(scope->task->selector);
    return fth_task_start(scope, fn, argument, options, place);
}
