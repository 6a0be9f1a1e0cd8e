/* SPDX-License-Identifier: Apache-2.0 */
/* A server's handshakes in a world whose time passes only on the way between hosts: what delays whom can be told to the
 * nanosecond, whatever the machine. */
#include "tests/secure/secure_pair.h"
#include "tests/sim/world.h"

enum { MS = 1000000, SILENT = 100, SLOW = 10, HANDSHAKE_MS = 10000 };

static int echo_one(firth_scope *scope, void *argument)
{
    firth_socket *socket = argument;
    int64_t n;

    firth_scope_own_socket(scope, socket);
    n = firth_copy(firth_socket_input(socket), firth_socket_output(socket), FIRTH_NO_LIMIT);
    return n < 0 ? (int)n : FIRTH_OK;
}

static firth_scope *serving;

static int serve(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_scope_options isolated = {.name = "clients", .on_child_error = FIRTH_CHILD_ERROR_REPORT};
    firth_server *server;
    firth_socket *socket;
    firth_scope clients;
    int rc;

    (void)argument;
    tcp.tls = secure_pair_server_config();
    tcp.auto_flush = true;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, NULL, WORLD_PORT, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    firth_scope_open(&clients, scope, &isolated);
    serving = &clients;
    while ((rc = firth_accept(server, &socket)) >= 0)
        if (firth_spawn(&clients, echo_one, socket, NULL) < 0)
            firth_socket_abort(socket);
    return firth_scope_close(&clients, rc);
}

/* Connects, handshakes, has a byte echoed, closes: how long that took but for the close, in ns. */
static int64_t visit(firth_scope *scope)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    int64_t start_ns = firth_now_ns(), took_ns;
    firth_socket *socket;
    char byte = 'x';

    tcp.tls = secure_pair_client_config();
    EXPECT_EQUAL(firth_tcp_connect(&tcp, SERVER_IP, WORLD_PORT, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_write(firth_socket_output(socket), &byte, 1), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), &byte, 1), 1);
    took_ns = firth_now_ns() - start_ns;
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    return took_ns;
}

/* user_canceled and close_notify, which end a handshake that took too long. */
static int hear_the_end(firth_socket *socket)
{
    static const unsigned char expected[] = {21, 3, 3, 0, 2, 1, 90, 21, 3, 3, 0, 2, 1, 0};
    unsigned char alerts[sizeof expected];

    EXPECT_EQUAL(firth_read_fully(firth_socket_input(socket), alerts, sizeof alerts), sizeof alerts);
    EXPECT_BYTES(alerts, expected, sizeof expected);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), alerts, 1), FIRTH_EOF);
    return FIRTH_OK;
}

/* A task: says nothing, and hears the end when the time for its handshake has passed. The server has it after three times
 * the way, and the alert takes one. */
static int be_silent(firth_scope *scope, void *argument)
{
    firth_socket *socket;

    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    EXPECT_EQUAL(hear_the_end(socket), FIRTH_OK);
    EXPECT_EQUAL(firth_now_ns() / MS, *(int64_t *)argument / MS + HANDSHAKE_MS + 4);
    return FIRTH_OK;
}

/* A task: the beginning of a ClientHello, a byte each millisecond. */
static int be_slow(firth_scope *scope, void *argument)
{
    static const unsigned char hello[] = {22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3};
    firth_socket *socket;

    (void)argument;
    EXPECT_EQUAL(world_connect(scope, &socket), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    for (size_t i = 0; i < sizeof hello; i++) {
        EXPECT_EQUAL(firth_write(firth_socket_output(socket), &hello[i], 1), FIRTH_OK);
        EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
        EXPECT_EQUAL(firth_sleep(1), FIRTH_OK);
    }
    return hear_the_end(socket);
}

static int visit_alone_and_among_others(firth_scope *scope, void *argument)
{
    firth_scope others;
    int64_t alone_ns = visit(scope), start_ns = firth_now_ns();

    (void)argument;
    EXPECT_EQUAL(alone_ns, 6 * (int64_t)MS); /* connect, flights, the byte: three round trips */
    firth_scope_open(&others, scope, NULL);
    for (int i = 0; i < SILENT; i++)
        EXPECT_EQUAL(firth_spawn(&others, be_silent, &start_ns, NULL), FIRTH_OK);
    for (int i = 0; i < SLOW; i++)
        EXPECT_EQUAL(firth_spawn(&others, be_slow, NULL, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_sleep(5), FIRTH_OK);
    EXPECT_EQUAL(visit(scope), alone_ns);
    EXPECT_EQUAL(firth_scope_close(&others, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(visit(scope), alone_ns);
    (void)firth_scope_cancel_from(serving);
    return FIRTH_OK;
}

static void clients_that_are_silent_or_slow_delay_others_by_nothing_but_arithmetic(void **state)
{
    firth_sim_link way = firth_sim_link_defaults();

    (void)state;
    world_open(1);
    way.latency_min_us = way.latency_max_us = 1000;
    assert_int_equal(firth_sim_link_set(here.client, here.server, &way), FIRTH_OK);
    assert_int_equal(world_spawn(here.server, serve, NULL), FIRTH_OK);
    assert_int_equal(world_spawn(here.client, visit_alone_and_among_others, NULL), FIRTH_OK);
    assert_int_equal(world_run(), FIRTH_OK);
    assert_int_equal(world_close(), FIRTH_OK);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_that_are_silent_or_slow_delay_others_by_nothing_but_arithmetic),
    };

    return support_main(argc, argv, "secure_sim", tests, sizeof tests / sizeof tests[0]);
}
