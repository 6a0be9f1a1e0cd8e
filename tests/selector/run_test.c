/* SPDX-License-Identifier: Apache-2.0 */
/* Running a selector: whole programs, workers, options, and a loop that somebody else owns. */
#include "tests/support/support.h"

#include <poll.h>
#include <stdatomic.h>
#include <string.h>

enum { RESULT = -2001 };

static int return_argument(firth_scope *scope, void *argument)
{
    (void)scope;
    return *(int *)argument;
}

static void firth_run_returns_what_its_task_came_to(void **state)
{
    int results[] = {FIRTH_OK, RESULT};

    (void)state;
    assert_int_equal(firth_run(return_argument, &results[0]), FIRTH_OK);
    assert_int_equal(firth_run(return_argument, &results[1]), RESULT);
}

static int count_worker(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)firth_sleep(5);
    return atomic_fetch_add((atomic_int *)argument, 1) == 2 ? RESULT : FIRTH_OK;
}

static void workers_run_on_a_thread_and_a_selector_each(void **state)
{
    atomic_int count = 0;

    (void)state;
    assert_int_equal(firth_workers_run(4, count_worker, &count), RESULT);
    assert_int_equal(atomic_load(&count), 4);
    assert_int_equal(firth_workers_run(0, count_worker, &count), FIRTH_ERR_ARGUMENT);
    assert_int_equal(firth_workers_run(1025, count_worker, &count), FIRTH_ERR_ARGUMENT);
}

static void options_out_of_range_are_refused_by_name(void **state)
{
    firth_selector *selector;
    firth_selector_options options = support_options();

    (void)state;
    options.block_bytes = 511;
    assert_int_equal(firth_selector_open(&selector, &options), FIRTH_ERR_ARGUMENT);
    assert_null(selector);
    assert_string_equal(firth_last_failure()->step, "option block_bytes");
    options.block_bytes = 1024 * 1024 + 1;
    assert_int_equal(firth_selector_open(&selector, &options), FIRTH_ERR_ARGUMENT);
    options = support_options();
    options.stack_bytes = FIRTH_STACK_MINIMUM_BYTES - 1;
    assert_int_equal(firth_selector_open(&selector, &options), FIRTH_ERR_STACK_TOO_SMALL);
    options.stack_bytes = SIZE_MAX;
    assert_int_equal(firth_selector_open(&selector, &options), FIRTH_ERR_ARGUMENT);
    options = support_options();
    options.struct_bytes = 1;
    assert_int_equal(firth_selector_open(&selector, &options), FIRTH_ERR_ARGUMENT);
}

/* A caller compiled against an older header has a shorter struct: what it lacks has its default. */
static void options_of_an_older_header_are_understood(void **state)
{
    firth_selector_options options;
    firth_selector *selector;

    (void)state;
    memset(&options, 0xff, sizeof options);
    firth_selector_options_init(&options, offsetof(firth_selector_options, stack_cache));
    assert_int_equal(firth_selector_open(&selector, &options), FIRTH_OK);
    assert_int_equal(firth_selector_close(selector), FIRTH_OK);
}

static void backends_are_found_by_number_and_name(void **state)
{
    (void)state;
    assert_non_null(firth_backend_at(0));
    assert_null(firth_backend_at(1000));
    assert_null(firth_backend_find("no such backend"));
    assert_ptr_equal(firth_backend_find("poll"), firth_backend_find("poll"));
}

/* ---- a foreign loop ---------------------------------------------------------------------------------------------- */

static int echo_line(firth_scope *scope, void *argument)
{
    char line[64];
    int64_t n;

    firth_scope_own_socket(scope, argument);
    n = firth_read_line(firth_socket_input(argument), line, sizeof line);
    return n < 0 ? (int)n : firth_write_string(firth_socket_output(argument), "yes\n");
}

/* Over the network, with a pause, so that descriptor and timer are both needed. */
static int talk(firth_scope *scope, void *argument)
{
    firth_socket *a, *b;
    char line[64];

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    EXPECT_EQUAL(firth_spawn(scope, echo_line, b, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(30), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(a), "ready?\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(a)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(a), line, sizeof line), 3);
    *(bool *)argument = strcmp(line, "yes") == 0;
    return FIRTH_OK;
}

/* Turns of the foreign loop, which sleeps in a poll(2) of its own. */
static int drive(firth_selector *selector, intptr_t descriptor)
{
    int turns = 0, left = 1;

    while (left > 0 && turns < 10000) {
        struct pollfd set = {.fd = (int)descriptor, .events = POLLIN};
        int64_t timeout_ms = firth_selector_timeout_ms(selector);

        if (descriptor >= 0)
            assert_true(poll(&set, 1, timeout_ms > 1000 || timeout_ms < 0 ? 1000 : (int)timeout_ms) >= 0);
        left = firth_selector_poll(selector, descriptor >= 0 ? 0 : 5);
        assert_true(left >= 0);
        turns++;
    }
    return turns;
}

static void a_foreign_poll_loop_drives_a_selector(void **state)
{
    firth_selector_options options = support_options();
    firth_selector *selector;
    intptr_t descriptor = -1;
    bool done = false;
    int rc, turns;

    (void)state;
    assert_int_equal(firth_selector_open(&selector, &options), FIRTH_OK);
    assert_int_equal(firth_selector_timeout_ms(selector), -1);
    assert_int_equal(firth_spawn(firth_selector_scope(selector), talk, &done, NULL), FIRTH_OK);
    assert_int_equal(firth_selector_timeout_ms(selector), 0);
    rc = firth_selector_pollable(selector, &descriptor);
    if (support_backend_is("poll") || support_backend_is("iocp"))
        assert_int_equal(rc, FIRTH_ERR_NOT_SUPPORTED);
    else
        assert_int_equal(rc, FIRTH_OK);
    turns = drive(selector, rc < 0 ? -1 : descriptor);
    assert_true(done);
    assert_true(turns < 200); /* it slept, and did not spin */
    assert_int_equal(firth_selector_run(selector), FIRTH_OK);
    assert_int_equal(firth_selector_close(selector), FIRTH_OK);
}

static void a_poll_with_a_timeout_waits_that_long(void **state)
{
    firth_selector_options options = support_options();
    firth_selector *selector;
    int64_t start_ns;

    (void)state;
    assert_int_equal(firth_selector_open(&selector, &options), FIRTH_OK);
    start_ns = firth_now_ns();
    assert_int_equal(firth_selector_poll(selector, 0), 0);
    assert_int_equal(firth_selector_poll(selector, 20), 0);
    assert_true(firth_now_ns() - start_ns >= 20000000);
    assert_int_equal(firth_selector_close(selector), FIRTH_OK);
    assert_int_equal(firth_selector_close(NULL), FIRTH_OK);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(firth_run_returns_what_its_task_came_to),
        cmocka_unit_test(workers_run_on_a_thread_and_a_selector_each),
        cmocka_unit_test(options_out_of_range_are_refused_by_name),
        cmocka_unit_test(options_of_an_older_header_are_understood),
        cmocka_unit_test(backends_are_found_by_number_and_name),
        cmocka_unit_test(a_foreign_poll_loop_drives_a_selector),
        cmocka_unit_test(a_poll_with_a_timeout_waits_that_long),
    };

    return support_main(argc, argv, "running a selector", tests, sizeof tests / sizeof tests[0]);
}
