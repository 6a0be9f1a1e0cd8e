/* SPDX-License-Identifier: Apache-2.0 */
/* SIGINT and SIGTERM. Each test is a process of its own, so that no disposition is left behind. */
#include "tests/support/support.h"

#include <firth/port.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

/* Inside a child: notes the failure, and goes on. */
#define NOTE(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            (void)support_failed(__FILE__, __LINE__, #condition);                                                      \
    } while (0)

static volatile sig_atomic_t own_handler_calls;

static void own_handler(int number)
{
    (void)number;
    own_handler_calls++;
}

static void add_one(void *argument)
{
    atomic_fetch_add((atomic_int *)argument, 1);
}

static void set_action(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};

    sigemptyset(&action.sa_mask);
    NOTE(sigaction(number, &action, NULL) == 0);
}

static void (*action_of(int number))(int)
{
    struct sigaction now;

    NOTE(sigaction(number, NULL, &now) == 0);
    return now.sa_handler;
}

/* In the child the test runner's dispositions, which may ignore the signals, are not in the way. */
static void begin(void)
{
    set_action(SIGINT, SIG_DFL);
    set_action(SIGTERM, SIG_DFL);
}

static int status_of(void (*fn)(void *), void *argument)
{
    char text[4096];
    int status = support_in_child(fn, argument, text, sizeof text);

    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        print_error("%s", text);
    return status;
}

static void check(void (*fn)(void *))
{
    assert_int_equal(status_of(fn, NULL), 0);
}

/* ---- notify ------------------------------------------------------------------------------------------------------ */

static void watch_one_signal(void *argument)
{
    int number = *(const int *)argument;
    atomic_int calls = 0;
    firth_port_interrupt watch = {.notify = add_one, .argument = &calls};

    begin();
    NOTE(firth_port_interrupt_watch(&watch) == FIRTH_OK);
    NOTE(calls == 0);
    raise(number);
    NOTE(calls == 1);
    firth_port_interrupt_forget(&watch);
}

static void an_interrupt_notifies(void **state)
{
    int number = SIGINT;

    (void)state;
    assert_int_equal(status_of(watch_one_signal, &number), 0);
}

static void a_termination_notifies(void **state)
{
    int number = SIGTERM;

    (void)state;
    assert_int_equal(status_of(watch_one_signal, &number), 0);
}

static void watch_twice(void *argument)
{
    atomic_int first_calls = 0, second_calls = 0;
    firth_port_interrupt first = {.notify = add_one, .argument = &first_calls};
    firth_port_interrupt second = {.notify = add_one, .argument = &second_calls};

    (void)argument;
    begin();
    NOTE(firth_port_interrupt_watch(&first) == FIRTH_OK);
    NOTE(firth_port_interrupt_watch(&second) == FIRTH_OK);
    firth_port_interrupt_forget(&first);
    raise(SIGINT); /* the signals stay taken while anybody watches */
    NOTE(first_calls == 0 && second_calls == 1);
    firth_port_interrupt_forget(&second);
    NOTE(action_of(SIGINT) == SIG_DFL && action_of(SIGTERM) == SIG_DFL);
}

static void who_watches_is_notified_and_who_has_forgotten_is_not(void **state)
{
    (void)state;
    check(watch_twice);
}

static void watch_too_often(void *argument)
{
    firth_port_interrupt watches[65];
    atomic_int calls = 0;
    int count = 0, rc = FIRTH_OK;

    (void)argument;
    begin();
    while (count < 65 && rc == FIRTH_OK) {
        watches[count] = (firth_port_interrupt){.notify = add_one, .argument = &calls};
        rc = firth_port_interrupt_watch(&watches[count]);
        count += rc == FIRTH_OK;
    }
    NOTE(rc == FIRTH_ERR_NO_MEMORY && count == 64);
    raise(SIGTERM);
    NOTE(calls == 64);
    while (count > 0)
        firth_port_interrupt_forget(&watches[--count]);
    NOTE(action_of(SIGTERM) == SIG_DFL);
}

static void one_watch_too_many_is_an_error(void **state)
{
    (void)state;
    check(watch_too_often);
}

/* ---- the second signal ------------------------------------------------------------------------------------------- */

static void interrupt_twice(void *argument)
{
    const int *numbers = argument;
    atomic_int calls = 0;
    firth_port_interrupt watch = {.notify = add_one, .argument = &calls};

    begin();
    NOTE(firth_port_interrupt_watch(&watch) == FIRTH_OK);
    raise(numbers[0]);
    if (calls == 1)
        raise(numbers[1]);
    firth_port_interrupt_forget(&watch);
}

static void the_second_interrupt_kills(void **state)
{
    int numbers[] = {SIGINT, SIGINT}, status = status_of(interrupt_twice, numbers);

    (void)state;
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}

static void the_second_signal_kills_if_it_is_the_other_one_too(void **state)
{
    int numbers[] = {SIGINT, SIGTERM}, status = status_of(interrupt_twice, numbers);

    (void)state;
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void interrupt_again_and_again(void *argument)
{
    atomic_int calls = 0;
    firth_port_interrupt watch = {.notify = add_one, .argument = &calls};

    (void)argument;
    begin();
    for (int i = 1; i <= 3; i++) {
        NOTE(firth_port_interrupt_watch(&watch) == FIRTH_OK);
        raise(SIGINT);
        NOTE(calls == i);
        firth_port_interrupt_forget(&watch);
    }
}

static void the_next_watch_has_a_first_signal_again(void **state)
{
    (void)state;
    check(interrupt_again_and_again);
}

/* ---- what was there before --------------------------------------------------------------------------------------- */

static void restore(void *argument)
{
    bool interrupted = *(const bool *)argument;
    atomic_int calls = 0;
    firth_port_interrupt watch = {.notify = add_one, .argument = &calls};

    set_action(SIGINT, own_handler);
    set_action(SIGTERM, SIG_DFL);
    NOTE(firth_port_interrupt_watch(&watch) == FIRTH_OK);
    if (interrupted)
        raise(SIGINT);
    NOTE(calls == interrupted && own_handler_calls == 0);
    firth_port_interrupt_forget(&watch);
    NOTE(action_of(SIGINT) == own_handler && action_of(SIGTERM) == SIG_DFL);
    raise(SIGINT);
    NOTE(own_handler_calls == 1);
}

static void forgetting_restores_the_earlier_handler(void **state)
{
    bool interrupted = false;

    (void)state;
    assert_int_equal(status_of(restore, &interrupted), 0);
}

static void forgetting_restores_the_earlier_handler_after_an_interrupt_too(void **state)
{
    bool interrupted = true;

    (void)state;
    assert_int_equal(status_of(restore, &interrupted), 0);
}

static void replace(void *argument)
{
    atomic_int calls = 0;
    firth_port_interrupt watch = {.notify = add_one, .argument = &calls};

    (void)argument;
    begin();
    NOTE(firth_port_interrupt_watch(&watch) == FIRTH_OK);
    set_action(SIGTERM, own_handler);
    raise(SIGTERM);
    NOTE(own_handler_calls == 1 && calls == 0);
    raise(SIGINT);
    NOTE(calls == 1);
    NOTE(action_of(SIGTERM) == own_handler);
    firth_port_interrupt_forget(&watch);
    NOTE(action_of(SIGTERM) == own_handler && action_of(SIGINT) == SIG_DFL);
}

static void a_handler_that_was_installed_since_is_left_alone(void **state)
{
    (void)state;
    check(replace);
}

static void ignore(void *argument)
{
    atomic_int calls = 0;
    firth_port_interrupt watch = {.notify = add_one, .argument = &calls};

    (void)argument;
    set_action(SIGINT, SIG_IGN);
    set_action(SIGTERM, SIG_DFL);
    NOTE(firth_port_interrupt_watch(&watch) == FIRTH_OK);
    raise(SIGINT);
    NOTE(calls == 0);
    NOTE(action_of(SIGINT) == SIG_IGN);
    raise(SIGTERM);
    NOTE(calls == 1);
    raise(SIGINT);
    NOTE(action_of(SIGINT) == SIG_IGN);
    firth_port_interrupt_forget(&watch);
    NOTE(action_of(SIGINT) == SIG_IGN && action_of(SIGTERM) == SIG_DFL);
}

static void an_ignored_signal_stays_ignored(void **state)
{
    (void)state;
    check(ignore);
}

/* ---- another thread ---------------------------------------------------------------------------------------------- */

enum { ROUNDS = 50, LONG = 2000 };

typedef struct other_thread {
    atomic_int wanted; /* signals, so far */
    atomic_int begun;  /* notifications, so far */
    atomic_bool inside;
} other_thread;

/* Takes its time, so that it is still running when the watch is forgotten. */
static void linger(void *argument)
{
    other_thread *other = argument;

    atomic_store(&other->inside, true);
    atomic_fetch_add(&other->begun, 1);
    for (int i = 0; i < LONG; i++)
        sched_yield();
    atomic_store(&other->inside, false);
}

static void *interrupt_self(void *argument)
{
    other_thread *other = argument;

    for (int sent = 0; sent < ROUNDS; sent++) {
        while (atomic_load(&other->wanted) == sent)
            sched_yield();
        pthread_kill(pthread_self(), SIGINT); /* the handler runs here */
    }
    return NULL;
}

static void forget_while_notified(void *argument)
{
    other_thread other = {0};
    firth_port_interrupt watch = {.notify = linger, .argument = &other};
    pthread_t thread;

    (void)argument;
    begin();
    NOTE(pthread_create(&thread, NULL, interrupt_self, &other) == 0);
    for (int i = 1; i <= ROUNDS; i++) {
        NOTE(firth_port_interrupt_watch(&watch) == FIRTH_OK);
        atomic_fetch_add(&other.wanted, 1);
        while (atomic_load(&other.begun) < i)
            sched_yield();
        firth_port_interrupt_forget(&watch);
        NOTE(!atomic_load(&other.inside));
    }
    pthread_join(thread, NULL);
    NOTE(other.begun == ROUNDS);
    NOTE(action_of(SIGINT) == SIG_DFL);
}

static void forgetting_waits_for_a_notification_under_way(void **state)
{
    (void)state;
    check(forget_while_notified);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interrupt_notifies),
        cmocka_unit_test(a_termination_notifies),
        cmocka_unit_test(who_watches_is_notified_and_who_has_forgotten_is_not),
        cmocka_unit_test(one_watch_too_many_is_an_error),
        cmocka_unit_test(the_second_interrupt_kills),
        cmocka_unit_test(the_second_signal_kills_if_it_is_the_other_one_too),
        cmocka_unit_test(the_next_watch_has_a_first_signal_again),
        cmocka_unit_test(forgetting_restores_the_earlier_handler),
        cmocka_unit_test(forgetting_restores_the_earlier_handler_after_an_interrupt_too),
        cmocka_unit_test(a_handler_that_was_installed_since_is_left_alone),
        cmocka_unit_test(an_ignored_signal_stays_ignored),
        cmocka_unit_test(forgetting_waits_for_a_notification_under_way),
    };

    return support_main(argc, argv, "interrupt", tests, sizeof tests / sizeof *tests);
}
