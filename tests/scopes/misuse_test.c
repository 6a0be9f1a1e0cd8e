/* SPDX-License-Identifier: Apache-2.0 */
/* Broken rules: a debug build stops and says which one and where; a release build returns FIRTH_ERR_MISUSE. */
#include "tests/support/support.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void ignore(int rc)
{
    (void)rc;
}

static int return_with_an_open_scope(firth_scope *scope, void *argument)
{
    static firth_scope left;

    (void)argument;
    firth_scope_open(&left, scope, NULL);
    return FIRTH_OK;
}

static int close_the_wrong_scope(firth_scope *scope, void *argument)
{
    firth_scope outer, inner;
    int rc;

    (void)argument;
    firth_scope_open(&outer, scope, NULL);
    firth_scope_open(&inner, &outer, NULL);
    rc = firth_scope_close(&outer, FIRTH_OK);
    ignore(firth_scope_close(&inner, FIRTH_OK));
    ignore(firth_scope_close(&outer, FIRTH_OK));
    return rc;
}

static int open_below_the_wrong_scope(firth_scope *scope, void *argument)
{
    firth_scope outer, wrong;
    int rc;

    (void)argument;
    firth_scope_open(&outer, scope, NULL);
    firth_scope_open(&wrong, scope, NULL);
    if (firth_yield() != FIRTH_ERR_CANCELED)
        return FIRTH_OK;
    rc = firth_scope_close(&wrong, FIRTH_OK);
    ignore(firth_scope_close(&outer, FIRTH_OK));
    return rc;
}

static int spawn_in_a_closed_scope(firth_scope *scope, void *argument)
{
    firth_scope inner;

    (void)argument;
    firth_scope_open(&inner, scope, NULL);
    ignore(firth_scope_close(&inner, FIRTH_OK));
    return firth_spawn(&inner, return_with_an_open_scope, NULL, NULL);
}

static int run_inside_a_task(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    return firth_run(return_with_an_open_scope, NULL);
}

static int close_a_socket_twice(firth_scope *scope, void *argument)
{
    firth_socket *a, *b;
    int rc;

    (void)argument;
    rc = support_pair(scope, &a, &b);
    if (rc < 0)
        return rc;
    (void)firth_socket_close(b);
    (void)firth_socket_close(a);
#ifdef FIRTH_DEBUG
    return firth_socket_close(a);
#else
    return FIRTH_ERR_MISUSE; /* a release build keeps no closed handle to know it by */
#endif
}

typedef struct broken_rule {
    firth_task_fn *fn;
    const char *said; /* by a debug build */
} broken_rule;

static void run_rule(void *argument)
{
    const broken_rule *rule = argument;
    firth_selector_options options = firth_selector_defaults();
    int rc;

    options.backend = support_backend();
    rc = firth_run_with(&options, rule->fn, NULL);
    _exit(rc == FIRTH_ERR_MISUSE ? 0 : 1);
}

static void check_rule(firth_task_fn *fn, const char *said)
{
    broken_rule rule = {fn, said};
    char text[4096] = "";
    int status = support_in_child(run_rule, &rule, text, sizeof text);

#ifdef FIRTH_DEBUG
    print_message("%s\n", text);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(text, "firth: misuse: "));
    assert_non_null(strstr(text, rule.said));
#else
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
#endif
}

static void returning_with_an_open_scope_names_its_opener(void **state)
{
    (void)state;
    check_rule(return_with_an_open_scope, "misuse_test.c:19");
}

static void closing_a_scope_that_is_not_the_innermost_is_misuse(void **state)
{
    (void)state;
    check_rule(close_the_wrong_scope, "firth_scope_close");
}

static void opening_below_a_scope_that_is_not_the_innermost_is_misuse(void **state)
{
    (void)state;
    check_rule(open_below_the_wrong_scope, "firth_scope_open");
}

static void spawning_in_a_closed_scope_is_misuse(void **state)
{
    (void)state;
    check_rule(spawn_in_a_closed_scope, "firth_spawn");
}

static void running_a_selector_inside_a_task_is_misuse(void **state)
{
    (void)state;
    check_rule(run_inside_a_task, "firth_run");
}

static void using_a_socket_after_it_was_closed_is_misuse(void **state)
{
    (void)state;
    check_rule(close_a_socket_twice, "a socket after it was closed");
}

/* Outside a task a call that may suspend has nothing to suspend. */
static void suspending_outside_a_task_is_misuse(void **state)
{
    (void)state;
#ifndef FIRTH_DEBUG
    assert_int_equal(firth_sleep(1), FIRTH_ERR_MISUSE);
    assert_int_equal(firth_yield(), FIRTH_ERR_MISUSE);
    assert_int_equal(firth_last_failure()->code, FIRTH_ERR_MISUSE);
#else
    assert_null(firth_scope_current());
#endif
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(returning_with_an_open_scope_names_its_opener),
        cmocka_unit_test(closing_a_scope_that_is_not_the_innermost_is_misuse),
        cmocka_unit_test(opening_below_a_scope_that_is_not_the_innermost_is_misuse),
        cmocka_unit_test(spawning_in_a_closed_scope_is_misuse),
        cmocka_unit_test(running_a_selector_inside_a_task_is_misuse),
        cmocka_unit_test(using_a_socket_after_it_was_closed_is_misuse),
        cmocka_unit_test(suspending_outside_a_task_is_misuse),
    };

    return support_main(argc, argv, "misuse", tests, sizeof tests / sizeof tests[0]);
}
