/* SPDX-License-Identifier: Apache-2.0 */
/* What other threads may do to a selector, and what is left when it is dropped. */
#include "tests/support/support.h"

#include <pthread.h>
#include <string.h>

enum { THREADS = 4, POSTS = 25000 };

typedef struct poster {
    firth_selector *selector;
    int64_t expected; /* number of the next post; the loop's */
    int64_t wrong;
    int failed;
    struct numbered {
        struct poster *of;
        int64_t number;
    } posts[POSTS];
} poster;

static void take(void *argument)
{
    struct numbered *post = argument;

    post->of->wrong += post->number != post->of->expected;
    post->of->expected++;
}

static void *post_all(void *argument)
{
    poster *self = argument;

    for (int64_t i = 0; i < POSTS; i++) {
        self->posts[i] = (struct numbered){self, i};
        self->failed += firth_selector_post(self->selector, take, &self->posts[i]) < 0;
    }
    return NULL;
}

static poster posters[THREADS];

TASK_TEST(a_hundred_thousand_posts_of_four_threads_arrive_in_the_order_of_each)
{
    pthread_t threads[THREADS];

    memset(posters, 0, sizeof posters);
    for (int i = 0; i < THREADS; i++) {
        posters[i].selector = firth_scope_selector(scope);
        EXPECT_EQUAL(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        while (posters[i].expected < POSTS)
            EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    for (int i = 0; i < THREADS; i++) {
        EXPECT_EQUAL(pthread_join(threads[i], NULL), 0);
        EXPECT_EQUAL(posters[i].wrong, 0);
        EXPECT_EQUAL(posters[i].failed, 0);
    }
    return FIRTH_OK;
}

static int end_sleep(firth_scope *scope, void *argument)
{
    (void)scope;
    firth_scope_cancel(argument);
    return FIRTH_OK;
}

static void spawn_from_post(void *argument)
{
    if (firth_spawn(firth_selector_scope(firth_scope_selector(argument)), end_sleep, argument, NULL) < 0)
        firth_scope_cancel(argument);
}

static void *post_once(void *argument)
{
    int rc = firth_selector_post(firth_scope_selector(argument), spawn_from_post, argument);

    return rc < 0 ? argument : NULL;
}

TASK_TEST(a_post_wakes_a_sleeping_loop_and_may_spawn)
{
    int64_t start_ns = firth_now_ns();
    firth_scope inner;
    pthread_t thread;
    void *failed;

    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(pthread_create(&thread, NULL, post_once, &inner), 0);
    EXPECT_EQUAL(firth_sleep(20000), FIRTH_ERR_CANCELED);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_ERR_CANCELED), FIRTH_OK);
    EXPECT_EQUAL(pthread_join(thread, &failed), 0);
    EXPECT(failed == NULL);
    EXPECT(firth_now_ns() - start_ns < 10000000000);
    return FIRTH_OK;
}

/* ---- dropping a selector ----------------------------------------------------------------------------------------- */

static int wait_in_vain(firth_scope *scope, void *argument)
{
    firth_pipe *pipe;
    char byte;
    int64_t rc;

    if (firth_pipe_open(firth_scope_selector(scope), &pipe) < 0)
        return FIRTH_ERR_NO_MEMORY;
    rc = firth_read(firth_pipe_input(pipe), &byte, 1);
    *(int64_t *)argument = rc;
    return (int)rc; /* and the pipe stays open */
}

static void dropping_a_selector_cancels_its_tasks_and_lists_what_is_open(void **state)
{
    size_t live = support_allocations_live(), descriptors = support_descriptors_open();
    firth_selector_options options = support_options();
    firth_task_options named = {.name = "forgotten"};
    firth_selector *selector;
    int64_t result = 0;

    (void)state;
    assert_int_equal(firth_selector_open(&selector, &options), FIRTH_OK);
    assert_int_equal(firth_spawn(firth_selector_scope(selector), wait_in_vain, &result, &named), FIRTH_OK);
    assert_int_equal(firth_selector_poll(selector, 0), 1);
    assert_int_equal(firth_selector_close(selector), FIRTH_ERR_STILL_OPEN);
    assert_int_equal(result, FIRTH_ERR_CANCELED);
    print_message("%s\n", support_log_text());
    assert_non_null(strstr(support_log_text(), "task forgotten spawned at"));
    assert_non_null(strstr(support_log_text(), "suspended in read"));
    assert_non_null(strstr(support_log_text(), "pipe opened at"));
    assert_non_null(strstr(support_log_text(), "post_test.c:"));
    assert_int_equal(support_allocations_live(), live);
    assert_int_equal(support_descriptors_open(), descriptors);
}

static void count_post(void *argument)
{
    ++*(int *)argument;
}

static void a_post_that_has_not_run_yet_runs_when_the_selector_is_closed(void **state)
{
    firth_selector_options options = support_options();
    firth_selector *selector;
    int count = 0;

    (void)state;
    assert_int_equal(firth_selector_open(&selector, &options), FIRTH_OK);
    assert_int_equal(firth_selector_post(selector, count_post, &count), FIRTH_OK);
    assert_int_equal(firth_selector_close(selector), FIRTH_OK);
    assert_int_equal(count, 1);
}

typedef struct chain {
    firth_selector *selector;
    int posts_left;
    bool ran;
} chain;

static int note_run(firth_scope *scope, void *argument)
{
    (void)scope;
    ((chain *)argument)->ran = true;
    return FIRTH_OK;
}

static void post_again(void *argument)
{
    chain *this = argument;

    if (--this->posts_left > 0)
        (void)!firth_selector_post(this->selector, post_again, this);
    else
        (void)!firth_spawn(firth_selector_scope(this->selector), note_run, this, NULL);
}

static void what_a_post_posts_and_spawns_while_the_selector_is_closed_runs_too(void **state)
{
    size_t live = support_allocations_live();
    firth_selector_options options = support_options();
    chain this = {.posts_left = 5};

    (void)state;
    assert_int_equal(firth_selector_open(&this.selector, &options), FIRTH_OK);
    assert_int_equal(firth_selector_post(this.selector, post_again, &this), FIRTH_OK);
    assert_int_equal(firth_selector_close(this.selector), FIRTH_OK);
    assert_int_equal(this.posts_left, 0);
    assert_true(this.ran);
    assert_int_equal(support_allocations_live(), live);
}

/* ---- every allocation failing in turn ------------------------------------------------------------------------------ */

static int serve_one(firth_scope *scope, void *argument)
{
    firth_server *server = argument;
    firth_socket *socket;
    char line[64];
    int64_t n;
    int rc = firth_accept(server, &socket);

    if (rc < 0)
        return rc;
    firth_scope_own_socket(scope, socket);
    n = firth_read_line(firth_socket_input(socket), line, sizeof line);
    return n < 0 ? (int)n : firth_write_format(firth_socket_output(socket), "%0600d\n", 7);
}

static int whole_scenario(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_scope_options limit = {.timeout_ms = 300};
    firth_server *server;
    firth_socket *socket;
    firth_scope inner;
    char line[700];
    int rc;

    (void)argument;
    tcp.auto_flush = true;
    rc = firth_tcp_bind(&tcp, "127.0.0.1", 0, &server);
    if (rc < 0)
        return rc;
    firth_scope_own_server(scope, server);
    firth_scope_open(&inner, scope, &limit); /* a server that lacks memory for a while waits for it */
    rc = firth_spawn(&inner, serve_one, server, NULL);
    if (rc >= 0)
        rc = firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &socket);
    if (rc >= 0) {
        firth_scope_own_socket(&inner, socket);
        rc = firth_write_string(firth_socket_output(socket), "hello\n");
    }
    if (rc >= 0)
        rc = (int)firth_read_line(firth_socket_input(socket), line, sizeof line);
    return firth_scope_close(&inner, rc < 0 ? rc : FIRTH_OK);
}

/* 0: all went well; 1: an error was told. */
static int try_with_failure_at(size_t n, bool all_after)
{
    size_t live = support_allocations_live(), descriptors = support_descriptors_open();
    firth_selector_options options = support_options();
    int rc;

    options.block_bytes = 512; /* so that the answer is longer than a block */
    support_allocation_fail_at(n, all_after);
    rc = firth_run_with(&options, whole_scenario, NULL);
    support_allocation_fail_at(0, false);
    assert_int_equal(support_allocations_live(), live);
    assert_int_equal(support_descriptors_open(), descriptors);
    return rc < 0;
}

static void every_allocation_failing_in_turn_is_an_error_and_leaks_nothing(void **state)
{
    size_t before = support_allocations_made(), needed;
    int errors = 0;

    (void)state;
    assert_int_equal(try_with_failure_at(0, false), 0);
    needed = support_allocations_made() - before;
    assert_true(needed > 8);
    for (size_t n = 1; n <= needed; n++) {
        errors += try_with_failure_at(n, true);
        (void)try_with_failure_at(n, false);
    }
    assert_in_range(errors, needed - 1, needed); /* a large block is not needed: a common one does */
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_thousand_posts_of_four_threads_arrive_in_the_order_of_each),
        cmocka_unit_test(a_post_wakes_a_sleeping_loop_and_may_spawn),
        cmocka_unit_test(dropping_a_selector_cancels_its_tasks_and_lists_what_is_open),
        cmocka_unit_test(a_post_that_has_not_run_yet_runs_when_the_selector_is_closed),
        cmocka_unit_test(what_a_post_posts_and_spawns_while_the_selector_is_closed_runs_too),
        cmocka_unit_test(every_allocation_failing_in_turn_is_an_error_and_leaks_nothing),
    };

    return support_main(argc, argv, "posts and ends", tests, sizeof tests / sizeof tests[0]);
}
