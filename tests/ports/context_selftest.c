/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of the context switch as a program that needs nothing but the C library: scripts/test.d/arch.sh runs it on
 * emulated processors. With the argument "time" it measures instead. */
#include "tests/ports/context_checks.h"
#include "tests/ports/flow.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void suspend_until_told(flow *self)
{
    while (self->good)
        firth_context_switch(&self->self, self->caller);
}

static void do_nothing(flow *self)
{
    (void)self;
}

/* Nanoseconds a switch takes, and to make a context on a warm stack, run it and have it leave. */
static void measure(double *switch_ns, double *spawn_ns)
{
    enum { rounds = 10 * 1000 * 1000 };
    firth_context thread;
    void *stack = stacks_open(1);
    flow other = {0};
    double start;

    firth_context_of_thread(&thread);
    flow_make(&other, &thread, stack, suspend_until_told);
    flow_resume(&other);
    start = now_ns();
    for (int i = 0; i < rounds; i++)
        firth_context_switch(&thread, &other.self);
    *switch_ns = (now_ns() - start) / rounds / 2;
    other.good = false;
    flow_resume(&other);

    start = now_ns();
    for (int i = 0; i < rounds; i++) {
        flow_make(&other, &thread, stack, do_nothing);
        flow_resume(&other);
    }
    *spawn_ns = (now_ns() - start) / rounds;
    stacks_close(stack, 1);
}

static int report_times(void)
{
    double switch_ns, spawn_ns;

    measure(&switch_ns, &spawn_ns);
    printf("%s: %.2f ns a switch, %.2f ns to make a context, enter and leave it\n", firth_context_name(), switch_ns,
           spawn_ns);
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0;

    if (argc > 1 && strcmp(argv[1], "time") == 0)
        return report_times();
    for (size_t i = 0; i < context_check_count; i++)
        if (!context_checks[i].holds()) {
            printf("failed: %s\n", context_checks[i].name);
            failed++;
        }
    printf("%s: %zu checks, %d failed\n", firth_context_name(), context_check_count, failed);
    return failed != 0;
}
