/* SPDX-License-Identifier: Apache-2.0 */
/* mbedTLS's locks where a compiler for Windows brings no pthread.h: built here although this one does. */
#include "tests/support/support.h"

#include <firth/port.h>

#include "ports/windows/mbedtls/pthread.h"

enum { THREADS = 4, ROUNDS = 20000 };

typedef struct counter {
    pthread_mutex_t mutex;
    volatile int64_t value; /* under mutex: two steps, so that a lock that locks nothing loses some */
    firth_port_lock *lock;
    firth_port_signal *signal;
    int ended; /* under lock */
} counter;

static void count(void *argument)
{
    counter *one = argument;
    int failed = 0;

    for (int i = 0; i < ROUNDS; i++) {
        failed += pthread_mutex_lock(&one->mutex) != 0;
        one->value = one->value + 1;
        failed += pthread_mutex_unlock(&one->mutex) != 0;
    }
    firth_port_lock_take(one->lock);
    one->ended += failed == 0;
    firth_port_signal_wake(one->signal);
    firth_port_lock_give(one->lock);
}

static void count_by_all(counter *one)
{
    one->lock = firth_port_lock_open();
    one->signal = firth_port_signal_open();
    assert_non_null(one->lock);
    assert_non_null(one->signal);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(firth_port_thread_start(count, one, "counter"), FIRTH_OK);
    firth_port_lock_take(one->lock);
    while (one->ended < THREADS)
        firth_port_signal_wait(one->signal, one->lock, -1);
    firth_port_lock_give(one->lock);
    assert_int_equal(one->value, (int64_t)THREADS * ROUNDS);
    firth_port_signal_close(one->signal);
    firth_port_lock_close(one->lock);
}

static void a_lock_that_was_never_opened_keeps_all_but_one_out(void **state)
{
    counter one = {.mutex = PTHREAD_MUTEX_INITIALIZER};

    (void)state;
    count_by_all(&one);
}

static void an_opened_lock_keeps_all_but_one_out_whatever_its_memory_held(void **state)
{
    counter one;

    (void)state;
    memset(&one, 0xff, sizeof one);
    one.value = 0;
    one.ended = 0;
    assert_int_equal(pthread_mutex_init(&one.mutex, NULL), 0);
    count_by_all(&one);
    assert_int_equal(pthread_mutex_destroy(&one.mutex), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lock_that_was_never_opened_keeps_all_but_one_out),
        cmocka_unit_test(an_opened_lock_keeps_all_but_one_out_whatever_its_memory_held),
    };

    return support_main(argc, argv, "locks of mbedTLS", tests, sizeof tests / sizeof *tests);
}
