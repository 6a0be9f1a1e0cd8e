/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual time: it passes while everybody waits, and only then. */
#include "tests/sim/world.h"

#include <time.h>

enum { MS = 1000000, DAY_S = 24 * 3600 };

/* Of this process: a slow or busy machine must not fail the test. */
static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static int sleep_a_day(firth_scope *scope, void *argument)
{
    int64_t start_ns = firth_now_ns();

    (void)scope;
    (void)argument;
    for (int second = 0; second < DAY_S; second++)
        EXPECT_EQUAL(firth_sleep(1000), FIRTH_OK);
    EXPECT_EQUAL(firth_now_ns() - start_ns, (int64_t)DAY_S * 1000 * MS);
    return FIRTH_OK;
}

static void a_day_of_timeouts_takes_less_than_a_second(void **state)
{
    double start = cpu_seconds();

    (void)state;
    world_open(1);
    assert_int_equal(world_spawn(here.client, sleep_a_day, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_ms(), (int64_t)DAY_S * 1000);
    assert_int_equal(world_close(), FIRTH_OK);
    print_message("a day of 86400 timeouts: %.3f s of CPU\n", cpu_seconds() - start);
#ifndef FIRTH_CONTEXT_ANNOTATED /* not under sanitizers and Valgrind */
    assert_true(cpu_seconds() - start < 1);
#endif
}

/* ---- clocks ------------------------------------------------------------------------------------------------------ */

static int64_t seen_ns[8];
static size_t seen;

static void see(void *argument)
{
    (void)argument;
    seen_ns[seen++] = firth_now_ns();
}

static int look_at_the_clock(firth_scope *scope, void *argument)
{
    see(argument);
    EXPECT_EQUAL(firth_sleep(5), FIRTH_OK);
    see(argument);
    EXPECT_EQUAL(firth_selector_post(firth_scope_selector(scope), see, NULL), FIRTH_OK);
    return firth_yield();
}

static void tasks_and_loops_have_the_worlds_clock_and_everybody_else_the_systems(void **state)
{
    int64_t before_ns = firth_now_ns();

    (void)state;
    seen = 0;
    world_open(1);
    assert_int_equal(firth_sim_at(here.sim, 1003 * (int64_t)MS, see, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, look_at_the_clock, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
    assert_int_equal(seen, 4);
    assert_int_equal(seen_ns[0], 1000 * (int64_t)MS);
    assert_int_equal(seen_ns[2], 1005 * (int64_t)MS);
    assert_int_equal(seen_ns[3], 1005 * (int64_t)MS);
    assert_true(seen_ns[1] >= before_ns); /* an event is outside of any loop */
    assert_true(firth_now_ns() >= before_ns);
}

static int expire(firth_scope *scope, void *argument)
{
    firth_scope_options limit = {.timeout_ms = 1500};
    firth_scope within;
    int64_t start_ns = firth_now_ns();

    (void)argument;
    firth_scope_open(&within, scope, &limit);
    EXPECT_EQUAL(firth_sleep(100000), FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_now_ns() - start_ns, 1500 * (int64_t)MS);
    EXPECT_EQUAL(firth_scope_close(&within, FIRTH_ERR_CANCELED), FIRTH_ERR_TIMED_OUT);
    return FIRTH_OK;
}

static void a_deadline_fires_at_its_nanosecond(void **state)
{
    (void)state;
    world_open(1);
    assert_int_equal(world_spawn(here.client, expire, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_ms(), 1500);
    assert_int_equal(world_close(), FIRTH_OK);
}

/* ---- running for a time -------------------------------------------------------------------------------------------- */

static int sleep_long(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    return firth_sleep(1000);
}

static void a_run_for_a_time_moves_the_clock_by_just_that(void **state)
{
    (void)state;
    world_open(1);
    assert_int_equal(world_spawn(here.client, sleep_long, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.server, sleep_long, NULL), FIRTH_OK);
    assert_int_equal(firth_sim_run_for(here.sim, 300), 2);
    assert_int_equal(world_ms(), 300);
    assert_int_equal(firth_sim_run_for(here.sim, 0), 2);
    assert_int_equal(firth_sim_run_for(here.sim, 699), 2);
    assert_int_equal(firth_sim_run_for(here.sim, 1), 0);
    assert_int_equal(firth_sim_run_for(here.sim, 5000), 0);
    assert_int_equal(world_ms(), 6000);
    assert_int_equal(firth_sim_run_for(here.sim, -1), FIRTH_ERR_ARGUMENT);
    assert_int_equal(firth_sim_run_for(here.sim, INT64_MAX / 1000), FIRTH_ERR_ARGUMENT);
    assert_int_equal(world_close(), FIRTH_OK);
}

static char order[8];

static void note(void *argument)
{
    size_t n = strlen(order);

    order[n] = *(const char *)argument;
    order[n + 1] = '\0';
}

static void make_another(void *argument)
{
    note(argument);
    if (firth_sim_at(here.sim, 0, note, "z") < 0)
        note("!");
}

static void events_come_in_the_order_of_their_times(void **state)
{
    (void)state;
    order[0] = '\0';
    world_open(1);
    assert_int_equal(firth_sim_at(here.sim, 1030 * (int64_t)MS, note, "c"), FIRTH_OK);
    assert_int_equal(firth_sim_at(here.sim, 1010 * (int64_t)MS, make_another, "a"), FIRTH_OK);
    assert_int_equal(firth_sim_at(here.sim, 1020 * (int64_t)MS, note, "b"), FIRTH_OK);
    assert_int_equal(firth_sim_at(here.sim, 9999 * (int64_t)MS, note, "never"), FIRTH_OK);
    assert_int_equal(firth_sim_run_for(here.sim, 100), 0);
    assert_string_equal(order, "azbc");
    assert_int_equal(world_close(), FIRTH_OK);
}

static void events_of_one_time_come_in_the_order_they_were_made(void **state)
{
    static const char names[] = "abcdefg";

    (void)state;
    order[0] = '\0';
    world_open(1);
    for (size_t i = 0; names[i] != '\0'; i++)
        assert_int_equal(firth_sim_at(here.sim, 1010 * (int64_t)MS, note, (void *)(uintptr_t)&names[i]), FIRTH_OK);
    assert_int_equal(firth_sim_run_for(here.sim, 100), 0);
    assert_string_equal(order, names);
    assert_int_equal(world_close(), FIRTH_OK);
}

static void make_itself_again(void *argument)
{
    note(argument);
    if (strlen(order) < sizeof order - 1 && firth_sim_at(here.sim, 0, make_itself_again, argument) < 0)
        note("!");
}

static void an_event_that_is_past_comes_in_a_run_without_tasks(void **state)
{
    (void)state;
    order[0] = '\0';
    world_open(1);
    assert_int_equal(firth_sim_at(here.sim, 1, make_itself_again, "a"), FIRTH_OK);
    assert_int_equal(firth_sim_at(here.sim, 1000 * (int64_t)MS, note, "b"), FIRTH_OK);
    assert_int_equal(firth_sim_at(here.sim, 1001 * (int64_t)MS, note, "c"), FIRTH_OK);
    assert_int_equal(firth_sim_run(here.sim), FIRTH_OK);
    assert_string_equal(order, "ab"); /* what they make is for the next run */
    assert_int_equal(world_close(), FIRTH_OK);
}

/* ---- what else costs time, or none --------------------------------------------------------------------------------- */

static int yield_until(firth_scope *scope, void *argument)
{
    int64_t start_ns = firth_now_ns();

    (void)scope;
    (void)argument;
    while (firth_now_ns() < start_ns + 10 * MS)
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    return FIRTH_OK;
}

static void a_task_that_yields_until_something_has_come_gets_there(void **state)
{
    (void)state;
    world_open(1);
    assert_int_equal(world_spawn(here.client, yield_until, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_ms(), 10);
    assert_int_equal(world_close(), FIRTH_OK);
}

static void a_loop_that_spins_ends_where_time_passes_only_in_a_wait(void **state)
{
    firth_selector_options options = support_options();

    (void)state;
    options.backend = &firth_backend_sim;
    options.spin_us = 50;
    assert_int_equal(firth_run_with(&options, sleep_long, NULL), FIRTH_OK);
}

static int take_a_while(void *argument)
{
    struct timespec while_ = {.tv_nsec = 5 * MS};

    nanosleep(&while_, NULL);
    return *(int *)argument;
}

static int block(firth_scope *scope, void *argument)
{
    int value = 42;
    int64_t start_ns = firth_now_ns();

    (void)scope;
    (void)argument;
    EXPECT_EQUAL(firth_blocking(take_a_while, &value), 42);
    EXPECT_EQUAL(firth_now_ns(), start_ns);
    return FIRTH_OK;
}

static void the_clock_stands_still_while_threads_are_at_work(void **state)
{
    (void)state;
    world_open(1);
    assert_int_equal(world_spawn(here.client, block, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.server, sleep_long, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

/* ---- a loop that is run by itself ---------------------------------------------------------------------------------- */

static void a_host_whose_loop_is_run_alone_turns_the_others(void **state)
{
    firth_selector *selector;

    (void)state;
    world_open(1);
    selector = firth_sim_host_selector(here.client);
    assert_int_equal(world_spawn(here.client, sleep_long, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.server, expire, NULL), FIRTH_OK);
    assert_int_equal(firth_selector_run(selector), FIRTH_OK);
    assert_int_equal(world_ms(), 1000);
    assert_int_equal(firth_selector_poll(selector, 600), 0);
    assert_int_equal(world_ms(), 1600);
    assert_int_equal(firth_sim_run_for(here.sim, 0), 0);
    assert_int_equal(world_close(), FIRTH_OK);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_of_timeouts_takes_less_than_a_second),
        cmocka_unit_test(tasks_and_loops_have_the_worlds_clock_and_everybody_else_the_systems),
        cmocka_unit_test(a_deadline_fires_at_its_nanosecond),
        cmocka_unit_test(a_run_for_a_time_moves_the_clock_by_just_that),
        cmocka_unit_test(events_come_in_the_order_of_their_times),
        cmocka_unit_test(events_of_one_time_come_in_the_order_they_were_made),
        cmocka_unit_test(an_event_that_is_past_comes_in_a_run_without_tasks),
        cmocka_unit_test(a_task_that_yields_until_something_has_come_gets_there),
        cmocka_unit_test(a_loop_that_spins_ends_where_time_passes_only_in_a_wait),
        cmocka_unit_test(the_clock_stands_still_while_threads_are_at_work),
        cmocka_unit_test(a_host_whose_loop_is_run_alone_turns_the_others),
    };

    return support_main(argc, argv, "time", tests, sizeof tests / sizeof tests[0]);
}
