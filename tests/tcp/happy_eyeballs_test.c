/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting to one of several addresses (RFC 8305). */
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/kqueue_mode.h"

enum { SOON_MS = 50, NEVER_MS = 600 * 1000, MILLISECOND_NS = 1000 * 1000 };

static int64_t ms_since(int64_t start_ns)
{
    return (firth_now_ns() - start_ns) / MILLISECOND_NS;
}

static firth_address loopback(int port)
{
    firth_address address = {0};

    (void)!firth_address_make(&address, "127.0.0.1", port);
    return address;
}

static int peer_port(const firth_socket *socket)
{
    firth_address peer;
    int rc = firth_socket_peer_address(socket, &peer);

    return rc < 0 ? rc : peer.port;
}

TASK_TEST(silent_first_address_delays_the_second_by_the_attempt_delay)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    firth_socket *client;
    raw_silence silence;
    firth_address addresses[2];
    int64_t start_ns;
    int port;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(raw_silence_open(&silence), 0);
    addresses[0] = loopback(silence.port);
    addresses[1] = loopback(port);
    tcp.attempt_delay_ms = SOON_MS;
    start_ns = firth_now_ns();
    EXPECT_EQUAL(firth_tcp_connect_any(&tcp, addresses, 2, &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT(ms_since(start_ns) >= SOON_MS);
    EXPECT(ms_since(start_ns) < 3000);
    EXPECT_EQUAL(peer_port(client), port);
    raw_silence_close(&silence);
    return FIRTH_OK;
}

TASK_TEST(refused_first_address_does_not_wait_for_the_attempt_delay)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    firth_socket *client;
    firth_address addresses[3];
    int port;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    addresses[0] = addresses[1] = loopback(support_closed_port());
    addresses[2] = loopback(port);
    tcp.attempt_delay_ms = NEVER_MS;
    tcp.connect_timeout_ms = 10 * 1000;
    EXPECT_EQUAL(firth_tcp_connect_any(&tcp, addresses, 3, &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(peer_port(client), port);
    return FIRTH_OK;
}

TASK_TEST(first_address_that_answers_is_the_only_one_asked)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    firth_socket *client;
    firth_address addresses[2];
    int port, other_port, other = raw_listen(1, &other_port);
    struct pollfd somebody = {.fd = other, .events = POLLIN};

    EXPECT(other >= 0);
    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    addresses[0] = loopback(port);
    addresses[1] = loopback(other_port);
    EXPECT_EQUAL(firth_tcp_connect_any(&tcp, addresses, 2, &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(peer_port(client), port);
    EXPECT_EQUAL(poll(&somebody, 1, 0), 0);
    close(other);
    return FIRTH_OK;
}

TASK_TEST(second_silent_address_does_not_hold_up_the_third)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    firth_socket *client;
    raw_silence silence;
    firth_address addresses[4];
    int port;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(raw_silence_open(&silence), 0);
    addresses[0] = loopback(support_closed_port());
    addresses[1] = addresses[2] = loopback(silence.port);
    addresses[3] = loopback(port);
    tcp.attempt_delay_ms = SOON_MS;
    EXPECT_EQUAL(firth_tcp_connect_any(&tcp, addresses, 4, &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(peer_port(client), port);
    raw_silence_close(&silence);
    return FIRTH_OK;
}

TASK_TEST(addresses_that_all_fail_give_the_last_error)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_address addresses[3];
    firth_socket *client;

    for (int i = 0; i < 3; i++)
        addresses[i] = loopback(support_closed_port());
    EXPECT_EQUAL(firth_tcp_connect_any(&tcp, addresses, 3, &client), FIRTH_ERR_REFUSED);
    EXPECT(client == NULL);
    return FIRTH_OK;
}

TASK_TEST(timeout_is_on_all_addresses_together)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_address addresses[5];
    firth_socket *client;
    raw_silence silence;
    int64_t start_ns;

    EXPECT_EQUAL(raw_silence_open(&silence), 0);
    for (int i = 0; i < 5; i++)
        addresses[i] = loopback(silence.port);
    tcp.attempt_delay_ms = SOON_MS;
    tcp.connect_timeout_ms = 3 * SOON_MS;
    start_ns = firth_now_ns();
    EXPECT_EQUAL(firth_tcp_connect_any(&tcp, addresses, 5, &client), FIRTH_ERR_TIMED_OUT);
    EXPECT(client == NULL);
    EXPECT(ms_since(start_ns) >= 3 * SOON_MS);
    EXPECT(ms_since(start_ns) < 2000);
    raw_silence_close(&silence);
    return FIRTH_OK;
}

/* The deadline falls before, at and after the start of the second attempt: the leak checks tell what it left. */
TASK_TEST(cancel_at_any_moment_of_several_attempts_leaves_nothing)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_address addresses[3];
    raw_silence silence;

    EXPECT_EQUAL(raw_silence_open(&silence), 0);
    for (int i = 0; i < 3; i++)
        addresses[i] = loopback(silence.port);
    tcp.attempt_delay_ms = 10;
    for (int64_t ms = 1; ms < 35; ms += 3) {
        const firth_scope_options soon = {.timeout_ms = ms};
        firth_scope until;
        firth_socket *client;
        int rc;

        firth_scope_open(&until, scope, &soon);
        rc = firth_tcp_connect_any(&tcp, addresses, 3, &client);
        EXPECT_EQUAL(rc, FIRTH_ERR_CANCELED);
        EXPECT_EQUAL(firth_scope_close(&until, rc), FIRTH_ERR_TIMED_OUT);
        EXPECT(client == NULL);
    }
    raw_silence_close(&silence);
    return FIRTH_OK;
}

typedef struct late_cancel {
    firth_server *server;
    firth_scope *connecting;
} late_cancel;

static int cancel_when_connected(firth_scope *scope, void *argument)
{
    late_cancel *late = argument;
    firth_socket *accepted;
    int rc = firth_accept(late->server, &accepted);

    if (rc < 0)
        return rc;
    firth_scope_own_socket(scope, accepted);
    firth_scope_cancel(late->connecting);
    return FIRTH_OK;
}

/* A mode of tests/kqueue: then nobody hears of two things in the same turn. */
static bool tells_one_at_a_time(void)
{
    return support_kqueue_mode("one");
}

/* The client hears of its connection in the same turn of the loop as the server, which cancels it then and there. */
TASK_TEST(connection_that_is_there_beats_a_cancel)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    late_cancel late;
    firth_scope connecting;
    firth_socket *client;
    int port, rc;

    EXPECT_EQUAL(peers_server(scope, &late.server, &port), FIRTH_OK);
    firth_scope_open(&connecting, scope, NULL);
    late.connecting = &connecting;
    EXPECT_EQUAL(firth_spawn(&connecting, cancel_when_connected, &late, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK); /* it waits in accept, for the kernel to tell */
    rc = firth_tcp_connect(&tcp, "127.0.0.1", port, &client);
    if (rc == FIRTH_ERR_CANCELED && tells_one_at_a_time()) {
        rc = firth_scope_close(&connecting, FIRTH_OK);
        return rc == FIRTH_ERR_CANCELED ? FIRTH_OK : rc;
    }
    EXPECT_EQUAL(rc, FIRTH_OK);
    if (support_backend_is("epoll")) /* poll tells the client first, which then has gone on */
        EXPECT(firth_scope_is_cancelled(&connecting));
    firth_socket_abort(client);
    EXPECT_EQUAL(firth_scope_close(&connecting, FIRTH_OK), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(an_attempt_delay_without_end_never_starts_another)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    firth_socket *client;
    raw_silence silence;
    firth_address addresses[2];
    int port;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(raw_silence_open(&silence), 0);
    addresses[0] = loopback(silence.port);
    addresses[1] = loopback(port);
    tcp.attempt_delay_ms = INT64_MAX;
    tcp.connect_timeout_ms = 50;
    EXPECT_EQUAL(firth_tcp_connect_any(&tcp, addresses, 2, &client), FIRTH_ERR_TIMED_OUT);
    raw_silence_close(&silence);
    return FIRTH_OK;
}

TASK_TEST(loser_that_connects_in_the_end_is_closed)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    firth_socket *client;
    raw_silence silence;
    firth_address addresses[2];
    size_t open;
    int port;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(raw_silence_open(&silence), 0);
    addresses[0] = loopback(silence.port);
    addresses[1] = loopback(port);
    tcp.attempt_delay_ms = 10;
    open = support_descriptors_open();
    EXPECT_EQUAL(firth_tcp_connect_any(&tcp, addresses, 2, &client), FIRTH_OK);
    EXPECT_EQUAL(support_descriptors_open(), open + 1);
    firth_scope_own_socket(scope, client);
    raw_silence_close(&silence);
    return FIRTH_OK;
}

TASK_TEST(no_addresses_at_all_is_an_argument_error)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_address none = {0};
    firth_socket *client;

    EXPECT_EQUAL(firth_tcp_connect_any(&tcp, &none, 0, &client), FIRTH_ERR_ARGUMENT);
    EXPECT(client == NULL);
    EXPECT(firth_tcp_connect_any(&tcp, &none, 1, &client) < 0);
    EXPECT(client == NULL);
    return FIRTH_OK;
}

TASK_TEST(port_zero_in_any_address_is_out_of_range_and_nothing_is_tried)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_address addresses[2];
    firth_server *server;
    firth_socket *client;
    int port;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    addresses[0] = loopback(port);
    addresses[1] = loopback(0);
    EXPECT_EQUAL(firth_tcp_connect_any(&tcp, &addresses[1], 1, &client), FIRTH_ERR_PORT_RANGE);
    EXPECT(strcmp(firth_last_failure()->step, "port") == 0 && client == NULL);
    EXPECT_EQUAL(firth_tcp_connect_any(&tcp, addresses, 2, &client), FIRTH_ERR_PORT_RANGE);
    EXPECT(client == NULL);
    return FIRTH_OK;
}

/* localhost often has both families while the server has one. */
TASK_TEST(name_with_two_families_finds_the_one_that_listens)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    firth_socket *client;
    firth_address addresses[2];
    int port;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&addresses[0], "::1", port), FIRTH_OK);
    addresses[1] = loopback(port);
    tcp.attempt_delay_ms = NEVER_MS;
    tcp.connect_timeout_ms = 10 * 1000;
    EXPECT_EQUAL(firth_tcp_connect_any(&tcp, addresses, 2, &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(peer_port(client), port);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent_first_address_delays_the_second_by_the_attempt_delay),
        cmocka_unit_test(refused_first_address_does_not_wait_for_the_attempt_delay),
        cmocka_unit_test(first_address_that_answers_is_the_only_one_asked),
        cmocka_unit_test(second_silent_address_does_not_hold_up_the_third),
        cmocka_unit_test(addresses_that_all_fail_give_the_last_error),
        cmocka_unit_test(timeout_is_on_all_addresses_together),
        cmocka_unit_test(cancel_at_any_moment_of_several_attempts_leaves_nothing),
        cmocka_unit_test(connection_that_is_there_beats_a_cancel),
        cmocka_unit_test(an_attempt_delay_without_end_never_starts_another),
        cmocka_unit_test(loser_that_connects_in_the_end_is_closed),
        cmocka_unit_test(no_addresses_at_all_is_an_argument_error),
        cmocka_unit_test(port_zero_in_any_address_is_out_of_range_and_nothing_is_tried),
        cmocka_unit_test(name_with_two_families_finds_the_one_that_listens),
    };

    return support_main(argc, argv, "happy_eyeballs", tests, sizeof tests / sizeof tests[0]);
}
