/* SPDX-License-Identifier: Apache-2.0 */
/* Names whose server takes its time, or never answers: whom that holds up, and whom not. */
#include "tests/names/name_server.h"

#include <stdio.h>

/* A task that asks for a name. */
typedef struct asker {
    char host[64];
    int result;
    bool ended;
    int *begun;
    firth_address address;
} asker;

static int ask(firth_scope *scope, void *argument)
{
    asker *self = argument;

    (void)scope;
    if (self->begun != NULL)
        ++*self->begun;
    self->result = firth_resolve(self->host, NULL, NULL, &self->address, 1);
    self->ended = true;
    return FIRTH_OK;
}

static int until_asked(const char *prefix, int count)
{
    while (names_asked(prefix) < count)
        EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    return FIRTH_OK;
}

/* Asks for a name that is not answered in time. */
static int give_up_on(firth_scope *scope, const char *host, int64_t timeout_ms)
{
    const firth_scope_options soon = {.timeout_ms = timeout_ms};
    firth_address address;
    firth_scope within;
    int rc;

    firth_scope_open(&within, scope, &soon);
    rc = firth_resolve(host, NULL, NULL, &address, 1);
    EXPECT_EQUAL(rc, FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_scope_close(&within, rc), FIRTH_ERR_TIMED_OUT);
    return FIRTH_OK;
}

/* Asks for a name, and gives up when the server has been asked so often for names that begin with "held" or "dead". */
static int leave_behind(firth_scope *scope, const char *host, int asked)
{
    asker one = {.ended = false};
    firth_scope asking;

    snprintf(one.host, sizeof one.host, "%s", host);
    firth_scope_open(&asking, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&asking, ask, &one, NULL), FIRTH_OK);
    EXPECT_EQUAL(until_asked(host[0] == 'h' ? "held" : "dead", asked), FIRTH_OK);
    EXPECT(!one.ended);
    firth_scope_cancel(&asking);
    EXPECT_EQUAL(firth_scope_close(&asking, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(one.result, FIRTH_ERR_CANCELED);
    return FIRTH_OK;
}

static int expect_fast(const char *host)
{
    firth_address address = {.family = FIRTH_FAMILY_NONE};

    EXPECT_EQUAL(firth_resolve(host, "80", NULL, &address, 1), 1);
    EXPECT(strcmp(firth_address_text(&address).text, "127.0.0.9:80") == 0);
    return FIRTH_OK;
}

NAMES_TEST(names_that_nobody_answers_do_not_delay_one_that_is_answered)
{
    enum { COUNT = 40 }; /* more than names may be looked up at a time by default */
    static asker dead[COUNT];
    firth_scope asking;

    firth_scope_open(&asking, scope, NULL);
    for (int i = 0; i < COUNT; i++) {
        snprintf(dead[i].host, sizeof dead[i].host, "dead%d.test", i);
        EXPECT_EQUAL(firth_spawn(&asking, ask, &dead[i], NULL), FIRTH_OK);
    }
    EXPECT_EQUAL(until_asked("dead", COUNT), FIRTH_OK);
    for (int i = 0; i < 10; i++) {
        char host[32];

        snprintf(host, sizeof host, "fast%d.test", i);
        EXPECT_EQUAL(expect_fast(host), FIRTH_OK);
    }
    for (int i = 0; i < COUNT; i++)
        EXPECT(!dead[i].ended);
    firth_scope_cancel(&asking);
    EXPECT_EQUAL(firth_scope_close(&asking, FIRTH_OK), FIRTH_OK);
    for (int i = 0; i < COUNT; i++)
        EXPECT_EQUAL(dead[i].result, FIRTH_ERR_CANCELED);
    return FIRTH_OK;
}

NAMES_TEST(those_who_ask_for_one_name_share_a_look_up)
{
    enum { COUNT = 50 };
    static asker askers[COUNT];
    firth_scope asking;
    int begun = 0;

    firth_scope_open(&asking, scope, NULL);
    for (int i = 0; i < COUNT; i++) {
        askers[i] = (asker){.host = "held.test", .begun = &begun};
        EXPECT_EQUAL(firth_spawn(&asking, ask, &askers[i], NULL), FIRTH_OK);
    }
    EXPECT_EQUAL(until_asked("held", 1), FIRTH_OK);
    EXPECT_EQUAL(begun, COUNT);
    for (int i = 0; i < COUNT; i++)
        EXPECT(!askers[i].ended);
    names_answer_held();
    EXPECT_EQUAL(firth_scope_close(&asking, FIRTH_OK), FIRTH_OK);
    for (int i = 0; i < COUNT; i++) {
        EXPECT_EQUAL(askers[i].result, 1);
        EXPECT(strcmp(firth_address_ip_text(&askers[i].address).text, "127.0.0.9") == 0);
    }
    EXPECT_EQUAL(names_asked("held"), 1);
    return FIRTH_OK;
}

/* Other families and ports are other questions; only the port is no reason to ask. */
NAMES_TEST(what_is_shared_is_the_same_question)
{
    const firth_resolve_options six = {.family = FIRTH_FAMILY_IPV6};
    firth_address address = {.family = FIRTH_FAMILY_NONE};
    asker four = {.host = "held.test"};
    firth_scope asking;

    firth_scope_open(&asking, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&asking, ask, &four, NULL), FIRTH_OK);
    EXPECT_EQUAL(until_asked("held", 1), FIRTH_OK);
    names_answer_held();
    EXPECT_EQUAL(firth_resolve("held.test", "443", &six, &address, 1), FIRTH_ERR_NAME_NOT_FOUND);
    EXPECT_EQUAL(firth_resolve("held.test", "443", NULL, &address, 1), 1);
    EXPECT_EQUAL(address.port, 443);
    EXPECT_EQUAL(firth_scope_close(&asking, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(four.result, 1);
    EXPECT_EQUAL(four.address.port, 0);
    return FIRTH_OK;
}

NAMES_TEST(a_deadline_ends_the_wait_at_once_and_the_next_gets_the_answer)
{
    asker next = {.host = "held.test"};
    firth_scope asking;

    EXPECT_EQUAL(give_up_on(scope, "held.test", 50), FIRTH_OK);
    firth_scope_open(&asking, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&asking, ask, &next, NULL), FIRTH_OK);
    EXPECT_EQUAL(until_asked("held", 1), FIRTH_OK);
    EXPECT(!next.ended);
    names_answer_held();
    EXPECT_EQUAL(firth_scope_close(&asking, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(next.result, 1);
    return FIRTH_OK;
}

/* One of those who share a look-up gives up; the others do not notice. */
NAMES_TEST(who_gives_up_takes_nothing_from_those_who_wait_on)
{
    asker askers[3] = {{.host = "held.test"}, {.host = "held.test"}, {.host = "held.test"}};
    firth_scope asking, leaving;

    firth_scope_open(&asking, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&asking, ask, &askers[0], NULL), FIRTH_OK);
    firth_scope_open(&leaving, &asking, NULL);
    EXPECT_EQUAL(firth_spawn(&leaving, ask, &askers[1], NULL), FIRTH_OK);
    EXPECT_EQUAL(until_asked("held", 1), FIRTH_OK);
    firth_scope_cancel(&leaving);
    EXPECT_EQUAL(firth_scope_close(&leaving, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(askers[1].result, FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_spawn(&asking, ask, &askers[2], NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    names_answer_held();
    EXPECT_EQUAL(firth_scope_close(&asking, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(askers[0].result, 1);
    EXPECT_EQUAL(askers[2].result, 1);
    return FIRTH_OK;
}

/* Tries of 550 ms: a second look-up begins when the first is a second old, and no third. */
NAMES_TEST(a_name_asked_for_again_and_again_has_two_threads_at_most)
{
    EXPECT_EQUAL(leave_behind(scope, "dead.test", 1), FIRTH_OK);
    for (int i = 0; i < 6; i++)
        EXPECT_EQUAL(give_up_on(scope, "dead.test", 550), FIRTH_OK);
    EXPECT_EQUAL(names_asked("dead"), 2);
    return FIRTH_OK;
}

static int expect_fast_in_a_scope(firth_scope *scope, void *argument)
{
    (void)scope;
    return expect_fast(argument);
}

/* Long before the resolver gives anybody up. */
static int expect_fast_soon(const char *host)
{
    char copy[32];

    snprintf(copy, sizeof copy, "%s", host);
    EXPECT_EQUAL(firth_with_timeout(15000, expect_fast_in_a_scope, copy), FIRTH_OK);
    return FIRTH_OK;
}

static int go_on_after_names_given_up(firth_scope *scope, void *argument)
{
    char host[32];

    (void)argument;
    for (int i = 1; i < 8; i++) {
        snprintf(host, sizeof host, "held%d.test", i);
        EXPECT_EQUAL(leave_behind(scope, host, i), FIRTH_OK);
    }
    EXPECT_EQUAL(expect_fast_soon("fast1.test"), FIRTH_OK);
    EXPECT(support_log_text()[0] == '\0');
    names_answer_held();
    return FIRTH_OK;
}

static void names_that_were_given_up_do_not_hold_up_the_next(void **state)
{
    (void)state;
    names_run(go_on_after_names_given_up, 2);
}

static int go_on_beside_names_waited_for(firth_scope *scope, void *argument)
{
    enum { COUNT = 7 };
    static asker dead[COUNT];
    firth_scope asking;

    (void)argument;
    firth_scope_open(&asking, scope, NULL);
    for (int i = 0; i < COUNT; i++) {
        snprintf(dead[i].host, sizeof dead[i].host, "dead%d.test", i);
        EXPECT_EQUAL(firth_spawn(&asking, ask, &dead[i], NULL), FIRTH_OK);
    }
    EXPECT_EQUAL(firth_yield(), FIRTH_OK); /* all of them are before it in the queue */
    EXPECT_EQUAL(expect_fast_soon("fast1.test"), FIRTH_OK);
    EXPECT_EQUAL(until_asked("dead", COUNT), FIRTH_OK);
    for (int i = 0; i < COUNT; i++)
        EXPECT(!dead[i].ended);
    firth_scope_cancel(&asking);
    return firth_scope_close(&asking, FIRTH_OK);
}

static void more_dead_names_than_count_hold_up_the_next_for_a_while_only(void **state)
{
    (void)state;
    names_run(go_on_beside_names_waited_for, 2);
}

/* The system may have no table of services, which it says as soon. */
static int resolve_service(firth_scope *scope, void *argument)
{
    firth_address address;
    int rc = firth_resolve("192.0.2.7", "https", NULL, &address, 1);

    (void)scope;
    (void)argument;
    EXPECT(rc == 1 || (rc == FIRTH_ERR_NAME_NOT_FOUND && strcmp(firth_last_failure()->step, "service") == 0));
    return FIRTH_OK;
}

/* Two that count, and the six threads that there may be for others. */
static int wait_when_all_threads_are_stuck(firth_scope *scope, void *argument)
{
    const char *reported;
    char host[32];

    (void)argument;
    for (int i = 1; i <= 8; i++) {
        snprintf(host, sizeof host, "held%d.test", i);
        EXPECT_EQUAL(leave_behind(scope, host, i), FIRTH_OK);
    }
    EXPECT(support_log_text()[0] == '\0');
    EXPECT_EQUAL(give_up_on(scope, "fast1.test", 50), FIRTH_OK);
    EXPECT_EQUAL(give_up_on(scope, "fast2.test", 20), FIRTH_OK);
    EXPECT_EQUAL(firth_with_timeout(15000, resolve_service, NULL), FIRTH_OK);
    reported = strstr(support_log_text(), "all 8 are busy, 8 of them with names that nobody waits for");
    EXPECT(reported != NULL);
    EXPECT(strstr(reported + 1, "all 8") == NULL); /* once */
    EXPECT_EQUAL(names_asked("fast"), 0);
    names_answer_held();
    EXPECT_EQUAL(expect_fast("fast1.test"), FIRTH_OK);
    EXPECT_EQUAL(names_asked("fast1"), 1); /* what was given up before it began is forgotten */
    return FIRTH_OK;
}

static void when_all_threads_are_stuck_the_next_waits_and_the_log_says_why(void **state)
{
    (void)state;
    names_run(wait_when_all_threads_are_stuck, 2);
}

static int add_one(void *argument)
{
    ++*(int *)argument;
    return 42;
}

static int work_beside_a_stuck_name(firth_scope *scope, void *argument)
{
    firth_address address;
    int number = 0;

    (void)argument;
    EXPECT_EQUAL(leave_behind(scope, "dead.test", 1), FIRTH_OK);
    EXPECT_EQUAL(firth_blocking(add_one, &number), 42);
    EXPECT_EQUAL(number, 1);
    EXPECT_EQUAL(firth_resolve("192.0.2.1", "80", NULL, &address, 1), 1);
    return FIRTH_OK;
}

static void blocking_work_and_numbers_do_not_wait_for_names(void **state)
{
    (void)state;
    names_run(work_beside_a_stuck_name, 1);
}

NAMES_TEST(connecting_to_a_name_that_nobody_answers_times_out)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;

    tcp.connect_timeout_ms = 50;
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "dead.test", 80, &socket), FIRTH_ERR_TIMED_OUT);
    EXPECT(socket == NULL);
    return FIRTH_OK;
}

/* The resolver would wait for 30 s. The thread frees what it has when it is answered, with nobody there to take it. */
static int leave_a_name_behind(firth_scope *scope, void *argument)
{
    (void)argument;
    return leave_behind(scope, "held.test", 1);
}

static int run_and_leave(void *argument)
{
    firth_selector_options options = support_options();

    return firth_run_with(&options, leave_a_name_behind, argument);
}

NAMES_TEST(a_selector_closes_while_a_name_is_not_answered)
{
    int64_t start_ns = firth_now_ns();
    firth_address address;

    EXPECT_EQUAL(firth_blocking(run_and_leave, NULL), FIRTH_OK);
    EXPECT(firth_now_ns() - start_ns < 20 * INT64_C(1000000000));
    names_answer_held();
    EXPECT_EQUAL(firth_resolve("held.test", NULL, NULL, &address, 1), 1);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_nobody_answers_do_not_delay_one_that_is_answered),
        cmocka_unit_test(those_who_ask_for_one_name_share_a_look_up),
        cmocka_unit_test(what_is_shared_is_the_same_question),
        cmocka_unit_test(a_deadline_ends_the_wait_at_once_and_the_next_gets_the_answer),
        cmocka_unit_test(who_gives_up_takes_nothing_from_those_who_wait_on),
        cmocka_unit_test(a_name_asked_for_again_and_again_has_two_threads_at_most),
        cmocka_unit_test(names_that_were_given_up_do_not_hold_up_the_next),
        cmocka_unit_test(more_dead_names_than_count_hold_up_the_next_for_a_while_only),
        cmocka_unit_test(when_all_threads_are_stuck_the_next_waits_and_the_log_says_why),
        cmocka_unit_test(blocking_work_and_numbers_do_not_wait_for_names),
        cmocka_unit_test(connecting_to_a_name_that_nobody_answers_times_out),
        cmocka_unit_test(a_selector_closes_while_a_name_is_not_answered),
    };

    return support_main(argc, argv, "slow_server", tests, sizeof tests / sizeof *tests);
}
