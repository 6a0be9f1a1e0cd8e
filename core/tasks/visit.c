/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at tasks: the list, how deep their stacks went, and whose guard a fault hit. */
#include "core/tasks/visit.h"
#include "core/selector/selector.h"
#include "core/tasks/scope.h"
#include <string.h>

static size_t stack_used(const firth_task *task)
{
    if (task->stack_kind == FTH_STACK_LENT)
        return 0;
    return firth_port_pages_touched(task->stack_low, task->stack_bytes);
}

static firth_task_state state_of(const firth_task *task)
{
    if (task == fth_current)
        return FIRTH_TASK_RUNNING;
    return task->stage == FTH_TASK_SUSPENDED ? FIRTH_TASK_SUSPENDED : FIRTH_TASK_READY;
}

void firth_tasks_visit(firth_selector *selector, void (*visit)(const firth_task_info *task, void *argument),
                       void *argument)
{
    firth_task *task;

    fth_selector_assert_thread(selector);
    for (task = selector->tasks_first; task != NULL; task = task->next) {
        firth_task_info info = {.name = task->name,
                                .place = task->place,
                                .waiting_for = task->waiting_for,
                                .state = state_of(task),
                                .stack_bytes = task->stack_bytes,
                                .stack_used_bytes = stack_used(task),
                                .cancelled = task->cancelled};

        visit(&info, argument);
    }
}

size_t firth_stack_used_bytes(void)
{
    return fth_current != NULL ? stack_used(fth_current) : 0;
}

/* ---- the report of an overflow, made in a signal handler: no formatting of the C library --------------------------- */

static size_t append(char *text, size_t size, size_t at, const char *piece)
{
    while (*piece != '\0' && at + 1 < size)
        text[at++] = *piece++;
    text[at] = '\0';
    return at;
}

static size_t append_number(char *text, size_t size, size_t at, size_t number)
{
    char digits[24];
    size_t i = sizeof digits - 1;

    digits[i] = '\0';
    do {
        digits[--i] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return append(text, size, at, digits + i);
}

static bool guards(const firth_selector *selector, const firth_task *task, const void *address)
{
    uintptr_t low = (uintptr_t)task->stack_low, fault = (uintptr_t)address;

    return task->stack_kind != FTH_STACK_LENT && fault < low && fault >= low - selector->stacks.guard_bytes;
}

bool fth_overflow_describe(void *argument, const void *address, char *text, size_t size)
{
    const firth_selector *selector = argument;
    const firth_task *task = selector->tasks_first;
    size_t at = 0;

    while (task != NULL && !guards(selector, task, address))
        task = task->next;
    if (task == NULL)
        return false;
    at = append(text, size, at, "firth: stack overflow in task ");
    at = append(text, size, at, task->name);
    at = append(text, size, at, " spawned at ");
    at = append(text, size, at, task->place);
    at = append(text, size, at, ", stack of ");
    at = append_number(text, size, at, task->stack_bytes);
    (void)append(text, size, at, " bytes\n");
    return true;
}
