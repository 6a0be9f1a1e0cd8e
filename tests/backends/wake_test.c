/* SPDX-License-Identifier: Apache-2.0 */
/* How a poll ends: by its time, a wake, a signal, a report. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tests/backends/host.h"
#include "tests/support/skip.h"

enum { LONG_MS = 20000 };
static const int64_t long_ns = (int64_t)LONG_MS * 1000000;

static void wake(void)
{
    host_backend()->wake(host_selector());
}

static int wait_calls(void)
{
    return host_calls(host_wait_call());
}

static void a_wake_before_the_poll_ends_it(void **state)
{
    (void)state;
    wake();
    assert_true(host_poll(LONG_MS) < long_ns / 2);
    assert_true(host_poll(30) >= 30000000); /* once */
}

static void many_wakes_are_one(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 100000; i++) /* more than a pipe holds */
        wake();
    assert_true(host_poll(LONG_MS) < long_ns / 2);
    assert_true(host_poll(30) >= 30000000);
    wake();
    assert_true(host_poll(LONG_MS) < long_ns / 2);
}

/* Nobody else rings, and a signal handler may have interrupted anybody. */
static void a_wake_that_fails_is_made_again(void **state)
{
    (void)state;
    host_call_fail(HOST_KEVENT, EINTR, 3);
    wake();
    host_calls_reset();
    assert_true(host_poll(LONG_MS) < long_ns / 2);
    host_call_fail(HOST_KEVENT, EBADF, 1);
    errno = EDOM;
    wake();
    assert_int_equal(errno, EDOM);
    host_calls_reset();
    wake();
    assert_true(host_poll(LONG_MS) < long_ns / 2);
}

static void *wake_from_thread(void *argument)
{
    (void)argument;
    wake();
    return NULL;
}

static void another_thread_wakes(void **state)
{
    pthread_t thread;
    int i;

    (void)state;
    for (i = 0; i < 200; i++) {
        assert_int_equal(pthread_create(&thread, NULL, wake_from_thread, NULL), 0);
        assert_true(host_poll(LONG_MS) < long_ns / 2);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
}

/* A number handed over with a wake each: none may be left lying while the loop sleeps. */
static atomic_int posted;

static void *post(void *argument)
{
    int i;

    (void)argument;
    for (i = 0; i < 20000; i++) {
        atomic_fetch_add(&posted, 1);
        wake();
    }
    return NULL;
}

static void no_wake_is_lost(void **state)
{
    pthread_t thread;
    int64_t longest_ns = 0;

    (void)state;
    atomic_store(&posted, 0);
    assert_int_equal(pthread_create(&thread, NULL, post, NULL), 0);
    while (atomic_load(&posted) < 20000) {
        int64_t took_ns = host_poll(LONG_MS);

        longest_ns = took_ns > longest_ns ? took_ns : longest_ns;
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(longest_ns < long_ns / 2);
}

static volatile sig_atomic_t errno_after;

static void wake_from_handler(int number)
{
    int saved = errno;

    (void)number;
    errno = 4321;
    wake();
    errno_after = errno;
    errno = saved;
}

static void a_signal_handler_wakes(void **state)
{
    struct sigaction action = {.sa_handler = wake_from_handler, .sa_flags = SA_RESTART}, before;
    struct itimerval timer = {.it_value = {.tv_usec = 20000}};

    (void)state;
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
    while (errno_after == 0)
        assert_true(host_poll(LONG_MS) < long_ns / 2);
    assert_int_equal(errno_after, 4321);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
}

static void a_poll_is_never_early_and_never_spins(void **state)
{
    static const int64_t waits_ns[] = {1, 1000, 300000, 999999, 1000001, 5000000, 20500000};
    size_t i;

    (void)state;
    for (i = 0; i < HOST_COUNT(waits_ns); i++) {
        int64_t until_ns = firth_now_ns() + waits_ns[i];

        host_calls_reset();
        while (firth_now_ns() < until_ns)
            assert_int_equal(host_backend()->poll(host_selector(), until_ns), FIRTH_OK);
        assert_in_range(wait_calls(), 0, 1);
    }
}

static void a_poll_until_the_past_does_not_wait(void **state)
{
    int64_t start_ns = firth_now_ns();
    int i;

    (void)state;
    for (i = 0; i < 1000; i++) {
        assert_int_equal(host_backend()->poll(host_selector(), 0), FIRTH_OK);
        assert_int_equal(host_backend()->poll(host_selector(), start_ns), FIRTH_OK);
    }
    assert_true(firth_now_ns() - start_ns < 2 * 1000 * INT64_C(1000000)); /* less than a ms each */
}

static void *write_later(void *argument)
{
    struct timespec moment = {.tv_nsec = 20000000}; /* most likely the poll sleeps by then; either order must do */

    nanosleep(&moment, NULL);
    assert_int_equal(write(*(int *)argument, "a", 1), 1);
    return NULL;
}

static void a_poll_without_limit_waits_for_a_report(void **state)
{
    int peer;
    firth_io *io = host_accepted_pair(&peer);
    host_op *op = host_wait_readable(io);
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, write_later, &peer), 0);
    host_poll(-1);
    assert_int_equal(op->endings, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(peer);
}

static void a_poll_that_cannot_go_on_says_so(void **state)
{
    (void)state;
    host_call_fail(host_wait_call(), EINVAL, 1);
    assert_int_equal(host_backend()->poll(host_selector(), 0), FIRTH_ERR_ARGUMENT);
    assert_string_equal(host_failed_step(), host_wait_step());
    assert_int_equal(host_failed_os_code(), EINVAL);
}

/* A loop that is not ours: it polls whenever the descriptor says so, until the op has ended (NULL: none has to) and nothing
 * more is said. */
static void poll_as_a_guest(intptr_t native, const host_op *op)
{
    struct pollfd entry = {.fd = (int)native, .events = POLLIN};

    for (int turns = 0; poll(&entry, 1, op != NULL && op->endings == 0 ? 10000 : 0) == 1; turns++) {
        assert_in_range(turns, 0, 20);
        host_poll(0);
    }
    if (op != NULL)
        assert_int_equal(op->result, 3);
}

static void the_pollable_descriptor_tells_when_to_poll(void **state)
{
    struct pollfd entry = {.events = POLLIN};
    firth_io *io;
    intptr_t native;
    int peer;
    char text[8];
    host_op *op;

    (void)state;
    if ((host_backend()->capabilities & FIRTH_CAN_POLLABLE) == 0) {
        assert_null(host_backend()->pollable);
        SKIP("this backend has no descriptor to watch");
    }
    assert_int_equal(host_backend()->pollable(host_selector(), &native), FIRTH_OK);
    assert_int_equal(fcntl((int)native, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    entry.fd = (int)native;
    io = host_accepted_pair(&peer);
    op = host_receive(io, text, 8);
    poll_as_a_guest(native, NULL);
    assert_int_equal(op->endings, 0);
    assert_int_equal(write(peer, "abc", 3), 3);
    poll_as_a_guest(native, op);
    wake();
    assert_int_equal(poll(&entry, 1, 10000), 1);
    poll_as_a_guest(native, NULL);
    close(peer);
}

/* Tasks run after the poll too, and what they wait for then is as good as what they waited for before. */
static void the_pollable_descriptor_tells_of_what_was_asked_for_after_the_poll(void **state)
{
    firth_io *ios[3];
    int peers[3], i;
    intptr_t native;
    char text[8];
    host_op *op;

    (void)state;
    if ((host_backend()->capabilities & FIRTH_CAN_POLLABLE) == 0)
        SKIP("this backend has no descriptor to watch");
    for (i = 0; i < 3; i++)
        ios[i] = host_accepted_pair(&peers[i]);
    host_poll(0);
    op = host_receive(ios[0], text, 8);
    assert_int_equal(host_backend()->pollable(host_selector(), &native), FIRTH_OK);
    assert_int_equal(write(peers[0], "abc", 3), 3);
    poll_as_a_guest(native, op);
    for (i = 1; i < 3; i++) {
        op = host_receive(ios[i], text, 8);
        assert_int_equal(write(peers[i], "abc", 3), 3);
        poll_as_a_guest(native, op);
    }
    if (host_backend_is("kqueue")) { /* buffers come back without an event */
        host_call_fail(HOST_SEND, ENOBUFS, 3);
        op = host_send(ios[0], "abc", 3);
        poll_as_a_guest(native, op);
    }
    for (i = 0; i < 3; i++)
        close(peers[i]);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        HOST_TEST(a_wake_before_the_poll_ends_it),
        HOST_TEST(many_wakes_are_one),
        HOST_TEST(a_wake_that_fails_is_made_again),
        HOST_TEST(another_thread_wakes),
        HOST_TEST(no_wake_is_lost),
        HOST_TEST(a_signal_handler_wakes),
        HOST_TEST(a_poll_is_never_early_and_never_spins),
        HOST_TEST(a_poll_until_the_past_does_not_wait),
        HOST_TEST(a_poll_without_limit_waits_for_a_report),
        HOST_TEST(a_poll_that_cannot_go_on_says_so),
        HOST_TEST(the_pollable_descriptor_tells_when_to_poll),
        HOST_TEST(the_pollable_descriptor_tells_of_what_was_asked_for_after_the_poll),
    };

    return host_main(argc, argv, "backend: poll and wake", tests, HOST_COUNT(tests));
}
