/* SPDX-License-Identifier: Apache-2.0 */
/* Failures inside a task: noted and printed where they happen, asserted by cmocka on the main stack. */
#include "tests/support/internal.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_size_t failures;

size_t support_failures(void)
{
    return atomic_load(&failures);
}

void support_failures_forget(void)
{
    atomic_store(&failures, 0);
}

static void explain_last_failure(void)
{
    const firth_failure *last = firth_last_failure();

    if (last->code < 0)
        fprintf(stderr, "    the last call that failed: %s in %s (system code %d)\n", firth_error_name(last->code),
                last->step, last->os_code);
    support_random_report();
}

int support_failed(const char *file, int line, const char *what)
{
    atomic_fetch_add(&failures, 1);
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    explain_last_failure();
    return FIRTH_ERR_USER;
}

/* Codes are easier to read by name; a number that is none is just a number. */
static void print_value(int64_t value)
{
    const char *name = value < 0 ? firth_error_name(value) : "FIRTH_ERR_?";

    if (strcmp(name, "FIRTH_ERR_?") == 0)
        fprintf(stderr, "%" PRId64, value);
    else
        fprintf(stderr, "%" PRId64 " (%s)", value, name);
}

int support_differs(const char *file, int line, const char *what, int64_t actual, int64_t expected)
{
    atomic_fetch_add(&failures, 1);
    fprintf(stderr, "%s:%d: %s is ", file, line, what);
    print_value(actual);
    fputs(", expected ", stderr);
    print_value(expected);
    fputc('\n', stderr);
    explain_last_failure();
    return FIRTH_ERR_USER;
}
