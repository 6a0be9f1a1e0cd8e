/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of Firth cost by themselves: tasks, timers, waking from another thread; switches are in micro_switch.c,
 * channels in micro_channels.c.
 *
 *     micro [ROUNDS]
 *
 * Each line is the median of the rounds (11 without), with the least and the most. */
#include "bench/micro.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RESULTS_MAX = 32, ROUNDS_MAX = 101 };

typedef struct result {
    const char *operation;
    double ns[ROUNDS_MAX];
    unsigned rounds;
} result;

static result results[RESULTS_MAX];

void micro_report(const char *operation, int64_t duration_ns, uint64_t operations)
{
    size_t i = 0;

    while (results[i].operation != NULL && strcmp(results[i].operation, operation) != 0)
        i++;
    results[i].operation = operation;
    results[i].ns[results[i].rounds++] = (double)duration_ns / (double)operations;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static void print_results(void)
{
    for (result *each = results; each->operation != NULL; each++) {
        qsort(each->ns, each->rounds, sizeof each->ns[0], compare);
        printf("%-48s %10.1f ns   (%.1f to %.1f)\n", each->operation, each->ns[each->rounds / 2], each->ns[0],
               each->ns[each->rounds - 1]);
    }
}

/* ---- tasks ------------------------------------------------------------------------------------------------------- */

enum { YIELDS = 200000, SPAWNS = 100000 };

static int yield_often(firth_scope *scope, void *argument)
{
    int rc = FIRTH_OK;

    (void)scope;
    (void)argument;
    for (int i = 0; i < YIELDS && rc == FIRTH_OK; i++)
        rc = firth_yield();
    return rc;
}

static int do_nothing(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    return FIRTH_OK;
}

/* Between two tasks that take turns at a pipe: each wakes the other, and suspends. */
static int answer_pings(firth_scope *scope, void *argument)
{
    firth_pipe **pipes = argument;
    uint8_t byte;
    int rc;

    (void)scope;
    while ((rc = firth_read_uint8(firth_pipe_input(pipes[0]), &byte)) == FIRTH_OK)
        if ((rc = firth_write_uint8(firth_pipe_output(pipes[1]), byte)) < 0 ||
            (rc = firth_flush(firth_pipe_output(pipes[1]))) < 0)
            return rc;
    return rc == FIRTH_EOF ? FIRTH_OK : rc;
}

static int ping(firth_scope *scope, firth_pipe *const pipes[2])
{
    int64_t from_ns;
    uint8_t byte = 0;
    int rc;

    if ((rc = firth_spawn(scope, answer_pings, (void *)(uintptr_t)pipes, NULL)) < 0)
        return rc;
    from_ns = firth_now_ns();
    for (int i = 0; i < YIELDS; i++) {
        if ((rc = firth_write_uint8(firth_pipe_output(pipes[0]), 1)) < 0 ||
            (rc = firth_flush(firth_pipe_output(pipes[0]))) < 0 ||
            (rc = firth_read_uint8(firth_pipe_input(pipes[1]), &byte)) < 0)
            return rc;
    }
    micro_report("ping and pong of two tasks over pipes", firth_now_ns() - from_ns, YIELDS);
    return firth_flush_and_close(firth_pipe_output(pipes[0]));
}

static int measure_ping(firth_scope *scope)
{
    firth_pipe *pipes[2] = {NULL, NULL};
    firth_scope inner;
    int rc = firth_pipe_open(firth_scope_selector(scope), &pipes[0]);

    if (rc == FIRTH_OK)
        rc = firth_pipe_open(firth_scope_selector(scope), &pipes[1]);
    firth_scope_open(&inner, scope, NULL);
    if (rc == FIRTH_OK)
        rc = ping(&inner, pipes);
    rc = firth_scope_close(&inner, rc);
    for (int i = 0; i < 2; i++)
        if (pipes[i] != NULL)
            firth_pipe_close(pipes[i]);
    return rc;
}

int micro_tasks(firth_scope *scope)
{
    firth_scope inner;
    int64_t from_ns = firth_now_ns();
    int rc = FIRTH_OK;

    firth_scope_open(&inner, scope, NULL);
    for (int i = 0; i < 2 && rc == FIRTH_OK; i++)
        rc = firth_spawn(&inner, yield_often, NULL, NULL);
    if ((rc = firth_scope_close(&inner, rc)) < 0)
        return rc;
    micro_report("yield, one of two tasks", firth_now_ns() - from_ns, 2 * YIELDS);

    from_ns = firth_now_ns();
    for (int i = 0; i < SPAWNS && rc == FIRTH_OK; i++) {
        firth_scope_open(&inner, scope, NULL);
        rc = firth_spawn(&inner, do_nothing, NULL, NULL);
        rc = firth_scope_close(&inner, rc);
    }
    if (rc < 0)
        return rc;
    micro_report("spawn, run, join", firth_now_ns() - from_ns, SPAWNS);
    return measure_ping(scope);
}

/* ---- timers ------------------------------------------------------------------------------------------------------ */

enum { ARMINGS = 200000, MOST_PENDING = 100000 };

/* Deadlines that come in no order. */
static int64_t scattered(unsigned i, int64_t range)
{
    return (int64_t)(i * 2654435761u) % range;
}

typedef struct sleeper {
    int64_t until_ns;
} sleeper;

static int sleep_until(firth_scope *scope, void *argument)
{
    const sleeper *self = argument;

    (void)scope;
    return firth_sleep_until(self->until_ns);
}

/* Tasks that sleep, all armed when this returns. */
static int spawn_sleepers(firth_scope *scope, unsigned count, int64_t from_ns, int64_t range_ns)
{
    static sleeper sleepers[MOST_PENDING];
    int rc = FIRTH_OK;

    for (unsigned i = 0; i < count && rc == FIRTH_OK; i++) {
        sleepers[i].until_ns = from_ns + scattered(i, range_ns);
        rc = firth_spawn(scope, sleep_until, &sleepers[i], NULL);
    }
    return rc == FIRTH_OK ? firth_yield() : rc;
}

/* A deadline in the middle of the pending ones, armed and taken off again. */
static int measure_arming(firth_scope *scope, const char *what)
{
    const firth_scope_options middle = {.timeout_ms = 3600000 + 500000};
    firth_scope timed;
    int64_t from_ns = firth_now_ns();
    int rc = FIRTH_OK;

    for (int i = 0; i < ARMINGS && rc == FIRTH_OK; i++) {
        firth_scope_open(&timed, scope, &middle);
        rc = firth_scope_close(&timed, FIRTH_OK);
    }
    micro_report(what, firth_now_ns() - from_ns, ARMINGS);
    return rc;
}

static int measure_pending(firth_scope *scope, unsigned count, const char *what)
{
    firth_scope pending;
    int rc;

    firth_scope_open(&pending, scope, NULL);
    rc = spawn_sleepers(&pending, count, firth_now_ns() + (int64_t)3600 * 1000000000, (int64_t)1000 * 1000000000);
    if (rc == FIRTH_OK)
        rc = measure_arming(&pending, what);
    firth_scope_cancel(&pending);
    return firth_scope_close(&pending, rc);
}

/* All deadlines have passed when the loop looks: each is the earliest of those that are left. */
static int measure_firing(firth_scope *scope, unsigned count, const char *what)
{
    int64_t from_ns = firth_now_ns() + (int64_t)count * 5000 + 1000000;
    firth_scope due;
    int rc;

    firth_scope_open(&due, scope, NULL);
    rc = spawn_sleepers(&due, count, from_ns, 1000000);
    while (firth_now_ns() < from_ns + 1000000)
        ;
    from_ns = firth_now_ns();
    rc = firth_scope_close(&due, rc);
    micro_report(what, firth_now_ns() - from_ns, count);
    return rc;
}

int micro_timers(firth_scope *scope)
{
    static const struct {
        unsigned pending;
        const char *arming, *firing;
    } cases[] = {
        {1, "timer armed and disarmed, 1 pending", "timer fired, its task woken and ended, 1 pending"},
        {1000, "timer armed and disarmed, 1,000 pending", "timer fired, its task woken and ended, 1,000"},
        {MOST_PENDING, "timer armed and disarmed, 100,000 pending", "timer fired, its task woken and ended, 100,000"},
    };
    int rc = FIRTH_OK;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0] && rc == FIRTH_OK; i++) {
        rc = measure_pending(scope, cases[i].pending, cases[i].arming);
        if (rc == FIRTH_OK)
            rc = measure_firing(scope, cases[i].pending, cases[i].firing);
    }
    return rc;
}

/* ---- waking ------------------------------------------------------------------------------------------------------ */

enum { WAKES = 2000, PAUSE_NS = 50000 };

typedef struct waker {
    firth_selector *selector;
    int64_t posted_ns;
    int64_t waited_ns;
    atomic_uint heard;
    int rc;
} waker;

static void hear(void *argument)
{
    waker *of = argument;

    of->waited_ns += firth_now_ns() - of->posted_ns;
    atomic_fetch_add(&of->heard, 1);
}

/* Gives the loop time to fall asleep before each post. */
static void *post_often(void *argument)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    waker *of = argument;

    for (unsigned i = 0; i < WAKES && of->rc == FIRTH_OK; i++) {
        (void)nanosleep(&pause, NULL);
        of->posted_ns = firth_now_ns();
        of->rc = firth_selector_post(of->selector, hear, of);
        while (of->rc == FIRTH_OK && atomic_load(&of->heard) <= i)
            (void)sched_yield();
    }
    return NULL;
}

static int nothing(void *argument)
{
    (void)argument;
    return 0;
}

int micro_wakes(firth_scope *scope)
{
    static waker of;
    pthread_t thread;
    int64_t from_ns;
    int rc = FIRTH_OK;

    of = (waker){.selector = firth_scope_selector(scope)};
    if (pthread_create(&thread, NULL, post_often, &of) != 0)
        return FIRTH_ERR_NO_MEMORY;
    while (rc == FIRTH_OK && atomic_load(&of.heard) < WAKES)
        rc = firth_sleep(10);
    (void)pthread_join(thread, NULL);
    if (rc < 0 || of.rc < 0)
        return rc < 0 ? rc : of.rc;
    micro_report("post from another thread to a loop asleep", of.waited_ns, WAKES);

    from_ns = firth_now_ns();
    for (int i = 0; i < WAKES && rc >= 0; i++)
        rc = firth_blocking(nothing, NULL);
    micro_report("firth_blocking of nothing, there and back", firth_now_ns() - from_ns, WAKES);
    return rc;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int measure_all(firth_scope *scope, void *argument)
{
    micro_fn *const parts[] = {micro_switches, micro_tasks, micro_timers, micro_channels, micro_wakes};
    const long *rounds = argument;
    int rc = FIRTH_OK;

    for (long round = 0; round < *rounds; round++)
        for (size_t i = 0; i < sizeof parts / sizeof parts[0] && rc == FIRTH_OK; i++)
            rc = parts[i](scope);
    return rc;
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 11;
    int rc;

    if (rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: micro [ROUNDS], 1 to %d\n", (int)ROUNDS_MAX);
        return EXIT_FAILURE;
    }
    rc = firth_run(measure_all, &rounds);
    if (rc < 0)
        fprintf(stderr, "micro: %s\n", firth_error_text(rc));
    else
        print_results();
    return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
