/* SPDX-License-Identifier: Apache-2.0 */
/* What firth_scope_close returns: every combination of what can have happened, against the rule in scope.h. */
#include "tests/support/support.h"

enum { CHILD_ERROR = -2001, BODY_ERROR = -2002 };

typedef enum child_kind {
    NO_CHILD,
    CHILD_SUCCEEDS,
    CHILD_FAILS,
    CHILD_WAITS, /* until it is cancelled */
    CHILD_KINDS
} child_kind;

typedef enum body_kind {
    BODY_OK,
    BODY_COUNT, /* a positive result */
    BODY_FAILS,
    BODY_CANCELED,
    BODY_KINDS
} body_kind;

typedef struct combination {
    child_kind child;
    body_kind body;
    bool outer_cancelled;
    bool expired;
    bool cancelled;
} combination;

static int child(firth_scope *scope, void *argument)
{
    const combination *what = argument;

    (void)scope;
    if (what->child == CHILD_FAILS)
        return CHILD_ERROR;
    return what->child == CHILD_WAITS ? firth_sleep(10000) : FIRTH_OK;
}

static int body_result(const combination *what)
{
    static const int results[BODY_KINDS] = {FIRTH_OK, 7, BODY_ERROR, FIRTH_ERR_CANCELED};

    return results[what->body];
}

/* The rule, written down a second time. */
static int expected(const combination *what)
{
    bool ended_early = what->body == BODY_CANCELED || what->child == CHILD_WAITS;

    if (what->child == CHILD_FAILS)
        return CHILD_ERROR;
    if (what->body == BODY_FAILS)
        return BODY_ERROR;
    if (ended_early && what->outer_cancelled)
        return FIRTH_ERR_CANCELED;
    if (ended_early && what->expired)
        return FIRTH_ERR_TIMED_OUT;
    return what->body == BODY_COUNT ? 7 : FIRTH_OK;
}

/* A child that waits for a cancel needs somebody to cancel it. */
static bool ends(const combination *what)
{
    return what->child != CHILD_WAITS || what->outer_cancelled || what->expired || what->cancelled ||
           what->body == BODY_FAILS || what->body == BODY_CANCELED;
}

static int close_one(firth_scope *scope, const combination *what)
{
    firth_scope_options options = {.timeout_ms = what->expired ? -1 : 0, .name = "tried"};
    firth_scope outer, tried;
    int rc = FIRTH_OK;

    firth_scope_open(&outer, scope, NULL);
    firth_scope_open(&tried, &outer, &options);
    if (what->child != NO_CHILD)
        rc = firth_spawn(&tried, child, (void *)(uintptr_t)what, NULL);
    EXPECT_EQUAL(rc, FIRTH_OK);
    if (what->outer_cancelled)
        firth_scope_cancel(&outer);
    if (what->cancelled)
        firth_scope_cancel(&tried);
    EXPECT_EQUAL(firth_scope_close(&tried, body_result(what)), expected(what));
    EXPECT_EQUAL(firth_scope_close(&outer, FIRTH_OK), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(every_combination_comes_to_what_the_rule_says)
{
    int tried = 0;

    for (int i = 0; i < CHILD_KINDS * BODY_KINDS * 8; i++) {
        combination what = {.child = (child_kind)(i / 8 % CHILD_KINDS),
                            .body = (body_kind)(i / 8 / CHILD_KINDS),
                            .outer_cancelled = (i & 1) != 0,
                            .expired = (i & 2) != 0,
                            .cancelled = (i & 4) != 0};

        if (!ends(&what))
            continue;
        tried++;
        if (close_one(scope, &what) < 0) {
            print_message("child %d, body %d, outer cancelled %d, expired %d, cancelled %d\n", (int)what.child,
                          (int)what.body, what.outer_cancelled, what.expired, what.cancelled);
            return FIRTH_ERR_USER;
        }
    }
    EXPECT(tried > 100);
    return FIRTH_OK;
}

TASK_TEST(a_childs_failure_is_told_with_its_details)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    firth_scope inner;

    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", support_closed_port(), &socket), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_ERR_REFUSED), FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(firth_last_failure()->code, FIRTH_ERR_REFUSED);
    EXPECT(firth_last_failure()->os_code != 0);
    return FIRTH_OK;
}

TASK_TEST(closing_waits_for_the_children)
{
    firth_scope inner;
    combination what = {.child = CHILD_SUCCEEDS};

    firth_scope_open(&inner, scope, NULL);
    for (int i = 0; i < 100; i++)
        EXPECT_EQUAL(firth_spawn(&inner, child, &what, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&inner, 3), 3);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_comes_to_what_the_rule_says),
        cmocka_unit_test(a_childs_failure_is_told_with_its_details),
        cmocka_unit_test(closing_waits_for_the_children),
    };

    return support_main(argc, argv, "closing scopes", tests, sizeof tests / sizeof tests[0]);
}
