/* SPDX-License-Identifier: Apache-2.0 */
/* firth_blocking: work on other threads while the loop goes on. */
#include "tests/support/support.h"

#include <pthread.h>
#include <stdatomic.h>

/* A door that blocking work waits at until the test opens it. */
typedef struct door {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool open;
    atomic_int inside;
} door;

static int wait_at(void *argument)
{
    door *self = argument;

    atomic_fetch_add(&self->inside, 1);
    (void)pthread_mutex_lock(&self->mutex);
    while (!self->open)
        (void)pthread_cond_wait(&self->changed, &self->mutex);
    (void)pthread_mutex_unlock(&self->mutex);
    return 42;
}

static void open_door(door *self)
{
    (void)pthread_mutex_lock(&self->mutex);
    self->open = true;
    (void)pthread_cond_broadcast(&self->changed);
    (void)pthread_mutex_unlock(&self->mutex);
}

static void make_door(door *self)
{
    *self = (door){.open = false};
    (void)pthread_mutex_init(&self->mutex, NULL);
    (void)pthread_cond_init(&self->changed, NULL);
}

static int until_inside(door *self, int count)
{
    while (atomic_load(&self->inside) < count)
        EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    return FIRTH_OK;
}

typedef struct blocked {
    door *at;
    int result;
} blocked;

static int block(firth_scope *scope, void *argument)
{
    blocked *self = argument;

    (void)scope;
    self->result = firth_blocking(wait_at, self->at);
    return FIRTH_OK;
}

TASK_TEST(the_result_comes_back_and_the_loop_goes_on_meanwhile)
{
    static door here;
    blocked one = {&here, 0};
    firth_scope inner;

    make_door(&here);
    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, block, &one, NULL), FIRTH_OK);
    EXPECT_EQUAL(until_inside(&here, 1), FIRTH_OK);
    EXPECT_EQUAL(one.result, 0);
    open_door(&here);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(one.result, 42);
    return FIRTH_OK;
}

TASK_TEST(a_cancel_while_the_work_runs_waits_for_its_end)
{
    static door here;
    const firth_scope_options shielded = {.shield = true};
    blocked one = {&here, 0};
    firth_scope inner, shield;

    make_door(&here);
    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&inner, block, &one, NULL), FIRTH_OK);
    EXPECT_EQUAL(until_inside(&here, 1), FIRTH_OK);
    firth_scope_cancel(&inner);
    firth_scope_open(&shield, &inner, &shielded);
    EXPECT_EQUAL(firth_sleep(20), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&shield, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(one.result, 0);
    open_door(&here);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(one.result, 42);
    return FIRTH_OK;
}

TASK_TEST(a_cancel_before_the_work_has_begun_takes_it_back)
{
    enum { THREADS = 8 }; /* the default of the selector's option */
    static door here;
    blocked busy[THREADS], late = {&here, 0};
    firth_scope inner, cancelled;

    make_door(&here);
    firth_scope_open(&inner, scope, NULL);
    for (int i = 0; i < THREADS; i++) {
        busy[i] = (blocked){&here, 0};
        EXPECT_EQUAL(firth_spawn(&inner, block, &busy[i], NULL), FIRTH_OK);
    }
    EXPECT_EQUAL(until_inside(&here, THREADS), FIRTH_OK);
    firth_scope_open(&cancelled, &inner, NULL);
    EXPECT_EQUAL(firth_spawn(&cancelled, block, &late, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(10), FIRTH_OK);
    firth_scope_cancel(&cancelled);
    EXPECT_EQUAL(firth_scope_close(&cancelled, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(late.result, FIRTH_ERR_CANCELED);
    open_door(&here);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(atomic_load(&here.inside), THREADS);
    return FIRTH_OK;
}

static int count_one(void *argument)
{
    return atomic_fetch_add((atomic_int *)argument, 1) >= 0 ? FIRTH_OK : FIRTH_ERR_USER;
}

static int count_in_background(firth_scope *scope, void *argument)
{
    (void)scope;
    return firth_blocking(count_one, argument);
}

TASK_TEST(a_hundred_jobs_run_on_few_threads)
{
    atomic_int count = 0;
    firth_scope inner;

    firth_scope_open(&inner, scope, NULL);
    for (int i = 0; i < 100; i++)
        EXPECT_EQUAL(firth_spawn(&inner, count_in_background, &count, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(atomic_load(&count), 100);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_result_comes_back_and_the_loop_goes_on_meanwhile),
        cmocka_unit_test(a_cancel_while_the_work_runs_waits_for_its_end),
        cmocka_unit_test(a_cancel_before_the_work_has_begun_takes_it_back),
        cmocka_unit_test(a_hundred_jobs_run_on_few_threads),
    };

    return support_main(argc, argv, "blocking work", tests, sizeof tests / sizeof tests[0]);
}
