/* SPDX-License-Identifier: Apache-2.0 */
/* Locks, condition variables and threads; the clock, chance and memory. */
#include "tests/support/support.h"

#include <firth/port.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/* What the tests' threads and the main thread share. */
typedef struct shared {
    firth_port_lock *lock;
    firth_port_signal *signal;
    int number; /* under lock, like the rest */
    int ended;
    unsigned waits;
    uintptr_t ids[8];
#ifndef _WIN32
    sigset_t blocked;
#endif
    char name[32];
} shared;

static shared shared_open(void)
{
    shared all = {.lock = firth_port_lock_open(), .signal = firth_port_signal_open()};

    assert_non_null(all.lock);
    assert_non_null(all.signal);
    return all;
}

static void shared_close(shared *all)
{
    firth_port_signal_close(all->signal);
    firth_port_lock_close(all->lock);
}

static void start(void (*fn)(void *), shared *all)
{
    assert_int_equal(firth_port_thread_start(fn, all, "a thread with a very long name"), FIRTH_OK);
}

/* A thread's last act: what it shares may be gone afterwards. */
static void end(shared *all)
{
    firth_port_lock_take(all->lock);
    all->ended++;
    firth_port_signal_wake(all->signal);
    firth_port_lock_give(all->lock);
}

static void await_ends(shared *all, int count)
{
    firth_port_lock_take(all->lock);
    while (all->ended < count)
        firth_port_signal_wait(all->signal, all->lock, -1);
    firth_port_lock_give(all->lock);
}

/* ---- locks and conditions ---------------------------------------------------------------------------------------- */

enum { ROUNDS = 20000, THREADS = 4 };

static void count(void *argument)
{
    shared *all = argument;

    for (int i = 0; i < ROUNDS; i++) {
        firth_port_lock_take(all->lock);
        all->number++;
        firth_port_lock_give(all->lock);
    }
    end(all);
}

static void a_lock_is_one_threads_at_a_time(void **state)
{
    shared all = shared_open();

    (void)state;
    for (int i = 0; i < THREADS; i++)
        start(count, &all);
    await_ends(&all, THREADS);
    assert_int_equal(all.number, THREADS * ROUNDS);
    shared_close(&all);
}

/* Adds one whenever the number is odd. */
static void answer(void *argument)
{
    shared *all = argument;

    firth_port_lock_take(all->lock);
    while (all->number < ROUNDS) {
        if (all->number % 2 == 1) {
            all->number++;
            firth_port_signal_wake(all->signal);
        } else {
            firth_port_signal_wait(all->signal, all->lock, -1);
        }
    }
    firth_port_lock_give(all->lock);
    end(all);
}

static void a_wake_ends_a_wait(void **state)
{
    shared all = shared_open();

    (void)state;
    start(answer, &all);
    firth_port_lock_take(all.lock);
    while (all.number < ROUNDS) {
        if (all.number % 2 == 0) {
            all.number++;
            firth_port_signal_wake(all.signal);
        } else {
            firth_port_signal_wait(all.signal, all.lock, -1);
        }
    }
    firth_port_lock_give(all.lock);
    await_ends(&all, 1);
    shared_close(&all);
}

static void a_wait_ends_at_its_time_limit_and_not_before(void **state)
{
    enum { LIMIT_MS = 30 };
    shared all = shared_open();
    int64_t until_ns = firth_port_now_ns() + LIMIT_MS * 1000000;

    (void)state;
    firth_port_lock_take(all.lock);
    firth_port_signal_wait(all.signal, all.lock, 0);
    while (firth_port_now_ns() < until_ns) /* it may return early */
        firth_port_signal_wait(all.signal, all.lock, (until_ns - firth_port_now_ns()) / 1000000 + 1);
    firth_port_lock_give(all.lock);
    shared_close(&all);
}

static void wait_for_ever(void *argument)
{
    shared *all = argument;

    firth_port_lock_take(all->lock);
    for (; all->number == 0; all->waits++)
        firth_port_signal_wait(all->signal, all->lock, INT64_MAX);
    firth_port_lock_give(all->lock);
    end(all);
}

/* A limit that is too long to be added to the clock must not become one that is over: the waiter would spin. */
static void the_longest_wait_waits(void **state)
{
    shared all = shared_open();

    (void)state;
    start(wait_for_ever, &all);
    firth_port_lock_take(all.lock);
    for (int64_t until_ns = firth_port_now_ns() + 50000000; firth_port_now_ns() < until_ns;)
        firth_port_signal_wait(all.signal, all.lock, 10);
    all.number = 1;
    firth_port_signal_wake(all.signal);
    firth_port_lock_give(all.lock);
    await_ends(&all, 1);
    assert_in_range(all.waits, 0, 5);
    shared_close(&all);
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

static void note_id(void *argument)
{
    shared *all = argument;

    firth_port_lock_take(all->lock);
    all->ids[all->number++] = firth_port_thread_id();
    firth_port_signal_wake(all->signal);
    while (all->number < THREADS) /* all of them live at once */
        firth_port_signal_wait(all->signal, all->lock, 10);
    firth_port_lock_give(all->lock);
    end(all);
}

static void each_living_thread_has_a_number_of_its_own(void **state)
{
    shared all = shared_open();
    uintptr_t ours = firth_port_thread_id();

    (void)state;
    assert_true(ours != 0);
    assert_true(firth_port_thread_id() == ours);
    for (int i = 0; i < THREADS; i++)
        start(note_id, &all);
    await_ends(&all, THREADS);
    for (int i = 0; i < THREADS; i++) {
        assert_true(all.ids[i] != 0 && all.ids[i] != ours);
        for (int j = 0; j < i; j++)
            assert_true(all.ids[i] != all.ids[j]);
    }
    shared_close(&all);
}

#ifndef _WIN32
static void note_surroundings(void *argument)
{
    shared *all = argument;

    pthread_sigmask(SIG_SETMASK, NULL, &all->blocked);
    pthread_getname_np(pthread_self(), all->name, sizeof all->name);
    end(all);
}

static void a_thread_takes_no_signal_from_the_application(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGALRM, SIGUSR1, SIGWINCH, SIGPIPE};
    shared all = shared_open();
    sigset_t before, after;

    (void)state;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    start(note_surroundings, &all);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    await_ends(&all, 1);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        assert_true(sigismember(&all.blocked, signals[i]));
        assert_int_equal(sigismember(&before, signals[i]), sigismember(&after, signals[i]));
        assert_false(sigismember(&after, signals[i]));
    }
    shared_close(&all);
}

/* Linux keeps 15 bytes of it. */
static void a_thread_has_as_much_of_its_name_as_fits(void **state)
{
    shared all = shared_open();

    (void)state;
    start(note_surroundings, &all);
    await_ends(&all, 1);
    assert_string_equal(all.name, "a thread with a");
    shared_close(&all);
}
#endif

/* ---- time and chance --------------------------------------------------------------------------------------------- */

static void the_clock_never_goes_back(void **state)
{
    int64_t last = firth_port_now_ns();

    (void)state;
    assert_true(last > 0);
    for (int i = 0; i < 10000; i++) {
        int64_t now = firth_port_now_ns();

        assert_true(now >= last);
        last = now;
    }
}

/* The chance that a right one fails this is 2^-128 for each. */
static void entropy_fills_every_byte_anew(void **state)
{
    enum { SIZE = 1000, TIMES = 16 };
    unsigned char bytes[SIZE + 1] = {0}, seen[SIZE] = {0}, last[SIZE] = {0};

    (void)state;
    for (int i = 0; i < TIMES; i++) {
        assert_int_equal(firth_port_entropy(bytes, SIZE), FIRTH_OK);
        assert_memory_not_equal(bytes, last, SIZE);
        memcpy(last, bytes, SIZE);
        for (size_t j = 0; j < SIZE; j++)
            seen[j] |= bytes[j];
    }
    for (size_t j = 0; j < SIZE; j++)
        assert_int_not_equal(seen[j], 0);
    assert_int_equal(bytes[SIZE], 0);
    assert_int_equal(firth_port_entropy(bytes, 0), FIRTH_OK);
}

static void panic(void *argument)
{
    firth_port_panic(argument);
}

static void a_panic_says_why_and_aborts(void **state)
{
    char why[] = "the reason", text[4096];
    int status = support_in_child(panic, why, text, sizeof text);

    (void)state;
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(text, "the reason\n"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lock_is_one_threads_at_a_time),
        cmocka_unit_test(a_wake_ends_a_wait),
        cmocka_unit_test(a_wait_ends_at_its_time_limit_and_not_before),
        cmocka_unit_test(the_longest_wait_waits),
        cmocka_unit_test(each_living_thread_has_a_number_of_its_own),
#ifndef _WIN32
        cmocka_unit_test(a_thread_takes_no_signal_from_the_application),
#endif
#ifndef _WIN32
        cmocka_unit_test(a_thread_has_as_much_of_its_name_as_fits),
#endif
        cmocka_unit_test(the_clock_never_goes_back),
        cmocka_unit_test(entropy_fills_every_byte_anew),
        cmocka_unit_test(a_panic_says_why_and_aborts),
    };

    return support_main(argc, argv, "threads", tests, sizeof tests / sizeof *tests);
}
