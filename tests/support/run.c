/* SPDX-License-Identifier: Apache-2.0 */
/* Running bodies as tasks, and programs of tests. */
#include "tests/support/internal.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { DESCRIPTORS_LIMIT_MS = 5000 };

const firth_backend *support_backend(void)
{
    const char *name = getenv("FIRTH_TEST_BACKEND");
    const firth_backend *backend = name == NULL || name[0] == '\0' ? firth_backend_at(0) : firth_backend_find(name);

    if (backend == NULL) {
        fprintf(stderr, "FIRTH_TEST_BACKEND=%s is not linked into this build\n", name == NULL ? "" : name);
        exit(2);
    }
    return backend;
}

bool support_backend_is(const char *name)
{
    return support_backend() == firth_backend_find(name);
}

static void fill_in(firth_selector_options *options)
{
    options->backend = support_backend();
    options->allocate = support_allocate;
    options->release = support_release;
    options->allocate_argument = NULL;
}

firth_selector_options support_options(void)
{
    firth_selector_options options = firth_selector_defaults();

    fill_in(&options);
    options.log = support_log_line;
    return options;
}

static int run(const firth_selector_options *options, firth_task_fn *body, void *argument, int *closed)
{
    firth_selector *selector;
    int rc = firth_selector_open(&selector, options);

    *closed = FIRTH_OK;
    if (rc < 0)
        return rc;
    rc = firth_spawn(firth_selector_scope(selector), body, argument, NULL);
    if (rc >= 0)
        rc = firth_selector_run(selector);
    *closed = firth_selector_close(selector);
    return rc;
}

static void explain(int rc, int closed)
{
    if (rc < 0)
        fprintf(stderr, "the body came to %s: %s\n", firth_error_name(rc), firth_error_text(rc));
    if (closed < 0)
        fprintf(stderr, "closing the selector came to %s\n", firth_error_name(closed));
    if (rc < 0 || closed < 0 || support_failures() > 0)
        fprintf(stderr, "%s", support_log_text());
}

/* A look-up that was abandoned may have a descriptor open still, on a thread that ends by itself. */
static size_t descriptors_in_the_end(size_t expected)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    size_t open = support_descriptors_open();

    for (int ms = 0; open != expected && ms < DESCRIPTORS_LIMIT_MS; ms++) {
        (void)nanosleep(&pause, NULL);
        open = support_descriptors_open();
    }
    return open;
}

/* Whether a look-up that an earlier test abandoned is still under way, on a thread that was not there at the first one. */
static bool has_stray_thread(void)
{
    static size_t at_first;
    const size_t threads = support_threads();

    if (at_first == 0)
        at_first = threads;
    return threads > at_first;
}

void support_run_with(firth_selector_options *options, firth_task_fn *body, void *argument)
{
    const bool is_stray = has_stray_thread(); /* whose descriptor may be closed meanwhile */
    size_t descriptors_before = support_descriptors_open(), live_before = support_allocations_live();
    size_t failures, descriptors;
    int rc, closed;

    fill_in(options);
    rc = run(options, body, argument, &closed);
    explain(rc, closed);
    failures = support_failures();
    support_failures_forget();
    assert_int_equal(failures, 0);
    assert_int_equal(rc, FIRTH_OK);
    assert_int_equal(closed, FIRTH_OK);
    descriptors = descriptors_in_the_end(descriptors_before);
    if (!is_stray || descriptors > descriptors_before)
        assert_int_equal(descriptors, descriptors_before);
    assert_int_equal(support_allocations_live(), live_before);
}

void support_run(firth_task_fn *body, void *argument)
{
    firth_selector_options options = support_options();

    support_run_with(&options, body, argument);
}

/* cmocka runs one test at a time; the test's own set-up and tear-down run inside ours. */
static const struct CMUnitTest *current;
static pid_t current_process;

static int test_begin(void **state)
{
    current = *state;
    current_process = getpid();
    *state = current->initial_state;
    support_failures_forget();
    support_random_forget();
    support_log_forget();
    return current->setup_func != NULL ? current->setup_func(state) : 0;
}

static int test_end(void **state)
{
    int rc;

    /* A cmocka assertion that fails in a forked child jumps out of support_in_child and ends up here. */
    if (getpid() != current_process)
        _exit(99);
    support_allocation_fail_at(0, false);
    rc = current->teardown_func != NULL ? current->teardown_func(state) : 0;
    return support_failures() == 0 ? rc : -1;
}

const char *support_test_name(void)
{
    return current != NULL ? current->name : "";
}

/* A misspelt name must not pass for a success. */
static bool some_match(const char *filter, const struct CMUnitTest *tests, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fnmatch(filter, tests[i].name, 0) == 0)
            return true;
    fprintf(stderr, "no test is called %s\n", filter);
    return false;
}

/* FIRTH_TEST_WITHOUT: names of tests, between blanks, that whoever runs the program leaves out, and says why. */
static bool is_left_out(const char *name)
{
    const char *all = getenv("FIRTH_TEST_WITHOUT"), *at = all;
    size_t size = strlen(name);

    for (; at != NULL && (at = strstr(at, name)) != NULL; at += size)
        if ((at == all || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0'))
            return true;
    return false;
}

int support_main(int argc, char **argv, const char *group, const struct CMUnitTest *tests, size_t count)
{
    struct CMUnitTest *wrapped = calloc(count, sizeof *wrapped);
    size_t kept = 0;
    int failed;

    if (wrapped == NULL || (argc > 1 && !some_match(argv[1], tests, count))) {
        free(wrapped);
        return 2;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_left_out(tests[i].name))
            continue;
        wrapped[kept++] = (struct CMUnitTest){
            .name = tests[i].name,
            .test_func = tests[i].test_func,
            .setup_func = test_begin,
            .teardown_func = test_end,
            .initial_state = (void *)(uintptr_t)&tests[i],
        };
    }
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    support_closed_port_take();
    support_random_program(argv[0]);
    failed = _cmocka_run_group_tests(group, wrapped, kept, NULL, NULL);
    free(wrapped);
    return failed == 0 ? 0 : 1;
}
