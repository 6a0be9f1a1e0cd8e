/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting, and the addresses of both ends. */
#include "tests/conformance/peers.h"

static int a_closed_port_refuses_within_a_second(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_socket *socket;
    kit_closed closed;

    TRY(fth_kit_closed_port(scope, &closed));
    tcp.connect_timeout_ms = fth_kit_paced_ms(10000);
    for (int i = 0; i < 10; i++) {
        int64_t began_ns = firth_now_ns();

        EXPECT_RESULT(fth_kit_tcp_connect(&tcp, "127.0.0.1", closed.port, &socket), FIRTH_ERR_REFUSED);
        EXPECT(socket == NULL);
        EXPECT(firth_now_ns() - began_ns < fth_kit_paced_ms(1000) * 1000000);
    }
    return FIRTH_OK;
}

/* TCP connects a socket to itself when it is bound to the port it asks for (RFC 9293 §3.5). */
static int a_connection_to_oneself_is_refused(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_address self;
    firth_socket *socket;
    int port, rc = FIRTH_ERR_ADDRESS_IN_USE;

    tcp.local_address = &self;
    for (int tries = 0; tries < 10 && rc == FIRTH_ERR_ADDRESS_IN_USE; tries++) { /* another program may be faster */
        TRY(fth_kit_free_port(scope, &port));
        TRY(firth_address_make(&self, "127.0.0.1", port));
        rc = fth_kit_tcp_connect(&tcp, "127.0.0.1", port, &socket);
    }
    EXPECT_RESULT(rc, FIRTH_ERR_REFUSED);
    EXPECT(socket == NULL);
    return FIRTH_OK;
}

static int a_refused_connect_does_not_spoil_the_next(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_server *server;
    firth_socket *socket;
    kit_closed closed;
    int port;

    TRY(fth_kit_closed_port(scope, &closed));
    TRY(fth_kit_server(scope, &server, &port));
    for (int i = 0; i < 10; i++) {
        EXPECT_RESULT(fth_kit_tcp_connect(&tcp, "127.0.0.1", closed.port, &socket), FIRTH_ERR_REFUSED);
        TRY(fth_kit_tcp_connect(&tcp, "127.0.0.1", port, &socket));
        firth_socket_abort(socket);
    }
    return FIRTH_OK;
}

static int the_second_address_is_tried_when_the_first_refuses(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_address addresses[2], peer;
    firth_server *server;
    firth_socket *socket;
    kit_closed closed;
    int port;

    TRY(fth_kit_closed_port(scope, &closed));
    TRY(fth_kit_server(scope, &server, &port));
    TRY(firth_address_make(&addresses[0], "127.0.0.1", closed.port));
    TRY(firth_address_make(&addresses[1], "127.0.0.1", port));
    TRY(fth_kit_tcp_connect_any(&tcp, addresses, 2, &socket));
    firth_scope_own_socket(scope, socket);
    TRY(firth_socket_peer_address(socket, &peer));
    EXPECT(peer.port == port);
    return FIRTH_OK;
}

/* Connects until nobody answers any more: the backlog of a server that does not accept is full. Returns how many came
 * through, or FIRTH_ERR_USER when all did. */
static int64_t fill_backlog(firth_scope *scope, firth_tcp_builder *tcp, int port)
{
    enum { MOST = 32 };
    firth_socket *socket;

    tcp->connect_timeout_ms = fth_kit_paced_ms(100);
    for (int i = 0; i < MOST; i++) {
        int rc = fth_kit_tcp_connect(tcp, "127.0.0.1", port, &socket);

        /* Core's own deadline: what the system says of itself has a code. */
        if (rc == FIRTH_ERR_TIMED_OUT && firth_last_failure()->os_code == 0)
            return i;
        if (rc < 0)
            return rc;
        firth_scope_own_socket(scope, socket);
    }
    return FIRTH_ERR_USER;
}

static int unanswered(firth_scope *scope, firth_tcp_builder *tcp, int *port)
{
    firth_server *server;
    int64_t rc;

    tcp->backlog = 1;
    TRY(fth_kit_tcp_bind(tcp, "127.0.0.1", 0, &server));
    firth_scope_own_server(scope, server);
    *port = firth_server_address(server)->port;
    rc = fill_backlog(scope, tcp, *port);
    if (rc == FIRTH_ERR_USER || rc == FIRTH_ERR_REFUSED)
        return fth_kit_not_applicable("a backlog that leaves clients unanswered");
    TRY(rc);
    return FIRTH_OK;
}

static int a_connect_that_nobody_answers_times_out(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_socket *socket;
    int64_t began_ns;
    int port = 0;

    TRY(unanswered(scope, &tcp, &port));
    if (fth_kit.missing != NULL)
        return FIRTH_OK;
    tcp.connect_timeout_ms = 50;
    began_ns = firth_now_ns();
    EXPECT_RESULT(fth_kit_tcp_connect(&tcp, "127.0.0.1", port, &socket), FIRTH_ERR_TIMED_OUT);
    EXPECT(firth_now_ns() - began_ns >= 50 * 1000000);
    return FIRTH_OK;
}

static int a_connect_that_nobody_answers_can_be_cancelled(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    kit_attempt *connecting = fth_kit_attempt(fth_kit_connect);
    int port = 0;

    TRY(unanswered(scope, &tcp, &port));
    if (fth_kit.missing != NULL)
        return FIRTH_OK;
    tcp.connect_timeout_ms = 30000;
    connecting->tcp = tcp;
    connecting->host = "127.0.0.1";
    connecting->port = port;
    TRY(fth_kit_start(scope, connecting));
    TRY(firth_sleep(5));
    EXPECT(!connecting->ended.happened);
    fth_kit_cancel(connecting);
    TRY(fth_kit_await(&connecting->ended));
    EXPECT_RESULT(connecting->result, FIRTH_ERR_CANCELED);
    return FIRTH_OK;
}

const kit_case fth_kit_connect_cases[] = {
    KIT_CASE(a_closed_port_refuses_within_a_second),
    KIT_CASE(a_connection_to_oneself_is_refused),
    KIT_CASE(a_refused_connect_does_not_spoil_the_next),
    KIT_CASE(the_second_address_is_tried_when_the_first_refuses),
    KIT_CASE_PLAIN(a_connect_that_nobody_answers_times_out, KIT_BACKLOG),
    KIT_CASE_PLAIN(a_connect_that_nobody_answers_can_be_cancelled, KIT_BACKLOG),
    {.name = NULL},
};

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static int expect_addresses(firth_socket *client, firth_socket *accepted, const firth_address *server)
{
    firth_address client_local, client_peer, accepted_local, accepted_peer;

    TRY(firth_socket_local_address(client, &client_local));
    TRY(firth_socket_peer_address(client, &client_peer));
    TRY(firth_socket_local_address(accepted, &accepted_local));
    TRY(firth_socket_peer_address(accepted, &accepted_peer));
    EXPECT(firth_address_equal(&client_local, &accepted_peer));
    EXPECT(firth_address_equal(&client_peer, &accepted_local));
    EXPECT(firth_address_equal(&client_peer, server));
    EXPECT(client_local.port != 0 && client_local.family == server->family);
    return FIRTH_OK;
}

static int both_ends_over(firth_scope *scope, const char *host)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_server *server;
    firth_socket *client, *accepted;

    TRY(fth_kit_tcp_bind(&tcp, host, 0, &server));
    firth_scope_own_server(scope, server);
    TRY(fth_kit_tcp_connect(&tcp, host, firth_server_address(server)->port, &client));
    firth_scope_own_socket(scope, client);
    TRY(fth_kit_tcp_accept(server, &accepted));
    firth_scope_own_socket(scope, accepted);
    return expect_addresses(client, accepted, firth_server_address(server));
}

static int both_ends_know_both_ipv4_addresses(firth_scope *scope)
{
    return both_ends_over(scope, "127.0.0.1");
}

static int both_ends_know_both_ipv6_addresses(firth_scope *scope)
{
    return fth_kit_has_ipv6(scope) ? both_ends_over(scope, "::1") : fth_kit_not_applicable("IPv6");
}

static int the_local_address_asked_for_is_the_one(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    firth_address wanted, local, peer;
    firth_server *server;
    firth_socket *client, *accepted;
    int free_port, port, rc = FIRTH_ERR_ADDRESS_IN_USE;

    TRY(fth_kit_server(scope, &server, &port));
    tcp.local_address = &wanted;
    for (int tries = 0; tries < 10 && rc == FIRTH_ERR_ADDRESS_IN_USE; tries++) { /* another program may be faster */
        TRY(fth_kit_free_port(scope, &free_port));
        TRY(firth_address_make(&wanted, "127.0.0.1", free_port));
        rc = fth_kit_tcp_connect(&tcp, "127.0.0.1", port, &client);
    }
    TRY(rc);
    firth_scope_own_socket(scope, client);
    TRY(fth_kit_tcp_accept(server, &accepted));
    firth_scope_own_socket(scope, accepted);
    TRY(firth_socket_local_address(client, &local));
    TRY(firth_socket_peer_address(accepted, &peer));
    EXPECT(firth_address_equal(&local, &wanted) && firth_address_equal(&peer, &wanted));
    return FIRTH_OK;
}

const kit_case fth_kit_address_cases[] = {
    KIT_CASE(both_ends_know_both_ipv4_addresses),
    KIT_CASE(both_ends_know_both_ipv6_addresses),
    KIT_CASE(the_local_address_asked_for_is_the_one),
    {.name = NULL},
};
