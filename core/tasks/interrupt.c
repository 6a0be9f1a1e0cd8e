/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl-C as the cancellation of a scope. */
#include "core/tasks/interrupt.h"
#include "core/selector/selector.h"
#include "core/tasks/scope.h"

/* Owned by the scope it cancels; the list belongs to the loop, only `came` to the handler as well. */
struct fth_interrupt {
    firth_port_interrupt port;
    firth_cleanup cleanup;
    firth_scope *scope;
    firth_selector *selector;
    fth_interrupt *next;
    atomic_int came;
};

/* In a signal handler, or on another thread: no lock, no allocation. */
static void notify(void *argument)
{
    fth_interrupt *interrupt = argument;

    atomic_store(&interrupt->came, true);
    if (!atomic_exchange(&interrupt->selector->mailbox.pending, true))
        interrupt->selector->backend->wake(interrupt->selector);
}

void fth_interrupts_deliver(firth_selector *selector)
{
    fth_interrupt *interrupt;

    for (interrupt = selector->interrupts; interrupt != NULL; interrupt = interrupt->next)
        if (atomic_exchange(&interrupt->came, false))
            firth_scope_cancel(interrupt->scope);
}

static void forget(void *argument)
{
    fth_interrupt *interrupt = argument;
    firth_selector *selector = interrupt->selector;
    fth_interrupt **link = &selector->interrupts;

    firth_port_interrupt_forget(&interrupt->port);
    while (*link != interrupt)
        link = &(*link)->next;
    *link = interrupt->next;
    firth_selector_release(selector, interrupt);
}

static void fail_scope(firth_scope *scope, int rc)
{
    if (scope->error == 0)
        scope->error = rc;
    firth_scope_cancel(scope);
}

void firth_scope_cancel_on_interrupt(firth_scope *scope)
{
    firth_selector *selector = scope->task->selector;
    fth_interrupt *interrupt = firth_selector_allocate(selector, sizeof *interrupt);
    int rc;

    if (interrupt == NULL) {
        fail_scope(scope, firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_scope_cancel_on_interrupt"));
        return;
    }
    interrupt->port.notify = notify;
    interrupt->port.argument = interrupt;
    interrupt->scope = scope;
    interrupt->selector = selector;
    atomic_init(&interrupt->came, false);
    rc = firth_port_interrupt_watch(&interrupt->port);
    if (rc < 0) {
        firth_selector_release(selector, interrupt);
        fail_scope(scope, firth_fail(rc, 0, "firth_scope_cancel_on_interrupt"));
        return;
    }
    interrupt->next = selector->interrupts;
    selector->interrupts = interrupt;
    firth_scope_own(scope, &interrupt->cleanup, forget, interrupt);
}
