/* SPDX-License-Identifier: Apache-2.0 */
/* A world in which everybody waits and nothing is on its way says so. */
#include "tests/sim/world.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int wait_for_a_client(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    (void)argument;
    return world_accept(scope, &socket) == FIRTH_ERR_CANCELED ? FIRTH_OK : FIRTH_ERR_USER;
}

static void a_deadlock_is_told_with_the_tasks_that_wait(void **state)
{
    (void)state;
    world_open(1);
    assert_int_equal(world_spawn(here.server, wait_for_a_client, NULL), FIRTH_OK);
    assert_int_equal(firth_sim_run(here.sim), FIRTH_ERR_DEADLOCK);
    assert_non_null(strstr(support_log_text(), "deadlock: task actor of host server, spawned at "));
    assert_non_null(strstr(support_log_text(), "waits in accept"));
    assert_null(strstr(support_log_text(), "host client"));
    assert_int_equal(firth_sim_close(here.sim), FIRTH_ERR_STILL_OPEN);
    assert_int_equal(support_allocations_live(), here.live);
}

static void a_loop_that_is_run_alone_ends_in_a_deadlock_too(void **state)
{
    (void)state;
    world_open(1);
    assert_int_equal(world_spawn(here.server, wait_for_a_client, NULL), FIRTH_OK);
    assert_int_equal(firth_selector_run(firth_sim_host_selector(here.server)), FIRTH_ERR_DEADLOCK);
    assert_int_equal(firth_sim_close(here.sim), FIRTH_ERR_STILL_OPEN);
}

static int wait_with_a_deadline(firth_scope *scope, void *argument)
{
    firth_scope_options limit = {.timeout_ms = 3600000};
    firth_scope within;
    firth_socket *socket;

    (void)argument;
    firth_scope_open(&within, scope, &limit);
    EXPECT_EQUAL(firth_scope_close(&within, world_accept(&within, &socket)), FIRTH_ERR_TIMED_OUT);
    return FIRTH_OK;
}

static void a_deadline_far_away_is_no_deadlock(void **state)
{
    (void)state;
    world_open(1);
    assert_int_equal(world_spawn(here.server, wait_with_a_deadline, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

static void an_empty_world_is_no_deadlock(void **state)
{
    (void)state;
    world_open(1);
    assert_int_equal(firth_sim_run(here.sim), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
    assert_int_equal(firth_sim_close(NULL), FIRTH_OK);
    assert_int_equal(firth_sim_host_close(NULL), FIRTH_OK);
}

/* ---- results and misuse -------------------------------------------------------------------------------------------- */

static int fail_with(firth_scope *scope, void *argument)
{
    (void)scope;
    return *(const int *)argument;
}

static void the_first_error_of_a_hosts_task_is_the_runs_result(void **state)
{
    static const int first = FIRTH_ERR_USER - 1, second = FIRTH_ERR_USER - 2;

    (void)state;
    world_open(1);
    assert_int_equal(world_spawn(here.server, fail_with, (void *)(uintptr_t)&second), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, fail_with, (void *)(uintptr_t)&first), FIRTH_OK);
    assert_int_equal(firth_sim_run(here.sim), first); /* the client's host was opened first */
    assert_int_equal(firth_sim_run(here.sim), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

static int run_from_inside(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    return firth_sim_run(here.sim);
}

static void misuse(void *argument)
{
    (void)argument;
    world_open(1);
    assert_int_equal(world_spawn(here.client, run_from_inside, NULL), FIRTH_OK);
    _exit(firth_sim_run(here.sim) == FIRTH_ERR_MISUSE ? 42 : 1);
}

static void expect_misuse(void (*child)(void *argument), const char *rule)
{
    char text[512];
    int status = support_in_child(child, NULL, text, sizeof text);

#ifdef FIRTH_DEBUG
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(text, rule));
#else
    (void)rule;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
#endif
}

static void running_a_world_from_a_task_is_misuse(void **state)
{
    (void)state;
    expect_misuse(misuse, "a world, run from a task");
}

static void close_a_host(void *argument)
{
    (void)argument;
    _exit(firth_sim_host_close(here.server) == FIRTH_ERR_MISUSE ? 42 : 1);
}

static void close_from_an_event(void *argument)
{
    (void)argument;
    world_open(1);
    assert_int_equal(firth_sim_at(here.sim, 1, close_a_host, NULL), FIRTH_OK);
    (void)!firth_sim_run_for(here.sim, 1);
}

static void closing_a_host_from_an_event_is_misuse(void **state)
{
    (void)state;
    expect_misuse(close_from_an_event, "firth_sim_host_close from a task, a loop or an event");
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadlock_is_told_with_the_tasks_that_wait),
        cmocka_unit_test(a_loop_that_is_run_alone_ends_in_a_deadlock_too),
        cmocka_unit_test(a_deadline_far_away_is_no_deadlock),
        cmocka_unit_test(an_empty_world_is_no_deadlock),
        cmocka_unit_test(the_first_error_of_a_hosts_task_is_the_runs_result),
        cmocka_unit_test(running_a_world_from_a_task_is_misuse),
        cmocka_unit_test(closing_a_host_from_an_event_is_misuse),
    };

    return support_main(argc, argv, "deadlocks", tests, sizeof tests / sizeof tests[0]);
}
