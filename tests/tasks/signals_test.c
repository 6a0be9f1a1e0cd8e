/* SPDX-License-Identifier: Apache-2.0 */
/* What signals do to a program that uses Firth: nothing, but for the interrupt it asked for. */
#include "tests/support/support.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int echo(firth_scope *scope, void *argument)
{
    firth_socket *socket = argument;
    int64_t rc;

    firth_scope_own_socket(scope, socket);
    rc = firth_copy(firth_socket_input(socket), firth_socket_output(socket), FIRTH_NO_LIMIT);
    return rc < 0 ? (int)rc : FIRTH_OK;
}

/* Sends and gets back `rounds` times 1000 bytes. */
static int converse(firth_scope *scope, int rounds)
{
    firth_socket *a, *b;
    char sent[1000], got[1000];

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    firth_scope_own_socket(scope, a);
    EXPECT_EQUAL(firth_spawn(scope, echo, b, NULL), FIRTH_OK);
    for (int i = 0; i < rounds; i++) {
        support_fill(sent, sizeof sent, (uint64_t)i * sizeof sent);
        EXPECT_EQUAL(firth_write(firth_socket_output(a), sent, sizeof sent), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(a)), FIRTH_OK);
        EXPECT_EQUAL(firth_read_fully(firth_socket_input(a), got, sizeof got), sizeof got);
        EXPECT_BYTES(got, sent, sizeof got);
    }
    EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK); /* and the echo ends too */
    return FIRTH_OK;
}

static volatile sig_atomic_t alarms, alarms_end;

/* The next one is set here, so that there is time between them on the slowest machine. */
static void count_alarm(int number)
{
    const struct itimerval soon = {.it_value = {.tv_usec = 200}};

    (void)number;
    alarms++;
    if (!alarms_end)
        (void)setitimer(ITIMER_REAL, &soon, NULL);
}

/* Every system call that can be interrupted is, again and again: SA_RESTART is off. */
TASK_TEST(a_storm_of_signals_is_not_noticed)
{
    struct sigaction action = {.sa_handler = count_alarm}, ignore = {.sa_handler = SIG_IGN};
    struct itimerval soon = {.it_value = {.tv_usec = 200}}, off = {.it_value = {0}};
    int rc;

    alarms = alarms_end = 0;
    EXPECT_EQUAL(sigaction(SIGALRM, &action, NULL), 0);
    EXPECT_EQUAL(setitimer(ITIMER_REAL, &soon, NULL), 0);
    rc = converse(scope, 300);
    if (rc >= 0)
        rc = firth_sleep(50);
    alarms_end = 1;
    EXPECT_EQUAL(setitimer(ITIMER_REAL, &off, NULL), 0);
    EXPECT_EQUAL(sigaction(SIGALRM, &ignore, NULL), 0); /* the last may be on its way */
    EXPECT_EQUAL(rc, FIRTH_OK);
    EXPECT(alarms > 10);
    return FIRTH_OK;
}

static int converse_long(firth_scope *scope, void *argument)
{
    (void)argument;
    return converse(scope, 2000);
}

static int run_conversation(void)
{
    firth_selector_options options = firth_selector_defaults();

    options.backend = support_backend();
    return firth_run_with(&options, converse_long, NULL);
}

static void a_process_that_is_stopped_and_continued_goes_on(void **state)
{
    pid_t child;
    int status = 0;

    (void)state;
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(run_conversation() < 0 ? 1 : 0);
    for (int i = 0; i < 5; i++) {
        (void)usleep(3000); /* somewhere in the conversation; where does not matter */
        assert_int_equal(kill(child, SIGSTOP), 0);
        assert_int_equal(waitpid(child, &status, WUNTRACED), child);
        if (!WIFSTOPPED(status))
            break; /* it was over before */
        assert_int_equal(kill(child, SIGCONT), 0);
    }
    if (WIFSTOPPED(status))
        assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- interrupts -------------------------------------------------------------------------------------------------- */

static int wait_for_interrupt(firth_scope *scope, void *argument)
{
    (void)argument;
    firth_scope_cancel_on_interrupt(scope);
    if (raise(SIGINT) != 0)
        return FIRTH_ERR_USER;
    return firth_sleep(10000) == FIRTH_ERR_CANCELED ? FIRTH_ERR_CANCELED : FIRTH_ERR_USER;
}

static void interrupt_once(void *argument)
{
    firth_selector_options options = firth_selector_defaults();

    (void)argument;
    (void)signal(SIGINT, SIG_DFL);
    options.backend = support_backend();
    _exit(firth_run_with(&options, wait_for_interrupt, NULL) < 0 ? 1 : 0);
}

static void an_interrupt_cancels_the_scope_that_asked_for_it(void **state)
{
    int status = support_in_child(interrupt_once, NULL, NULL, 0);

    (void)state;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int be_interrupted_twice(firth_scope *scope, void *argument)
{
    (void)argument;
    firth_scope_cancel_on_interrupt(scope);
    for (int i = 0; i < 2; i++)
        if (raise(SIGINT) != 0)
            return FIRTH_ERR_USER;
    return FIRTH_OK;
}

static void interrupt_twice(void *argument)
{
    (void)argument;
    (void)signal(SIGINT, SIG_DFL);
    _exit(firth_run(be_interrupted_twice, NULL) < 0 ? 1 : 0);
}

static void a_second_interrupt_ends_the_program(void **state)
{
    int status = support_in_child(interrupt_twice, NULL, NULL, 0);

    (void)state;
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_storm_of_signals_is_not_noticed),
        cmocka_unit_test(a_process_that_is_stopped_and_continued_goes_on),
        cmocka_unit_test(an_interrupt_cancels_the_scope_that_asked_for_it),
        cmocka_unit_test(a_second_interrupt_ends_the_program),
    };

    return support_main(argc, argv, "signals", tests, sizeof tests / sizeof tests[0]);
}
