/* SPDX-License-Identifier: Apache-2.0 */
/* Stack overflows and other faults, each in a process of its own. */
#include "tests/support/support.h"

#include <firth/port.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_BYTES = 32 * 1024, GUARD_BYTES = 64 * 1024 };

/* A stack with its guard below it, and the context that runs on it. */
typedef struct small_stack {
    char *guard;
    firth_context thread;
    firth_context task;
    firth_port_overflow watch;
} small_stack;

static bool describe(void *argument, const void *address, char *text, size_t size)
{
    const small_stack *small = argument;
    const char *fault = address;

    if (fault < small->guard || fault >= small->guard + GUARD_BYTES)
        return false;
    snprintf(text, size, "the small stack overflowed\n");
    return true;
}

static int recurse(volatile const char *above, int depth)
{
    volatile char here[256];

    here[0] = (char)(above[0] + 1);
    if (depth == 0)
        return here[0];
    return recurse(here, depth - 1) + here[0];
}

static void overflow(void *argument)
{
    small_stack *small = argument;
    volatile char first = 0;

    (void)recurse(&first, 1000 * 1000);
    firth_context_leave(&small->task, &small->thread);
}

static void open_stack(small_stack *small)
{
    *small = (small_stack){.guard = firth_port_pages_reserve(GUARD_BYTES + STACK_BYTES)};
    small->watch = (firth_port_overflow){.describe = describe, .argument = small};
    if (small->guard == NULL || firth_port_pages_guard(small->guard, GUARD_BYTES) != FIRTH_OK)
        abort();
}

static void run_over(small_stack *small)
{
    firth_context_of_thread(&small->thread);
    firth_context_make(&small->task, small->guard + GUARD_BYTES, STACK_BYTES, overflow, small);
    firth_context_switch(&small->thread, &small->task);
}

static void watch(small_stack *small)
{
    if (firth_port_overflow_watch(&small->watch) != FIRTH_OK)
        abort();
}

static void fault_elsewhere(void)
{
    char *pages = mmap(NULL, firth_port_page_bytes(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    *(volatile char *)pages = 1;
}

typedef struct act {
    void (*fn)(void *);
} act;

/* cmocka and the sanitizers have handlers of their own for these. */
static void run_with_default_actions(void *argument)
{
    const act *what = argument;

    if (signal(SIGSEGV, SIG_DFL) == SIG_ERR || signal(SIGBUS, SIG_DFL) == SIG_ERR)
        abort();
    what->fn(NULL);
}

static char said[64 * 1024];

/* The signal that fn died of, its standard error in said; 0 if it lived. */
static int death_of(void (*fn)(void *))
{
    act what = {fn};
    int status = support_in_child(run_with_default_actions, &what, said, sizeof said);

    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        print_error("%s", said);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static bool is_described(void)
{
    return strstr(said, "the small stack overflowed\n") != NULL;
}

/* ---- the report -------------------------------------------------------------------------------------------------- */

static void watch_and_overflow(void *argument)
{
    small_stack small;

    (void)argument;
    open_stack(&small);
    watch(&small);
    run_over(&small);
}

static void an_overflow_is_described_and_dies_of_its_signal(void **state)
{
    (void)state;
    assert_int_equal(death_of(watch_and_overflow), SIGSEGV);
    assert_true(is_described());
}

static void overflow_unwatched(void *argument)
{
    small_stack small;

    (void)argument;
    open_stack(&small);
    watch(&small);
    firth_port_overflow_forget(&small.watch);
    run_over(&small);
}

static void a_forgotten_watch_describes_nothing(void **state)
{
    (void)state;
    assert_int_equal(death_of(overflow_unwatched), SIGSEGV);
    assert_false(is_described());
}

static void watch_two_and_overflow(void *argument)
{
    small_stack first, second;

    (void)argument;
    open_stack(&first);
    open_stack(&second);
    watch(&first);
    watch(&second);
    firth_port_overflow_forget(&first.watch); /* the stack that the handler runs on was this one's */
    run_over(&second);
}

static void the_other_watches_of_a_thread_go_on(void **state)
{
    (void)state;
    assert_int_equal(death_of(watch_two_and_overflow), SIGSEGV);
    assert_true(is_described());
}

static void *overflow_in_thread(void *argument)
{
    watch_and_overflow(argument);
    return NULL;
}

static void watch_here_and_overflow_there(void *argument)
{
    small_stack small;
    pthread_t thread;

    (void)argument;
    open_stack(&small);
    watch(&small);
    if (pthread_create(&thread, NULL, overflow_in_thread, NULL) == 0)
        pthread_join(thread, NULL);
}

static void each_thread_has_its_own_watches_and_stack_for_them(void **state)
{
    (void)state;
    assert_int_equal(death_of(watch_here_and_overflow_there), SIGSEGV);
    assert_true(is_described());
}

/* ---- other faults ------------------------------------------------------------------------------------------------ */

static void watch_and_fault(void *argument)
{
    small_stack small;

    (void)argument;
    open_stack(&small);
    watch(&small);
    fault_elsewhere();
}

static bool is_under_valgrind(void)
{
    const char *preloaded = getenv("LD_PRELOAD");

    return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

static void another_fault_is_the_programs_own_death(void **state)
{
    (void)state;
    assert_int_equal(death_of(watch_and_fault), SIGSEGV);
    if (!is_under_valgrind()) /* which remarks on it */
        assert_string_equal(said, "");
}

static void *fault_in_thread(void *argument)
{
    (void)argument;
    fault_elsewhere();
    return NULL;
}

static void watch_here_and_fault_there(void *argument)
{
    small_stack small;
    pthread_t thread;

    (void)argument;
    open_stack(&small);
    watch(&small);
    if (pthread_create(&thread, NULL, fault_in_thread, NULL) == 0)
        pthread_join(thread, NULL);
}

static void a_fault_of_a_thread_that_watches_nothing_is_its_own_death(void **state)
{
    (void)state;
    assert_int_equal(death_of(watch_here_and_fault_there), SIGSEGV);
    assert_false(is_described());
}

static void watch_and_be_killed(void *argument)
{
    small_stack small;

    (void)argument;
    open_stack(&small);
    watch(&small);
    kill(getpid(), SIGSEGV);
}

static void a_fault_signal_that_was_sent_kills(void **state)
{
    (void)state;
    assert_int_equal(death_of(watch_and_be_killed), SIGSEGV);
    assert_false(is_described());
}

static void watch_and_raise(void *argument)
{
    small_stack small;

    (void)argument;
    open_stack(&small);
    watch(&small);
    (void)raise(SIGSEGV);
}

static void a_fault_signal_that_was_raised_kills(void **state)
{
    (void)state;
    assert_int_equal(death_of(watch_and_raise), SIGSEGV);
    assert_false(is_described());
}

/* ---- the program's own ------------------------------------------------------------------------------------------- */

static void leave_by_own_handler(int number)
{
    (void)number;
    (void)!write(STDERR_FILENO, "own handler\n", 12);
    _exit(0);
}

static void set_own_handler(void)
{
    static char alternate[64 * 1024];
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    struct sigaction action = {.sa_handler = leave_by_own_handler, .sa_flags = SA_ONSTACK};

    sigemptyset(&action.sa_mask);
    if (sigaltstack(&stack, NULL) != 0 || sigaction(SIGSEGV, &action, NULL) != 0)
        abort();
}

static void handle_and_watch(void *argument)
{
    small_stack small;

    (void)argument;
    set_own_handler();
    open_stack(&small);
    watch(&small);
    run_over(&small);
}

static void a_program_keeps_its_own_handler(void **state)
{
    (void)state;
    assert_int_equal(death_of(handle_and_watch), 0);
    assert_non_null(strstr(said, "own handler\n"));
    assert_false(is_described());
}

static void watch_and_handle(void *argument)
{
    small_stack small;
    stack_t now;

    (void)argument;
    open_stack(&small);
    watch(&small);
    set_own_handler();
    firth_port_overflow_forget(&small.watch);
    if (sigaltstack(NULL, &now) != 0 || (now.ss_flags & SS_DISABLE) != 0)
        abort();
    run_over(&small);
}

static void a_handler_installed_since_outlives_the_watch(void **state)
{
    (void)state;
    assert_int_equal(death_of(watch_and_handle), 0);
    assert_non_null(strstr(said, "own handler\n"));
}

static void watch_and_forget(void *argument)
{
    small_stack small;
    struct sigaction now;
    stack_t before, after; /* a sanitizer has set one */

    (void)argument;
    open_stack(&small);
    if (sigaltstack(NULL, &before) != 0)
        abort();
    for (int i = 0; i < 3; i++) {
        watch(&small);
        if (sigaction(SIGSEGV, NULL, &now) != 0 || now.sa_handler == SIG_DFL)
            abort();
        firth_port_overflow_forget(&small.watch);
        if (sigaction(SIGSEGV, NULL, &now) != 0 || now.sa_handler != SIG_DFL)
            abort();
        if (sigaltstack(NULL, &after) != 0 || after.ss_flags != before.ss_flags)
            abort();
    }
}

static void nothing_is_left_after_the_last_watch(void **state)
{
    (void)state;
    assert_int_equal(death_of(watch_and_forget), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_overflow_is_described_and_dies_of_its_signal),
        cmocka_unit_test(a_forgotten_watch_describes_nothing),
        cmocka_unit_test(the_other_watches_of_a_thread_go_on),
        cmocka_unit_test(each_thread_has_its_own_watches_and_stack_for_them),
        cmocka_unit_test(another_fault_is_the_programs_own_death),
        cmocka_unit_test(a_fault_of_a_thread_that_watches_nothing_is_its_own_death),
        cmocka_unit_test(a_fault_signal_that_was_sent_kills),
        cmocka_unit_test(a_fault_signal_that_was_raised_kills),
        cmocka_unit_test(a_program_keeps_its_own_handler),
        cmocka_unit_test(a_handler_installed_since_outlives_the_watch),
        cmocka_unit_test(nothing_is_left_after_the_last_watch),
    };

    return support_main(argc, argv, "overflow", tests, sizeof tests / sizeof *tests);
}
