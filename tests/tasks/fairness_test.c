/* SPDX-License-Identifier: Apache-2.0 */
/* Nobody keeps the loop for himself: run order, the budget of calls that need not wait, the kernel's turn, sleep. */
#include "tests/support/support.h"
#include <fenv.h>

typedef struct diary {
    int entries[64];
    int count;
} diary;

typedef struct writer {
    diary *all;
    int number;
} writer;

static int write_three_times(firth_scope *scope, void *argument)
{
    const writer *self = argument;

    (void)scope;
    for (int i = 0; i < 3; i++) {
        self->all->entries[self->all->count++] = self->number;
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    }
    return FIRTH_OK;
}

TASK_TEST(ready_tasks_run_first_in_first_out)
{
    diary all = {.count = 0};
    writer writers[4];
    firth_scope inner;

    firth_scope_open(&inner, scope, NULL);
    for (int i = 0; i < 4; i++) {
        writers[i] = (writer){&all, i};
        EXPECT_EQUAL(firth_spawn(&inner, write_three_times, &writers[i], NULL), FIRTH_OK);
    }
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(all.count, 12);
    for (int i = 0; i < 12; i++)
        EXPECT_EQUAL(all.entries[i], i % 4);
    return FIRTH_OK;
}

static int count_turns(firth_scope *scope, void *argument)
{
    (void)scope;
    for (;;) {
        ++*(int *)argument;
        if (firth_yield() < 0)
            return FIRTH_ERR_CANCELED;
    }
}

/* 128 calls in a row that find what they want, then somebody else's turn. */
TASK_TEST(a_task_whose_calls_never_wait_gives_way_after_its_budget)
{
    firth_pipe *pipe;
    firth_scope inner;
    char byte = 'x';
    int turns = 0;

    EXPECT_EQUAL(firth_pipe_open(firth_scope_selector(scope), &pipe), FIRTH_OK);
    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, count_turns, &turns, NULL), FIRTH_OK);
    for (int i = 0; i < 500; i++) {
        EXPECT_EQUAL(firth_write(firth_pipe_output(pipe), &byte, 1), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_pipe_output(pipe)), FIRTH_OK);
        EXPECT_EQUAL(firth_read(firth_pipe_input(pipe), &byte, 1), 1);
    }
    EXPECT(turns >= 1500 / 128 - 1);
    EXPECT(turns <= 1500 / 128 + 2);
    firth_pipe_close(pipe);
    firth_scope_cancel(&inner);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    return FIRTH_OK;
}

static void note_post(void *argument)
{
    *(bool *)argument = true;
}

/* Nobody else is ready, so it gives way to itself; but posts, timers and the network get their turn. */
TASK_TEST(a_lone_task_whose_calls_never_wait_lets_the_loop_turn)
{
    firth_pipe *pipe;
    char byte = 'x';

    EXPECT_EQUAL(firth_pipe_open(firth_scope_selector(scope), &pipe), FIRTH_OK);
    for (int i = 0; i < 10; i++) {
        bool posted = false;
        int calls = 0;

        EXPECT_EQUAL(firth_selector_post(firth_scope_selector(scope), note_post, &posted), FIRTH_OK);
        for (; !posted && calls < 100000; calls += 3) {
            EXPECT_EQUAL(firth_write(firth_pipe_output(pipe), &byte, 1), FIRTH_OK);
            EXPECT_EQUAL(firth_flush(firth_pipe_output(pipe)), FIRTH_OK);
            EXPECT_EQUAL(firth_read(firth_pipe_input(pipe), &byte, 1), 1);
        }
        EXPECT(calls <= 3 * 128);
    }
    firth_pipe_close(pipe);
    return FIRTH_OK;
}

static int answer(firth_scope *scope, void *argument)
{
    firth_socket *socket = argument;
    int64_t rc;

    firth_scope_own_socket(scope, socket);
    rc = firth_copy(firth_socket_input(socket), firth_socket_output(socket), FIRTH_NO_LIMIT);
    return rc < 0 ? (int)rc : FIRTH_OK;
}

TASK_TEST(tasks_that_only_yield_do_not_starve_the_network)
{
    firth_socket *a, *b;
    firth_scope inner;
    int turns = 0, before;
    char byte = 'x';

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, answer, b, NULL), FIRTH_OK);
    for (int i = 0; i < 10; i++)
        EXPECT_EQUAL(firth_spawn(&inner, count_turns, &turns, NULL), FIRTH_OK);
    for (int i = 0; i < 100; i++) {
        before = turns;
        EXPECT_EQUAL(firth_write(firth_socket_output(a), &byte, 1), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(a)), FIRTH_OK);
        EXPECT_EQUAL(firth_read(firth_socket_input(a), &byte, 1), 1);
        EXPECT(turns - before < 100000);
    }
    firth_scope_cancel(&inner);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    return FIRTH_OK;
}

/* ---- floating point ---------------------------------------------------------------------------------------------- */

/* A third, rounded as the mode of the moment has it: a processor may have one for each of its units, and fegetround(3)
 * reads but one. */
static double third(void)
{
    volatile double one = 1, three = 3;

    return one / three;
}

typedef struct rounder {
    int mode;
    double *of_loop;
    bool kept;
} rounder;

static void note_third_of_loop(void *argument)
{
    *(double *)argument = third();
}

/* Changes the mode, and goes away to other tasks, into the loop, and to the end of its budget. */
static int round_otherwise(firth_scope *scope, void *argument)
{
    rounder *self = argument;
    double mine;

    self->kept = fesetround(self->mode) == 0;
    mine = third();
    for (int i = 0; i < 200; i++) {
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
        self->kept = self->kept && fegetround() == self->mode && third() == mine;
    }
    EXPECT_EQUAL(firth_selector_post(firth_scope_selector(scope), note_third_of_loop, self->of_loop), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    self->kept = self->kept && fegetround() == self->mode && third() == mine;
    return FIRTH_OK;
}

TASK_TEST(a_task_keeps_its_rounding_mode_to_itself)
{
    double before = third(), of_loop = 0;
    rounder rounders[] = {
        {.mode = FE_UPWARD, .of_loop = &of_loop},
        {.mode = FE_DOWNWARD, .of_loop = &of_loop},
        {.mode = FE_UPWARD, .of_loop = &of_loop},
    };
    firth_scope inner;

    firth_scope_open(&inner, scope, NULL);
    for (int i = 0; i < 3; i++)
        EXPECT_EQUAL(firth_spawn(&inner, round_otherwise, &rounders[i], NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    for (int i = 0; i < 3; i++)
        EXPECT(rounders[i].kept);
    EXPECT(of_loop == before && third() == before);
    EXPECT_EQUAL(fegetround(), FE_TONEAREST);
    return FIRTH_OK;
}

/* ---- sleep ------------------------------------------------------------------------------------------------------- */

TASK_TEST(a_sleep_never_ends_early)
{
    for (int ms = 0; ms < 20; ms++) {
        int64_t start_ns = firth_now_ns();

        EXPECT_EQUAL(firth_sleep(ms), FIRTH_OK);
        EXPECT(firth_now_ns() - start_ns >= (int64_t)ms * 1000000);
    }
    EXPECT_EQUAL(firth_sleep(-5), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep_until(firth_now_ns() - 1), FIRTH_OK);
    return FIRTH_OK;
}

typedef struct sleeper {
    int64_t until_ns;
    int64_t *last_ns;
    bool out_of_order;
} sleeper;

static int sleep_in_order(firth_scope *scope, void *argument)
{
    sleeper *self = argument;
    int rc = firth_sleep_until(self->until_ns);

    (void)scope;
    self->out_of_order = *self->last_ns > self->until_ns;
    *self->last_ns = self->until_ns;
    return rc;
}

TASK_TEST(sleepers_wake_in_the_order_of_their_deadlines)
{
    static sleeper sleepers[500];
    support_random random = support_random_start();
    int64_t start_ns = firth_now_ns(), last_ns = 0;
    firth_scope inner;

    firth_scope_open(&inner, scope, NULL);
    for (int i = 0; i < 500; i++) {
        sleepers[i] =
            (sleeper){.until_ns = start_ns + (int64_t)support_random_below(&random, 100000000), .last_ns = &last_ns};
        EXPECT_EQUAL(firth_spawn(&inner, sleep_in_order, &sleepers[i], NULL), FIRTH_OK);
    }
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    /* Those that were due before they first ran may come in the order they were spawned. */
    for (int i = 0; i < 500; i++)
        EXPECT(!sleepers[i].out_of_order || sleepers[i].until_ns < start_ns + 20000000);
    return FIRTH_OK;
}

TASK_TEST(a_sleep_beyond_all_time_can_be_cancelled)
{
    firth_scope_options options = {.timeout_ms = 20};
    firth_scope inner;

    firth_scope_open(&inner, scope, &options);
    EXPECT_EQUAL(firth_sleep(INT64_MAX), FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_ERR_CANCELED), FIRTH_ERR_TIMED_OUT);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(ready_tasks_run_first_in_first_out),
        cmocka_unit_test(a_task_whose_calls_never_wait_gives_way_after_its_budget),
        cmocka_unit_test(a_lone_task_whose_calls_never_wait_lets_the_loop_turn),
        cmocka_unit_test(tasks_that_only_yield_do_not_starve_the_network),
        cmocka_unit_test(a_task_keeps_its_rounding_mode_to_itself),
        cmocka_unit_test(a_sleep_never_ends_early),
        cmocka_unit_test(sleepers_wake_in_the_order_of_their_deadlines),
        cmocka_unit_test(a_sleep_beyond_all_time_can_be_cancelled),
    };

    return support_main(argc, argv, "fairness", tests, sizeof tests / sizeof tests[0]);
}
