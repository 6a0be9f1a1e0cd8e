/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines and cancels: who is reached, and what they return. */
#include "tests/support/support.h"

#include <pthread.h>

static int64_t milliseconds_since(int64_t start_ns)
{
    return (firth_now_ns() - start_ns) / 1000000;
}

static int nested_deadlines(firth_scope *scope, int64_t outer_ms, int64_t inner_ms, int expected_inner,
                            int expected_outer)
{
    firth_scope_options outer_options = {.timeout_ms = outer_ms}, inner_options = {.timeout_ms = inner_ms};
    int64_t start_ns = firth_now_ns();
    firth_scope outer, inner;
    int rc;

    firth_scope_open(&outer, scope, &outer_options);
    firth_scope_open(&inner, &outer, &inner_options);
    EXPECT_EQUAL(firth_sleep(10000), FIRTH_ERR_CANCELED);
    EXPECT(milliseconds_since(start_ns) >= 50);
    EXPECT(milliseconds_since(start_ns) < 450);
    rc = firth_scope_close(&inner, FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(rc, expected_inner);
    rc = rc == FIRTH_ERR_TIMED_OUT ? FIRTH_OK : rc;
    EXPECT_EQUAL(firth_scope_close(&outer, rc), expected_outer);
    return FIRTH_OK;
}

TASK_TEST(outer_deadline_in_an_inner_one_cancels_the_call_and_times_the_outer_out)
{
    return nested_deadlines(scope, 50, 500, FIRTH_ERR_CANCELED, FIRTH_ERR_TIMED_OUT);
}

TASK_TEST(inner_deadline_leaves_the_outer_one_alone)
{
    return nested_deadlines(scope, 500, 50, FIRTH_ERR_TIMED_OUT, FIRTH_OK);
}

TASK_TEST(a_deadline_may_be_a_point_in_time_and_the_earlier_counts)
{
    int64_t start_ns = firth_now_ns();
    firth_scope_options options = {.timeout_ms = 10000, .deadline_ns = start_ns + 30000000};
    firth_scope inner;

    firth_scope_open(&inner, scope, &options);
    EXPECT_EQUAL(firth_sleep(10000), FIRTH_ERR_CANCELED);
    EXPECT(firth_now_ns() >= options.deadline_ns);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_ERR_CANCELED), FIRTH_ERR_TIMED_OUT);
    return FIRTH_OK;
}

static int sleep_long(firth_scope *scope, void *argument)
{
    int *count = argument;

    (void)scope;
    if (count != NULL)
        ++*count;
    return firth_sleep(10000);
}

TASK_TEST(with_timeout_runs_in_a_deadline_of_its_own)
{
    int count = 0;

    EXPECT_EQUAL(firth_with_timeout(20, sleep_long, &count), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(firth_with_timeout(0, sleep_long, &count), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(count, 2);
    return FIRTH_OK;
}

/* A task whose error codes nobody looks at. */
static int ignore_everything(firth_scope *scope, void *argument)
{
    int *calls = argument;
    firth_pipe *pipe;

    if (firth_pipe_open(firth_scope_selector(scope), &pipe) < 0)
        return FIRTH_ERR_NO_MEMORY;
    for (int i = 0; i < 1000; i++) {
        char byte;

        *calls += firth_read(firth_pipe_input(pipe), &byte, 1) < 0;
        (void)firth_sleep(10000);
        (void)firth_yield();
    }
    firth_pipe_close(pipe);
    return FIRTH_OK;
}

TASK_TEST(a_task_that_ignores_a_thousand_error_codes_still_ends)
{
    firth_scope_options options = {.timeout_ms = 20};
    firth_scope inner;
    int calls = 0;

    firth_scope_open(&inner, scope, &options);
    EXPECT_EQUAL(firth_spawn(&inner, ignore_everything, &calls, NULL), FIRTH_OK);
    /* It ended by itself and returned FIRTH_OK, so nothing was ended by the deadline. */
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(calls, 1000);
    return FIRTH_OK;
}

TASK_TEST(a_cancelled_scope_fails_every_call_until_it_is_closed)
{
    firth_scope inner;

    firth_scope_open(&inner, scope, NULL);
    firth_scope_cancel(&inner);
    firth_scope_cancel(&inner);
    EXPECT(firth_scope_is_cancelled(&inner));
    for (int i = 0; i < 3; i++) {
        EXPECT_EQUAL(firth_yield(), FIRTH_ERR_CANCELED);
        EXPECT_EQUAL(firth_sleep(1), FIRTH_ERR_CANCELED);
    }
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_ERR_CANCELED), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    return FIRTH_OK;
}

static int spawn_below(firth_scope *scope, void *argument)
{
    int depth = *(int *)argument;
    firth_scope inner;
    int less = depth - 1, rc;

    if (depth == 0)
        return firth_sleep(10000);
    firth_scope_open(&inner, scope, NULL);
    rc = firth_spawn(&inner, spawn_below, &less, NULL);
    return firth_scope_close(&inner, rc);
}

TASK_TEST(a_cancel_reaches_grandchildren)
{
    firth_scope inner;
    int depth = 20;
    int64_t start_ns = firth_now_ns();

    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, spawn_below, &depth, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(10), FIRTH_OK);
    firth_scope_cancel(&inner);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT(milliseconds_since(start_ns) < 5000);
    return FIRTH_OK;
}

/* ---- data beats cancel ------------------------------------------------------------------------------------------- */

typedef struct reading {
    firth_read_channel *in;
    char bytes[8];
    int64_t first;
    int64_t second;
} reading;

static int read_twice(firth_scope *scope, void *argument)
{
    reading *job = argument;

    (void)scope;
    job->first = firth_read(job->in, job->bytes, sizeof job->bytes);
    job->second = firth_read(job->in, job->bytes, sizeof job->bytes);
    return FIRTH_OK;
}

TASK_TEST(an_operation_that_completed_keeps_its_result_and_the_cancel_comes_next)
{
    reading job = {0};
    firth_pipe *pipe;
    firth_scope inner;

    EXPECT_EQUAL(firth_pipe_open(firth_scope_selector(scope), &pipe), FIRTH_OK);
    job.in = firth_pipe_input(pipe);
    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, read_twice, &job, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK); /* the reader waits */
    EXPECT_EQUAL(firth_write(firth_pipe_output(pipe), "abc", 3), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_pipe_output(pipe)), FIRTH_OK); /* and is ready to run */
    firth_scope_cancel(&inner);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(job.first, 3);
    EXPECT_EQUAL(job.second, FIRTH_ERR_CANCELED);
    firth_pipe_close(pipe);
    return FIRTH_OK;
}

/* ---- from other threads ------------------------------------------------------------------------------------------ */

static void *cancel_from_thread(void *argument)
{
    (void)firth_scope_cancel_from(argument);
    return NULL;
}

TASK_TEST(another_thread_cancels_a_scope_and_wakes_the_loop)
{
    int64_t start_ns = firth_now_ns();
    firth_scope inner;
    pthread_t thread;

    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(pthread_create(&thread, NULL, cancel_from_thread, &inner), 0);
    EXPECT_EQUAL(firth_sleep(10000), FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(pthread_join(thread, NULL), 0);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_ERR_CANCELED), FIRTH_OK);
    EXPECT(milliseconds_since(start_ns) < 5000);
    return FIRTH_OK;
}

TASK_TEST(a_scope_closed_before_its_cancel_from_a_thread_took_effect_is_forgotten)
{
    for (int i = 0; i < 200; i++) {
        firth_scope first, second;

        firth_scope_open(&first, scope, NULL);
        firth_scope_open(&second, &first, NULL);
        EXPECT_EQUAL(firth_scope_cancel_from(&second), FIRTH_OK);
        EXPECT_EQUAL(firth_scope_cancel_from(&second), FIRTH_OK);
        EXPECT_EQUAL(firth_scope_cancel_from(&first), FIRTH_OK);
        EXPECT_EQUAL(firth_scope_close(&second, FIRTH_OK), FIRTH_OK);
        EXPECT_EQUAL(firth_scope_close(&first, FIRTH_OK), FIRTH_OK);
    }
    return firth_yield();
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(outer_deadline_in_an_inner_one_cancels_the_call_and_times_the_outer_out),
        cmocka_unit_test(inner_deadline_leaves_the_outer_one_alone),
        cmocka_unit_test(a_deadline_may_be_a_point_in_time_and_the_earlier_counts),
        cmocka_unit_test(with_timeout_runs_in_a_deadline_of_its_own),
        cmocka_unit_test(a_task_that_ignores_a_thousand_error_codes_still_ends),
        cmocka_unit_test(a_cancelled_scope_fails_every_call_until_it_is_closed),
        cmocka_unit_test(a_cancel_reaches_grandchildren),
        cmocka_unit_test(an_operation_that_completed_keeps_its_result_and_the_cancel_comes_next),
        cmocka_unit_test(another_thread_cancels_a_scope_and_wakes_the_loop),
        cmocka_unit_test(a_scope_closed_before_its_cancel_from_a_thread_took_effect_is_forgotten),
    };

    return support_main(argc, argv, "cancelling scopes", tests, sizeof tests / sizeof tests[0]);
}
