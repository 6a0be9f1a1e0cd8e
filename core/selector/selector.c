/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing a selector. */
#include "core/selector/selector.h"
#include "core/base/assert.h"
#include "core/base/format.h"
#include "core/base/words.h"
#include "core/selector/pool.h"
#include "core/tasks/scope.h"
#include "core/tasks/visit.h"
#include <stdio.h>
#include <string.h>

/* ---- options ----------------------------------------------------------------------------------------------------- */

/* A build for a small machine has smaller defaults. */
#ifndef FIRTH_STACK_BYTES
#define FIRTH_STACK_BYTES (sizeof(void *) >= 8 ? 65536 : 32768)
#endif
#ifndef FIRTH_BLOCK_BYTES
#define FIRTH_BLOCK_BYTES 16384
#endif
#ifndef FIRTH_BLOCK_CACHE
#define FIRTH_BLOCK_CACHE 64
#endif

static void *default_allocate(void *argument, size_t bytes)
{
    (void)argument;
    return firth_port_allocate(bytes);
}

static void default_release(void *argument, void *memory)
{
    (void)argument;
    firth_port_release(memory);
}

void firth_selector_options_init(firth_selector_options *options, size_t struct_bytes)
{
    const firth_selector_options defaults = {
        .struct_bytes = struct_bytes,
        .stack_bytes = FIRTH_STACK_BYTES,
        .stack_cache = 1024,
        .block_bytes = FIRTH_BLOCK_BYTES,
        .block_cache = FIRTH_BLOCK_CACHE,
        .bulk_bytes = sizeof(void *) >= 8 ? 262144 : 0,
        .blocking_threads = 8,
        .resolver_threads = 32,
        .overflow_report = true,
        .allocate = default_allocate,
        .release = default_release,
    };

    memset(options, 0, struct_bytes);
    memcpy(options, &defaults, struct_bytes < sizeof defaults ? struct_bytes : sizeof defaults);
}

/* Fills *full with the caller's options, which may be of an older, shorter struct. */
static int read_options(firth_selector_options *full, const firth_selector_options *given)
{
    firth_selector_options_init(full, sizeof *full);
    if (given != NULL && given->struct_bytes < offsetof(firth_selector_options, stack_bytes))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, FTH_OPTION("struct_bytes"));
    if (given != NULL)
        memcpy(full, given, given->struct_bytes < sizeof *full ? given->struct_bytes : sizeof *full);
    full->struct_bytes = sizeof *full;
    if (full->backend == NULL)
        full->backend = firth_backend_at(0);
    /* A clock of the backend's own may stand still until somebody waits, and a spin would never end.
     * Test: a_loop_that_spins_ends_where_time_passes_only_in_a_wait. */
    if (full->backend->now_ns != NULL)
        full->spin_us = 0;
    if (full->stack_bytes == 0)
        full->stack_bytes = FIRTH_STACK_BYTES;
    if (full->block_bytes == 0)
        full->block_bytes = FIRTH_BLOCK_BYTES;
    if (full->allocate == NULL || full->release == NULL) {
        full->allocate = default_allocate;
        full->release = default_release;
    }
    if (full->block_bytes < 512 || full->block_bytes > 1024 * 1024)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, FTH_OPTION("block_bytes"));
    if (full->bulk_bytes > 16 * 1024 * 1024)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, FTH_OPTION("bulk_bytes"));
    if (full->stack_bytes < FIRTH_STACK_MINIMUM_BYTES)
        return firth_fail(FIRTH_ERR_STACK_TOO_SMALL, 0, FTH_OPTION("stack_bytes"));
    if (full->stack_bytes > SIZE_MAX / 256)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, FTH_OPTION("stack_bytes"));
    return FIRTH_OK;
}

/* ---- memory, backend, log ---------------------------------------------------------------------------------------- */

void *firth_selector_allocate(firth_selector *selector, size_t bytes)
{
    void *memory = selector->options.allocate(selector->options.allocate_argument, bytes);

    if (memory != NULL)
        memset(memory, 0, bytes);
    return memory;
}

void firth_selector_release(firth_selector *selector, void *memory)
{
    if (memory != NULL)
        selector->options.release(selector->options.allocate_argument, memory);
}

FIRTH_HOT void *firth_selector_state(const firth_selector *selector)
{
    return selector->state;
}

void firth_selector_set_state(firth_selector *selector, void *state)
{
    selector->state = state;
}

void *firth_selector_backend_argument(const firth_selector *selector)
{
    return selector->options.backend_argument;
}

const char *firth_selector_backend_name(const firth_selector *selector)
{
    return selector->backend->name;
}

const firth_backend *firth_backend_find(const char *name)
{
    size_t i = 0;

    while (firth_backend_at(i) != NULL && strcmp(firth_backend_at(i)->name, name) != 0)
        i++;
    return firth_backend_at(i);
}

firth_scope *firth_selector_scope(firth_selector *selector)
{
    return &selector->loop.scope;
}

void fth_selector_log(const firth_selector *selector, const char *format, ...)
{
    char line[240];
    va_list arguments;

    if (selector->options.log == NULL)
        return;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    selector->options.log(selector->options.log_argument, line);
}

#ifdef FIRTH_DEBUG
void fth_selector_assert_thread(const firth_selector *selector)
{
    if (selector->thread != firth_port_thread_id())
        (void)FTH_MISUSE("a call from another thread than the selector's");
}
#endif

void fth_selector_bury(firth_selector *selector, void *handle)
{
#ifdef FIRTH_DEBUG
    void **grave = &selector->graves[selector->grave_next++ % (sizeof selector->graves / sizeof selector->graves[0])];

    firth_selector_release(selector, *grave);
    *grave = handle;
#else
    firth_selector_release(selector, handle);
#endif
}

/* ---- open -------------------------------------------------------------------------------------------------------- */

static void open_parts(firth_selector *selector)
{
    const firth_selector_options *options = &selector->options;

    selector->backend = options->backend;
    selector->thread = firth_port_thread_id();
    fth_blocks_open(&selector->blocks, selector, options);
    fth_stacks_open(&selector->stacks, selector, options->stack_bytes, options->stack_cache);
    fth_opened_init(&selector->opened);
    fth_opened_init(&selector->leaving);
    firth_context_of_thread(&selector->loop.context);
    selector->loop.selector = selector;
    selector->loop.name = "loop";
    selector->loop.stage = FTH_TASK_RUNNING;
    fth_scope_start(&selector->loop.scope, &selector->loop, NULL, "selector", "?");
    selector->loop.scope.flags |= FTH_SCOPE_OF_TASK;
    fth_task_go_to_scope(&selector->loop, &selector->loop.scope);
}

int firth_selector_open(firth_selector **selector, const firth_selector_options *options)
{
    firth_selector_options full;
    firth_selector *opened;
    int rc = read_options(&full, options);

    *selector = NULL;
    if (rc < 0)
        return rc;
    opened = full.allocate(full.allocate_argument, sizeof *opened);
    if (opened == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "firth_selector_open");
    memset(opened, 0, sizeof *opened);
    opened->options = full;
    open_parts(opened);
    rc = fth_mailbox_open(&opened->mailbox);
    if (rc >= 0) {
        rc = opened->backend->open(opened);
        if (rc < 0)
            fth_mailbox_close(&opened->mailbox);
    }
    if (rc < 0) {
        full.release(full.allocate_argument, opened);
        return rc;
    }
    if (full.overflow_report) {
        opened->overflow.describe = fth_overflow_describe;
        opened->overflow.argument = opened;
        /* A program without the report dies of an overflow as well, only with less to say. */
        if (firth_port_overflow_watch(&opened->overflow) < 0)
            opened->overflow.describe = NULL;
    }
    *selector = opened;
    return FIRTH_OK;
}

/* ---- close ------------------------------------------------------------------------------------------------------- */

#ifndef FIRTH_NO_STEPS
static void log_task(const firth_task_info *task, void *argument)
{
    fth_selector_log(argument, "still open: task %s spawned at %s%s%s", task->name, task->place,
                     task->waiting_for[0] != '\0' ? ", suspended in " : "", task->waiting_for);
}
#endif

static bool list_open(firth_selector *selector)
{
    fth_opened *opened = selector->opened.next;
    bool any = fth_selector_has_tasks(selector) || opened != &selector->opened;

#ifndef FIRTH_NO_STEPS
    firth_tasks_visit(selector, log_task, selector);
    for (; opened != &selector->opened; opened = opened->next)
        fth_selector_log(selector, "still open: %s opened at %s", opened->kind->name, opened->place);
#endif
    return any;
}

/* Tasks first, since what they own is closed by them; then the rest is abandoned, and the kernel may need a turn to let
 * go of it. */
static bool has_open(const firth_selector *selector)
{
    return selector->opened.next != &selector->opened || selector->leaving.next != &selector->leaving;
}

static bool has_pools(const firth_selector *selector)
{
#ifdef FIRTH_NO_THREADS
    (void)selector;
#else
    int kind;

    for (kind = 0; kind < FTH_POOLS; kind++)
        if (selector->pools[kind] != NULL)
            return true;
#endif
    return false;
}

/* Posts run first, and may spawn, open and post again; with the pools gone nobody else does. */
static bool has_any(const firth_selector *selector)
{
    return fth_selector_has_tasks(selector) || has_open(selector) || has_pools(selector) ||
           atomic_load(&selector->mailbox.pending);
}

static void end_some(firth_selector *selector)
{
    fth_opened *opened, *next;

    fth_mailbox_deliver(selector);
    (void)fth_selector_run_while(selector, fth_selector_has_tasks);
    for (opened = selector->opened.next; opened != &selector->opened; opened = next) {
        next = opened->next;
        opened->kind->abandon(opened);
    }
    (void)fth_selector_run_while(selector, has_open);
    fth_pool_close(selector);
    /* What threads have still they free when it is done; what they had just finished comes by a post. */
    selector->names.first = NULL;
    selector->names.abandoned = 0;
    selector->names.is_watched = false;
}

static void free_parts(firth_selector *selector)
{
    void (*release)(void *argument, void *memory) = selector->options.release;
    void *argument = selector->options.allocate_argument;

    if (selector->overflow.describe != NULL)
        firth_port_overflow_forget(&selector->overflow);
    selector->backend->close(selector);
    fth_mailbox_close(&selector->mailbox);
    fth_blocks_close(&selector->blocks);
    fth_stacks_close(&selector->stacks);
#ifdef FIRTH_DEBUG
    for (size_t i = 0; i < sizeof selector->graves / sizeof selector->graves[0]; i++)
        firth_selector_release(selector, selector->graves[i]);
#endif
    release(argument, selector);
}

int firth_selector_close(firth_selector *selector)
{
    bool any;

    if (selector == NULL)
        return FIRTH_OK;
    if (fth_current != NULL || selector->turning || selector->thread != firth_port_thread_id())
        return FTH_MISUSE("firth_selector_close from a task, a post or another thread");
    fth_mailbox_deliver(selector);
    any = list_open(selector);
    fth_selector_begin_turning(selector);
    firth_scope_cancel(&selector->loop.scope);
    while (has_any(selector))
        end_some(selector);
    fth_selector_end_turning(selector);
    free_parts(selector);
    return any ? firth_fail(FIRTH_ERR_STILL_OPEN, 0, "firth_selector_close") : FIRTH_OK;
}
