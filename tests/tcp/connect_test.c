/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting to one place: where it leads, how it fails, and how long it may take. */
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <errno.h>
#include <unistd.h>

enum { MILLISECOND_NS = 1000 * 1000 };

static int64_t ms_since(int64_t start_ns)
{
    return (firth_now_ns() - start_ns) / MILLISECOND_NS;
}

TASK_TEST(connect_to_a_closed_port_is_refused_within_a_second)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    int64_t start_ns = firth_now_ns();
    firth_socket *socket = (firth_socket *)&tcp;

    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", support_closed_port(), &socket), FIRTH_ERR_REFUSED);
    EXPECT(socket == NULL);
    EXPECT(ms_since(start_ns) < 1000);
    EXPECT_EQUAL(firth_last_failure()->code, FIRTH_ERR_REFUSED);
    EXPECT_EQUAL(firth_last_failure()->os_code, ECONNREFUSED);
    EXPECT(strstr(firth_last_failure()->step, "connect") != NULL);
    return FIRTH_OK;
}

/* The kernel lets a socket that is bound to a port connect to that very port when nobody listens there: it meets itself
 * half-way (RFC 9293 §3.5, simultaneous open). */
TASK_TEST(connect_to_oneself_is_refused)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    firth_address local;
    int rc = FIRTH_ERR_ADDRESS_IN_USE;

    for (int i = 0; i < 100 && rc == FIRTH_ERR_ADDRESS_IN_USE; i++) { /* somebody else may take the port in between */
        EXPECT_EQUAL(firth_address_make(&local, "127.0.0.1", raw_free_port()), FIRTH_OK);
        tcp.local_address = &local;
        rc = firth_tcp_connect(&tcp, "127.0.0.1", local.port, &socket);
    }
    EXPECT_EQUAL(rc, FIRTH_ERR_REFUSED);
    EXPECT(socket == NULL);
    return FIRTH_OK;
}

TASK_TEST(both_ends_tell_the_same_two_addresses)
{
    firth_socket *client, *server;
    firth_address of_client, of_server, seen;

    EXPECT_EQUAL(support_pair(scope, &client, &server), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    firth_scope_own_socket(scope, server);
    EXPECT_EQUAL(firth_socket_local_address(client, &of_client), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_peer_address(client, &of_server), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_peer_address(server, &seen), FIRTH_OK);
    EXPECT(firth_address_equal(&seen, &of_client));
    EXPECT_EQUAL(firth_socket_local_address(server, &seen), FIRTH_OK);
    EXPECT(firth_address_equal(&seen, &of_server));
    EXPECT(of_client.port != of_server.port);
    return FIRTH_OK;
}

TASK_TEST(connect_binds_the_local_address_it_is_given)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_address wanted, actual;
    firth_server *server;
    firth_socket *client;
    int port;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(firth_address_make(&wanted, "127.0.0.77", 0), FIRTH_OK);
    tcp.local_address = &wanted;
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", port, &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(firth_socket_local_address(client, &actual), FIRTH_OK);
    EXPECT(actual.port != 0);
    actual.port = 0;
    EXPECT(firth_address_equal(&actual, &wanted));
    return FIRTH_OK;
}

TASK_TEST(local_address_of_another_machine_is_not_available)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_address elsewhere;
    firth_socket *client;

    EXPECT_EQUAL(firth_address_make(&elsewhere, "203.0.113.5", 0), FIRTH_OK);
    tcp.local_address = &elsewhere;
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", support_closed_port(), &client), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    return FIRTH_OK;
}

TASK_TEST(local_address_of_the_other_family_is_invalid)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_address ipv6;
    firth_socket *client;

    EXPECT_EQUAL(firth_address_make(&ipv6, "::1", 0), FIRTH_OK);
    tcp.local_address = &ipv6;
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", support_closed_port(), &client), FIRTH_ERR_ADDRESS_INVALID);
    EXPECT(strcmp(firth_last_failure()->step, "option local_address") == 0);
    return FIRTH_OK;
}

TASK_TEST(connect_takes_a_name)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    firth_socket *client, *accepted;
    int port;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "localhost", port, &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(firth_accept(server, &accepted), FIRTH_OK);
    firth_scope_own_socket(scope, accepted);
    return FIRTH_OK;
}

/* RFC 6761 §6.4: "invalid" never resolves. A resolver that is out of reach says so instead. */
TASK_TEST(unknown_host_is_an_error_of_the_name)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *client;
    int rc = firth_tcp_connect(&tcp, "no-such-host.invalid", 80, &client);

    EXPECT(rc == FIRTH_ERR_NAME_NOT_FOUND || rc == FIRTH_ERR_NAME_TRY_AGAIN || rc == FIRTH_ERR_NAME_FAILED);
    EXPECT(client == NULL);
    EXPECT_EQUAL(firth_last_failure()->code, rc);
    EXPECT(firth_last_failure()->os_code != 0);
    return FIRTH_OK;
}

TASK_TEST(port_out_of_range_is_an_error_of_the_port)
{
    static const int ports[] = {-1, 0, 65536, 1000000};
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *client;

    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        client = (firth_socket *)&tcp;
        EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", ports[i], &client), FIRTH_ERR_PORT_RANGE);
        EXPECT(client == NULL);
    }
    return FIRTH_OK;
}

TASK_TEST(connect_without_a_host_is_an_argument_error)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *client;

    EXPECT_EQUAL(firth_tcp_connect(&tcp, NULL, 80, &client), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "", 80, &client), FIRTH_ERR_ARGUMENT);
    return FIRTH_OK;
}

TASK_TEST(connect_to_a_silent_host_ends_at_its_timeout)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    raw_silence silence;
    firth_socket *client;
    int64_t start_ns;

    EXPECT_EQUAL(raw_silence_open(&silence), 0);
    tcp.connect_timeout_ms = 100;
    start_ns = firth_now_ns();
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", silence.port, &client), FIRTH_ERR_TIMED_OUT);
    EXPECT(client == NULL);
    EXPECT(ms_since(start_ns) >= 100);
    EXPECT(ms_since(start_ns) < 2000);
    raw_silence_close(&silence);
    return FIRTH_OK;
}

TASK_TEST(deadline_of_a_scope_ends_a_connect_too)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    const firth_scope_options soon = {.timeout_ms = 50};
    firth_scope until;
    raw_silence silence;
    firth_socket *client;
    int rc;

    EXPECT_EQUAL(raw_silence_open(&silence), 0);
    firth_scope_open(&until, scope, &soon);
    rc = firth_tcp_connect(&tcp, "127.0.0.1", silence.port, &client);
    EXPECT_EQUAL(firth_scope_close(&until, rc), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(rc, FIRTH_ERR_CANCELED);
    EXPECT(client == NULL);
    raw_silence_close(&silence);
    return FIRTH_OK;
}

/* getaddrinfo(3) cannot be interrupted; the task need not wait for its thread all the same. */
TASK_TEST(deadline_of_a_scope_ends_the_resolving_of_a_name)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    const firth_scope_options expired = {.timeout_ms = -1};
    firth_scope until;
    firth_socket *client;
    int rc;

    firth_scope_open(&until, scope, &expired);
    rc = firth_tcp_connect(&tcp, "localhost", 80, &client);
    EXPECT_EQUAL(firth_scope_close(&until, rc), FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(rc, FIRTH_ERR_CANCELED);
    return FIRTH_OK;
}

TASK_TEST(builder_is_a_value_for_as_many_calls_as_one_likes)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    int port;

    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    for (int i = 0; i < 10; i++) {
        const firth_tcp_builder copy = tcp;
        firth_socket *client;

        EXPECT_EQUAL(firth_tcp_connect(&copy, "127.0.0.1", port, &client), FIRTH_OK);
        firth_socket_abort(client);
        EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", support_closed_port(), &client), FIRTH_ERR_REFUSED);
    }
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect_to_a_closed_port_is_refused_within_a_second),
        cmocka_unit_test(connect_to_oneself_is_refused),
        cmocka_unit_test(both_ends_tell_the_same_two_addresses),
        cmocka_unit_test(connect_binds_the_local_address_it_is_given),
        cmocka_unit_test(local_address_of_another_machine_is_not_available),
        cmocka_unit_test(local_address_of_the_other_family_is_invalid),
        cmocka_unit_test(connect_takes_a_name),
        cmocka_unit_test(unknown_host_is_an_error_of_the_name),
        cmocka_unit_test(port_out_of_range_is_an_error_of_the_port),
        cmocka_unit_test(connect_without_a_host_is_an_argument_error),
        cmocka_unit_test(connect_to_a_silent_host_ends_at_its_timeout),
        cmocka_unit_test(deadline_of_a_scope_ends_a_connect_too),
        cmocka_unit_test(deadline_of_a_scope_ends_the_resolving_of_a_name),
        cmocka_unit_test(builder_is_a_value_for_as_many_calls_as_one_likes),
    };

    return support_main(argc, argv, "connect", tests, sizeof tests / sizeof tests[0]);
}
