/* SPDX-License-Identifier: Apache-2.0 */
/* Binding, listening, and closing a server. */
#include "tests/conformance/peers.h"

static int bind_at(firth_scope *scope, const char *host, int port, firth_server **server)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);

    TRY(fth_kit_tcp_bind(&tcp, host, port, server));
    firth_scope_own_server(scope, *server);
    return FIRTH_OK;
}

static int port_0_becomes_a_real_port(firth_scope *scope)
{
    firth_server *first, *second;

    TRY(bind_at(scope, "127.0.0.1", 0, &first));
    TRY(bind_at(scope, "127.0.0.1", 0, &second));
    EXPECT(firth_server_address(first)->port != 0);
    EXPECT(firth_server_address(second)->port != 0);
    EXPECT(firth_server_address(first)->port != firth_server_address(second)->port);
    return FIRTH_OK;
}

static int a_port_that_somebody_listens_on_is_in_use(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_server *first, *second;

    TRY(bind_at(scope, "127.0.0.1", 0, &first));
    EXPECT_RESULT(fth_kit_tcp_bind(&tcp, "127.0.0.1", firth_server_address(first)->port, &second),
                  FIRTH_ERR_ADDRESS_IN_USE);
    return FIRTH_OK;
}

static int an_address_of_another_machine_is_not_available(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_server *server;

    /* RFC 5737: for documentation, of no machine. */
    EXPECT_RESULT(fth_kit_tcp_bind(&tcp, "203.0.113.77", 0, &server), FIRTH_ERR_ADDRESS_NOT_AVAILABLE);
    return FIRTH_OK;
}

static int exchange(firth_scope *scope, firth_server *server, const char *host)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_socket *client, *accepted;
    uint8_t byte;

    TRY(fth_kit_tcp_connect(&tcp, host, firth_server_address(server)->port, &client));
    firth_scope_own_socket(scope, client);
    TRY(fth_kit_tcp_accept(server, &accepted));
    firth_scope_own_socket(scope, accepted);
    TRY(firth_write(firth_socket_output(client), "!", 1));
    TRY(firth_flush(firth_socket_output(client)));
    EXPECT_RESULT(firth_read(firth_socket_input(accepted), &byte, 1), 1);
    PROMISE(byte == '!');
    firth_socket_abort(client);
    firth_socket_abort(accepted);
    return FIRTH_OK;
}

static int the_wildcard_takes_ipv4_and_where_it_is_there_ipv6(firth_scope *scope)
{
    firth_server *server;

    TRY(bind_at(scope, "*", 0, &server));
    TRY(exchange(scope, server, "127.0.0.1"));
    return fth_kit_has_ipv6(scope) ? exchange(scope, server, "::1") : FIRTH_OK;
}

/* Another program may listen on that port of IPv4, but not on three of them. */
static int an_ipv6_wildcard_alone_takes_no_ipv4(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_server *server = NULL;
    firth_socket *client;
    int rc = FIRTH_OK;

    if (!fth_kit_has_ipv6(scope))
        return fth_kit_not_applicable("IPv6");
    tcp.ipv6_only = true;
    for (int tries = 0; tries < 3 && rc != FIRTH_ERR_REFUSED; tries++) {
        TRY(fth_kit_tcp_bind(&tcp, "::", 0, &server));
        firth_scope_own_server(scope, server);
        rc = firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &client);
        if (rc == FIRTH_OK)
            firth_socket_abort(client);
    }
    EXPECT_RESULT(rc, FIRTH_ERR_REFUSED);
    return exchange(scope, server, "::1");
}

/* While nobody listens on the port here another program may take it: then the case begins anew with another. What keeps a
 * port of its own fails each time. */
static int with_free_port(firth_scope *scope, int (*run)(firth_scope *scope, int port))
{
    int port, rc = FIRTH_ERR_ADDRESS_IN_USE;

    for (int tries = 0; tries < 3 && rc == FIRTH_ERR_ADDRESS_IN_USE; tries++) {
        TRY(fth_kit_free_port(scope, &port));
        rc = run(scope, port);
    }
    return rc == FIRTH_ERR_ADDRESS_IN_USE ? fth_kit_ended(__FILE__, __LINE__, "binding the port again", rc) : rc;
}

/* FIRTH_ERR_ADDRESS_IN_USE is not told yet. */
static int bind_again(firth_scope *scope, int port, firth_server **server)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    int rc = fth_kit_tcp_bind(&tcp, "127.0.0.1", port, server);

    if (rc != FIRTH_ERR_ADDRESS_IN_USE)
        TRY(rc);
    if (rc == FIRTH_OK)
        firth_scope_own_server(scope, *server);
    return rc;
}

static int close_ten_times(firth_scope *scope, int port)
{
    for (int i = 0; i < 10; i++) {
        kit_attempt *accepting = fth_kit_attempt(fth_kit_accept);
        int rc = bind_again(scope, port, &accepting->server);

        if (rc < 0)
            return rc;
        TRY(fth_kit_start(scope, accepting));
        TRY(i % 2 == 0 ? firth_yield() : firth_sleep(2));
        EXPECT(!accepting->ended.happened);
        fth_kit_server_close(accepting->server);
        TRY(fth_kit_await(&accepting->ended));
        EXPECT_RESULT(accepting->result, FIRTH_ERR_CLOSED);
    }
    return FIRTH_OK;
}

static int closing_a_server_wakes_accept_and_frees_the_port_ten_times(firth_scope *scope)
{
    return with_free_port(scope, close_ten_times);
}

/* The server's side closes first, and so has the connection in TIME_WAIT. */
static int wait_ten_times(firth_scope *scope, int port)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);

    for (int i = 0; i < 10; i++) {
        firth_server *server;
        firth_socket *client, *accepted;
        uint8_t byte;
        int rc = bind_again(scope, port, &server);

        if (rc < 0)
            return rc;
        TRY(fth_kit_tcp_connect(&tcp, "127.0.0.1", port, &client));
        firth_scope_own_socket(scope, client);
        TRY(fth_kit_tcp_accept(server, &accepted));
        firth_scope_own_socket(scope, accepted);
        TRY(firth_socket_close(accepted));
        EXPECT_RESULT(firth_read(firth_socket_input(client), &byte, 1), FIRTH_EOF);
        TRY(firth_socket_close(client));
        fth_kit_server_close(server);
    }
    return FIRTH_OK;
}

static int a_port_with_connections_in_time_wait_can_be_bound_ten_times(firth_scope *scope)
{
    return with_free_port(scope, wait_ten_times);
}

static int a_server_its_clients_and_accepted_sockets_live_independently(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_server *server;
    firth_socket *client, *accepted;
    char line[16];

    TRY(bind_at(scope, "127.0.0.1", 0, &server));
    TRY(fth_kit_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &client));
    firth_scope_own_socket(scope, client);
    TRY(fth_kit_tcp_accept(server, &accepted));
    firth_scope_own_socket(scope, accepted);
    fth_kit_server_close(server);
    TRY(firth_write_string(firth_socket_output(client), "still here\n"));
    EXPECT_RESULT(firth_read_line(firth_socket_input(accepted), line, sizeof line), 10);
    TRY(firth_write_string(firth_socket_output(accepted), "so am I\n"));
    EXPECT_RESULT(firth_read_line(firth_socket_input(client), line, sizeof line), 7);
    return FIRTH_OK;
}

static int clients_in_the_backlog_of_a_closed_server_hear_of_it(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_server *server;
    firth_socket *client;
    uint8_t byte;
    int64_t rc;

    TRY(bind_at(scope, "127.0.0.1", 0, &server));
    TRY(fth_kit_tcp_connect(&tcp, "127.0.0.1", firth_server_address(server)->port, &client));
    firth_scope_own_socket(scope, client);
    fth_kit_server_close(server);
    rc = firth_read(firth_socket_input(client), &byte, 1);
    EXPECT_EITHER(rc, FIRTH_ERR_RESET, FIRTH_EOF);
    return FIRTH_OK;
}

const kit_case fth_kit_listen_cases[] = {
    KIT_CASE(port_0_becomes_a_real_port),
    KIT_CASE(a_port_that_somebody_listens_on_is_in_use),
    KIT_CASE(an_address_of_another_machine_is_not_available),
    KIT_CASE(the_wildcard_takes_ipv4_and_where_it_is_there_ipv6),
    KIT_CASE(an_ipv6_wildcard_alone_takes_no_ipv4),
    KIT_CASE(closing_a_server_wakes_accept_and_frees_the_port_ten_times),
    KIT_CASE(a_port_with_connections_in_time_wait_can_be_bound_ten_times),
    KIT_CASE(a_server_its_clients_and_accepted_sockets_live_independently),
    KIT_CASE(clients_in_the_backlog_of_a_closed_server_hear_of_it),
    {.name = NULL},
};
