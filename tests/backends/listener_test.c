/* SPDX-License-Identifier: Apache-2.0 */
/* What a listener costs: clients one at a time, in crowds, and while nobody accepts. */
#include <poll.h>
#include <unistd.h>

#include "tests/backends/host.h"

enum { CLIENTS = 50 };

static void a_crowd_is_let_in_by_few_reports(void **state)
{
    firth_address address;
    firth_io *listener = host_listener(&address);
    host_op *op = host_accept(listener, host_io());
    int clients[CLIENTS], i;

    (void)state;
    for (i = 0; i < CLIENTS; i++)
        clients[i] = host_raw_connect(&address);
    host_calls_reset();
    assert_int_equal(host_await(op), FIRTH_OK);
    for (i = 1; i < CLIENTS; i++)
        assert_int_equal(host_await(host_accept(listener, host_io())), FIRTH_OK);
    assert_int_equal(host_calls(HOST_ACCEPT), CLIENTS);
    assert_in_range(host_calls(host_wait_call()), 1, host_backend_is("epoll") ? 13 : 1);
    assert_int_equal(host_calls_total(), host_calls(HOST_ACCEPT) + host_calls(host_wait_call()));
    op = host_accept(listener, host_io());
    host_poll(0);
    assert_int_equal(op->endings, 0);
    host_cancel(op);
    for (i = 0; i < CLIENTS; i++)
        close(clients[i]);
}

/* A wait and an accept each, as long as nobody comes together with another. */
static void clients_one_at_a_time_cost_one_accept_each(void **state)
{
    firth_address address;
    firth_io *listener = host_listener(&address);
    host_op *op = host_accept(listener, host_io());
    int i;

    (void)state;
    host_calls_reset();
    for (i = 0; i < CLIENTS; i++) {
        int client = host_raw_connect(&address);

        assert_int_equal(host_await(op), FIRTH_OK);
        op = host_accept(listener, host_io());
        assert_int_equal(op->endings, 0);
        close(client);
    }
    if (host_backend_is("epoll"))
        assert_in_range(host_calls(HOST_ACCEPT), CLIENTS, CLIENTS + CLIENTS / 9);
    assert_int_equal(host_calls(host_wait_call()), CLIENTS);
    assert_int_equal(host_calls(HOST_EPOLL_CTL), 0);
    host_cancel(op);
}

static void a_listener_that_nobody_accepts_from_is_quiet(void **state)
{
    firth_address address;
    firth_io *listener = host_listener(&address);
    host_op *op = host_accept(listener, host_io());
    int first, second;

    (void)state;
    assert_int_equal(op->endings, 0);
    host_cancel(op);
    first = host_raw_connect(&address);
    host_until(listener, POLLIN);
    for (int i = 0; i < 10; i++) /* some reports, and what the change of its registration brings */
        host_poll(10);
    second = host_raw_connect(&address);
    host_poll(0);
    assert_true(host_poll(20) >= 19 * INT64_C(1000000));
    assert_true(host_accept(listener, host_io())->submitted_done);
    assert_true(host_accept(listener, host_io())->submitted_done);
    op = host_accept(listener, host_io());
    assert_int_equal(op->endings, 0);
    close(first);
    first = host_raw_connect(&address);
    assert_int_equal(host_await(op), FIRTH_OK);
    close(first);
    close(second);
}

/* The loop looks at its network while the task that accepts is not there yet. */
static void an_accept_that_comes_late_costs_no_more(void **state)
{
    firth_address address;
    firth_io *listener = host_listener(&address);
    host_op *op = host_accept(listener, host_io());

    (void)state;
    host_calls_reset();
    for (int i = 0; i < CLIENTS; i++) {
        int first = host_raw_connect(&address), second;

        assert_int_equal(host_await(op), FIRTH_OK);
        second = host_raw_connect(&address);
        host_poll(0);
        host_poll(0);
        op = host_accept(listener, host_io());
        assert_int_equal(host_await(op), FIRTH_OK);
        op = host_accept(listener, host_io());
        assert_int_equal(op->endings, 0);
        close(first);
        close(second);
    }
    assert_int_equal(host_calls(HOST_EPOLL_CTL), 0);
    if (host_backend_is("epoll"))
        assert_in_range(host_calls(HOST_ACCEPT), 2 * CLIENTS, 3 * CLIENTS);
    host_cancel(op);
}

/* A wait that does not sleep is that of a loop with tasks that are ready: the next one may be far away. */
static void a_crowd_is_let_in_at_once_while_tasks_are_ready(void **state)
{
    firth_address address;
    firth_io *listener = host_listener(&address);
    host_op *op = host_accept(listener, host_io());
    int clients[CLIENTS], i;

    (void)state;
    for (i = 0; i < CLIENTS; i++)
        clients[i] = host_raw_connect(&address);
    host_until(listener, POLLIN);
    host_poll(0);
    assert_int_equal(op->endings, 1);
    for (i = 1; i < CLIENTS; i++)
        assert_true(host_accept(listener, host_io())->submitted_done);
    for (i = 0; i < CLIENTS; i++)
        close(clients[i]);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        HOST_TEST(a_crowd_is_let_in_by_few_reports),
        HOST_TEST(clients_one_at_a_time_cost_one_accept_each),
        HOST_TEST(a_listener_that_nobody_accepts_from_is_quiet),
        HOST_TEST(an_accept_that_comes_late_costs_no_more),
        HOST_TEST(a_crowd_is_let_in_at_once_while_tasks_are_ready),
    };

    return host_main(argc, argv, "backend: listener", tests, HOST_COUNT(tests));
}
