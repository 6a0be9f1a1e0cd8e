/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners, and clients that come, go, and go before they came. */
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <unistd.h>

/* Closes the server while a task waits in accept. delay_ms < 0: before that task has run at all. */
static int close_under_accept(firth_scope *scope, firth_server *server, int64_t delay_ms)
{
    peers_attempt accepting = {.server = server};
    firth_scope children;
    int rc;

    firth_scope_open(&children, scope, NULL);
    rc = firth_spawn(&children, peers_accept, &accepting, NULL);
    if (rc >= 0)
        rc = delay_ms > 0 ? firth_sleep(delay_ms) : firth_yield();
    EXPECT(!accepting.ended);
    firth_server_close(server);
    EXPECT_EQUAL(firth_scope_close(&children, rc), FIRTH_OK);
    EXPECT_EQUAL(accepting.result, FIRTH_ERR_CLOSED);
    EXPECT(accepting.socket == NULL);
    return FIRTH_OK;
}

/* While nobody listens on the port another program may be given it: then all begins anew with another port. What keeps a port
 * of its own finds it taken every time. */
static bool is_taken(int rc, int *port, int *i)
{
    static int times;

    if (rc != FIRTH_ERR_ADDRESS_IN_USE || *port == 0 || times == 5)
        return false;
    times++;
    *port = 0;
    *i = -1;
    return true;
}

static int rebind_ten_times(firth_scope *scope, int64_t delay_ms)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    int port = 0;

    for (int i = 0; i < 10; i++) {
        firth_server *server;
        int rc = firth_tcp_bind(&tcp, "127.0.0.1", port, &server);

        if (is_taken(rc, &port, &i))
            continue;
        EXPECT_EQUAL(rc, FIRTH_OK);
        port = firth_server_address(server)->port;
        EXPECT_EQUAL(close_under_accept(scope, server, delay_ms), FIRTH_OK);
    }
    return FIRTH_OK;
}

TASK_TEST(closing_a_listener_at_once_wakes_accept_and_frees_the_port_ten_times)
{
    return rebind_ten_times(scope, 0);
}

TASK_TEST(closing_a_listener_later_wakes_accept_and_frees_the_port_ten_times)
{
    return rebind_ten_times(scope, 5);
}

/* The server closes first, so the port is full of connections in TIME_WAIT (RFC 9293 §3.6). */
TASK_TEST(port_with_connections_in_time_wait_can_be_bound_again_ten_times)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    int port = 0;

    for (int i = 0; i < 10; i++) {
        firth_socket *client, *accepted;
        firth_server *server;
        char byte;
        int rc = firth_tcp_bind(&tcp, "127.0.0.1", port, &server);

        if (is_taken(rc, &port, &i))
            continue;
        EXPECT_EQUAL(rc, FIRTH_OK);
        port = firth_server_address(server)->port;
        EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", port, &client), FIRTH_OK);
        EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
        EXPECT_EQUAL(firth_socket_close(accepted), FIRTH_OK);
        EXPECT_EQUAL(firth_read(firth_socket_input(client), &byte, 1), FIRTH_EOF);
        EXPECT_EQUAL(firth_socket_close(client), FIRTH_OK);
        firth_server_close(server);
    }
    return FIRTH_OK;
}

enum { MANY = 256, TOO_SLOW_MS = 2000 };

static int accept_and_close(firth_scope *scope, void *argument)
{
    firth_server *server = argument;

    (void)scope;
    for (int i = 0; i < MANY; i++) {
        firth_socket *client;

        EXPECT_EQUAL(firth_accept(server, &client), FIRTH_OK);
        EXPECT_EQUAL(firth_socket_close(client), FIRTH_OK);
    }
    return FIRTH_OK;
}

TASK_TEST(connect_write_close_256_times_is_never_slow)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    int port;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(scope, accept_and_close, server, NULL), FIRTH_OK);
    for (int i = 0; i < MANY; i++) {
        int64_t start_ns = firth_now_ns();
        firth_socket *client;

        EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", port, &client), FIRTH_OK);
        EXPECT_EQUAL(firth_write_string(firth_socket_output(client), "hello\n"), FIRTH_OK);
        (void)firth_socket_close(client); /* the server may have closed first: then the bytes met a reset */
        EXPECT(firth_now_ns() - start_ns < TOO_SLOW_MS * INT64_C(1000000));
    }
    return FIRTH_OK;
}

/* Takes clients until one says "hello"; what the others did is their own affair. */
static int find_the_one_that_speaks(firth_server *server)
{
    for (;;) {
        firth_socket *client;
        char line[16];
        int64_t size;

        EXPECT_EQUAL(firth_accept(server, &client), FIRTH_OK);
        size = firth_read_line(firth_socket_input(client), line, sizeof line);
        firth_socket_abort(client);
        if (size == 5)
            return FIRTH_OK;
        EXPECT(size == FIRTH_ERR_RESET || size == FIRTH_EOF);
    }
}

TASK_TEST(clients_that_reset_before_accept_do_not_end_the_server)
{
    firth_server *server;
    int port, good;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    for (int i = 0; i < 20; i++)
        raw_reset(raw_connect(port));
    for (int i = 0; i < 20; i++)
        close(raw_connect(port));
    good = raw_connect(port);
    EXPECT_EQUAL(raw_send(good, "hello\n", 6), 0);
    EXPECT_EQUAL(find_the_one_that_speaks(server), FIRTH_OK);
    close(good);
    return FIRTH_OK;
}

static int find_in_task(firth_scope *scope, void *server)
{
    (void)scope;
    return find_the_one_that_speaks(server);
}

TASK_TEST(clients_that_reset_during_accept_do_not_end_the_server)
{
    firth_server *server;
    int port, good;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(scope, find_in_task, server, NULL), FIRTH_OK);
    for (int i = 0; i < 20; i++) {
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
        raw_reset(raw_connect(port));
    }
    good = raw_connect(port);
    EXPECT_EQUAL(raw_send(good, "hello\n", 6), 0);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    close(good);
    return FIRTH_OK;
}

TASK_TEST(client_that_resets_right_after_accept_is_its_socket_s_affair_alone)
{
    firth_server *server;
    firth_socket *accepted;
    int port, client;
    char byte;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    for (int i = 0; i < 20; i++) {
        client = raw_connect(port);
        EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
        raw_reset(client);
        EXPECT_EQUAL(firth_read(firth_socket_input(accepted), &byte, 1), FIRTH_ERR_RESET);
        firth_socket_abort(accepted);
    }
    return FIRTH_OK;
}

TASK_TEST(second_acceptor_is_busy_and_the_first_undisturbed)
{
    peers_attempt first = {0};
    firth_socket *second;
    firth_scope children;
    int port, client;

    EXPECT_EQUAL(peers_server(scope, &first.server, &port), FIRTH_OK);
    firth_scope_open(&children, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&children, peers_accept, &first, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(firth_accept(first.server, &second), FIRTH_ERR_BUSY);
    EXPECT(!first.ended);
    client = raw_connect(port);
    EXPECT_EQUAL(firth_scope_close(&children, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(first.result, FIRTH_OK);
    firth_socket_abort(first.socket);
    close(client);
    return FIRTH_OK;
}

TASK_TEST(cancelled_accept_loses_no_client)
{
    firth_server *server;
    int port;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    for (int64_t ms = -1; ms < 4; ms++) {
        const firth_scope_options soon = {.timeout_ms = ms == 0 ? 1 : ms};
        firth_socket *accepted;
        firth_scope until;
        int rc, client;

        firth_scope_open(&until, scope, &soon);
        rc = firth_accept(server, &accepted);
        EXPECT_EQUAL(rc, FIRTH_ERR_CANCELED);
        EXPECT_EQUAL(firth_scope_close(&until, rc), FIRTH_ERR_TIMED_OUT);
        client = raw_connect(port);
        EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
        firth_socket_abort(accepted);
        close(client);
    }
    return FIRTH_OK;
}

static int say_and_hear(firth_socket *speaker, firth_socket *listener)
{
    char line[16];

    EXPECT_EQUAL(firth_write_string(firth_socket_output(speaker), "still here\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(speaker)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(listener), line, sizeof line), 10);
    return FIRTH_OK;
}

TASK_TEST(listener_its_clients_and_accepted_sockets_have_independent_lives)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *client[2], *accepted[2];
    firth_server *server;

    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    for (int i = 0; i < 2; i++) {
        EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &client[i]), FIRTH_OK);
        EXPECT_EQUAL(firth_accept(server, &accepted[i]), FIRTH_OK);
    }
    EXPECT_EQUAL(firth_socket_close(accepted[0]), FIRTH_OK);
    EXPECT_EQUAL(say_and_hear(client[1], accepted[1]), FIRTH_OK);
    firth_server_close(server);
    EXPECT_EQUAL(say_and_hear(client[1], accepted[1]), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(client[0]), FIRTH_OK);
    EXPECT_EQUAL(say_and_hear(accepted[1], client[1]), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(client[1]), FIRTH_OK);
    return firth_socket_close(accepted[1]);
}

static int count_turns(firth_scope *scope, void *turns)
{
    while (firth_yield() >= 0 && !firth_scope_is_cancelled(scope))
        ++*(int *)turns;
    return FIRTH_OK;
}

/* All clients wait in the backlog already, so accept never has to. */
TASK_TEST(flood_of_clients_does_not_starve_the_other_tasks)
{
    enum { CLIENTS = 400, TURNS_LEAST = 2 };
    firth_server *server;
    firth_scope others;
    int port, raw[CLIENTS], turns = 0;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    for (int i = 0; i < CLIENTS; i++)
        raw[i] = raw_connect(port);
    firth_scope_open(&others, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&others, count_turns, &turns, NULL), FIRTH_OK);
    for (int i = 0; i < CLIENTS; i++) {
        firth_socket *accepted;

        EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
        firth_socket_abort(accepted);
        close(raw[i]);
    }
    EXPECT(turns >= TURNS_LEAST);
    firth_scope_cancel(&others);
    EXPECT_EQUAL(firth_scope_close(&others, FIRTH_OK), FIRTH_OK);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closing_a_listener_at_once_wakes_accept_and_frees_the_port_ten_times),
        cmocka_unit_test(closing_a_listener_later_wakes_accept_and_frees_the_port_ten_times),
        cmocka_unit_test(port_with_connections_in_time_wait_can_be_bound_again_ten_times),
        cmocka_unit_test(connect_write_close_256_times_is_never_slow),
        cmocka_unit_test(clients_that_reset_before_accept_do_not_end_the_server),
        cmocka_unit_test(clients_that_reset_during_accept_do_not_end_the_server),
        cmocka_unit_test(client_that_resets_right_after_accept_is_its_socket_s_affair_alone),
        cmocka_unit_test(second_acceptor_is_busy_and_the_first_undisturbed),
        cmocka_unit_test(cancelled_accept_loses_no_client),
        cmocka_unit_test(listener_its_clients_and_accepted_sockets_have_independent_lives),
        cmocka_unit_test(flood_of_clients_does_not_starve_the_other_tasks),
    };

    return support_main(argc, argv, "accept", tests, sizeof tests / sizeof tests[0]);
}
