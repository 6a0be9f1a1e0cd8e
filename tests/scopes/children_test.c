/* SPDX-License-Identifier: Apache-2.0 */
/* Children's errors, clean-ups and shields. */
#include "tests/support/support.h"

#include <string.h>

enum { FAILED = -2001 };

static int fail_soon(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    (void)firth_yield();
    return FAILED;
}

static int note_cancel(firth_scope *scope, void *argument)
{
    int rc = firth_sleep(10000);

    (void)scope;
    *(int *)argument += rc == FIRTH_ERR_CANCELED;
    return rc;
}

TASK_TEST(a_childs_error_cancels_its_siblings_and_the_body_and_is_the_result)
{
    firth_scope inner;
    int cancelled = 0;

    firth_scope_open(&inner, scope, NULL);
    for (int i = 0; i < 3; i++)
        EXPECT_EQUAL(firth_spawn(&inner, note_cancel, &cancelled, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&inner, fail_soon, NULL, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(10000), FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_ERR_CANCELED), FAILED);
    EXPECT_EQUAL(cancelled, 3);
    return FIRTH_OK;
}

TASK_TEST(a_childs_error_is_only_reported_where_the_scope_was_told_so)
{
    firth_scope_options options = {.name = "clients", .on_child_error = FIRTH_CHILD_ERROR_REPORT};
    firth_task_options named = {.name = "unlucky"};
    firth_scope inner;
    int cancelled = 0;

    firth_scope_open(&inner, scope, &options);
    EXPECT_EQUAL(firth_spawn(&inner, note_cancel, &cancelled, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&inner, fail_soon, NULL, &named), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(20), FIRTH_OK);
    EXPECT_EQUAL(cancelled, 0);
    EXPECT(strstr(support_log_text(), "unlucky") != NULL);
    EXPECT(strstr(support_log_text(), "clients") != NULL);
    EXPECT(strstr(support_log_text(), "children_test.c:") != NULL);
    firth_scope_cancel(&inner);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(cancelled, 1);
    return FIRTH_OK;
}

static int spawn_sibling(firth_scope *scope, void *argument)
{
    firth_scope *nursery = argument;

    (void)scope;
    (void)firth_yield();
    return firth_spawn(nursery, fail_soon, NULL, NULL);
}

TASK_TEST(a_child_may_spawn_into_the_scope_that_waits_for_it)
{
    firth_scope inner;

    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, spawn_sibling, &inner, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FAILED);
    return FIRTH_OK;
}

/* ---- clean-ups --------------------------------------------------------------------------------------------------- */

static char order[64];

static void write_down(void *argument)
{
    (void)strncat(order, argument, sizeof order - strlen(order) - 1);
}

static int child_writes_down(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)firth_yield();
    write_down(argument);
    return FIRTH_OK;
}

TASK_TEST(cleanups_run_last_in_first_out_after_the_children)
{
    firth_cleanup nodes[4];
    firth_scope inner;

    order[0] = '\0';
    firth_scope_open(&inner, scope, NULL);
    firth_scope_own(&inner, &nodes[0], write_down, "a");
    firth_scope_own(&inner, &nodes[1], write_down, "b");
    firth_scope_own(&inner, &nodes[2], write_down, "x");
    firth_scope_own(&inner, &nodes[3], write_down, "c");
    EXPECT_EQUAL(firth_spawn(&inner, child_writes_down, "child ", NULL), FIRTH_OK);
    firth_scope_disown(&inner, &nodes[2]);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT(strcmp(order, "child cba") == 0);
    return FIRTH_OK;
}

/* ---- shields ----------------------------------------------------------------------------------------------------- */

TASK_TEST(a_shield_gets_its_time_and_no_more)
{
    firth_scope_options shielded = {.timeout_ms = 60, .shield = true};
    firth_scope outer, shield;
    int64_t start_ns;

    firth_scope_open(&outer, scope, NULL);
    firth_scope_cancel(&outer);
    EXPECT_EQUAL(firth_yield(), FIRTH_ERR_CANCELED);
    firth_scope_open(&shield, &outer, &shielded);
    start_ns = firth_now_ns();
    EXPECT_EQUAL(firth_sleep(20), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(10000), FIRTH_ERR_CANCELED);
    EXPECT(firth_now_ns() - start_ns >= 60000000);
    EXPECT_EQUAL(firth_scope_close(&shield, FIRTH_ERR_CANCELED), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(firth_yield(), FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_scope_close(&outer, FIRTH_ERR_CANCELED), FIRTH_OK);
    return FIRTH_OK;
}

static int sleep_in_a_shield(firth_scope *scope, void *argument)
{
    firth_scope_options shielded = {.shield = true};
    firth_scope shield;
    int rc;

    firth_scope_open(&shield, scope, &shielded);
    rc = firth_sleep(50);
    *(int *)argument = rc;
    rc = firth_scope_close(&shield, rc);
    return rc < 0 ? rc : firth_yield();
}

TASK_TEST(a_cancel_that_comes_during_a_shield_waits_for_its_end)
{
    firth_scope inner;
    int slept = FIRTH_ERR_USER;

    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, sleep_in_a_shield, &slept, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(10), FIRTH_OK);
    firth_scope_cancel(&inner);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(slept, FIRTH_OK);
    return FIRTH_OK;
}

typedef struct late_spawn {
    firth_scope *into;
    bool ran;
} late_spawn;

static int yield_once(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    return firth_yield();
}

static int note_run(firth_scope *scope, void *argument)
{
    int rc = firth_sleep(5);

    (void)scope;
    ((late_spawn *)argument)->ran = true;
    return rc;
}

static int spawn_late(firth_scope *scope, void *argument)
{
    late_spawn *late = argument;

    (void)scope;
    (void)firth_yield();
    return firth_spawn(late->into, note_run, late, NULL);
}

/* The last child has ended and its scope's task is about to close it, but was not resumed yet. */
TASK_TEST(a_child_spawned_while_the_scope_is_about_to_close_is_joined_too)
{
    late_spawn late = {0};
    firth_scope outer, inner;

    firth_scope_open(&outer, scope, NULL);
    firth_scope_open(&inner, &outer, NULL);
    late.into = &inner;
    EXPECT_EQUAL(firth_spawn(&inner, yield_once, NULL, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&outer, spawn_late, &late, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT(late.ran);
    return firth_scope_close(&outer, FIRTH_OK);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_childs_error_cancels_its_siblings_and_the_body_and_is_the_result),
        cmocka_unit_test(a_childs_error_is_only_reported_where_the_scope_was_told_so),
        cmocka_unit_test(a_child_may_spawn_into_the_scope_that_waits_for_it),
        cmocka_unit_test(cleanups_run_last_in_first_out_after_the_children),
        cmocka_unit_test(a_shield_gets_its_time_and_no_more),
        cmocka_unit_test(a_cancel_that_comes_during_a_shield_waits_for_its_end),
        cmocka_unit_test(a_child_spawned_while_the_scope_is_about_to_close_is_joined_too),
    };

    return support_main(argc, argv, "children", tests, sizeof tests / sizeof tests[0]);
}
