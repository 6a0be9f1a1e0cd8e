/* SPDX-License-Identifier: Apache-2.0 */
/* Accepting, above all clients that behave badly. */
#include "tests/conformance/peers.h"

static int connect_to(firth_scope *scope, int port, firth_socket **client)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);

    TRY(fth_kit_tcp_connect(&tcp, "127.0.0.1", port, client));
    firth_scope_own_socket(scope, *client);
    return FIRTH_OK;
}

static int accept_from(firth_scope *scope, firth_server *server, firth_socket **socket)
{
    TRY(fth_kit_tcp_accept(server, socket));
    firth_scope_own_socket(scope, *socket);
    return FIRTH_OK;
}

/* The next that is accepted and still there greets as client `number`; those that are gone come before it or not. */
static int expect_client(firth_scope *scope, firth_server *server, int gone_most, int number)
{
    for (int i = 0; i <= gone_most; i++) {
        firth_socket *accepted;
        char line[16];
        int64_t rc;

        TRY(accept_from(scope, server, &accepted));
        rc = firth_read_line(firth_socket_input(accepted), line, sizeof line);
        if (rc == 1) {
            PROMISE(line[0] == 'a' + number);
            TRY(firth_socket_close(accepted));
            return FIRTH_OK;
        }
        EXPECT_EITHER(rc, FIRTH_ERR_RESET, FIRTH_EOF);
        firth_socket_abort(accepted);
    }
    return fth_kit_untrue(__FILE__, __LINE__, "the client that stayed was accepted");
}

static int greet(firth_scope *scope, int port, int number, firth_socket **client)
{
    TRY(connect_to(scope, port, client));
    TRY(firth_write_format(firth_socket_output(*client), "%c\n", 'a' + number));
    TRY(firth_flush(firth_socket_output(*client)));
    return FIRTH_OK;
}

static int clients_that_reset_before_accept_do_not_end_the_server(firth_scope *scope)
{
    enum { GONE = 5 };
    firth_server *server;
    firth_socket *client;
    int port;

    TRY(fth_kit_server(scope, &server, &port));
    for (int i = 0; i < GONE; i++) {
        TRY(connect_to(scope, port, &client));
        firth_socket_abort(client);
    }
    TRY(greet(scope, port, 0, &client));
    return expect_client(scope, server, GONE, 0);
}

static int clients_that_reset_during_accept_do_not_end_the_server(firth_scope *scope)
{
    firth_server *server;
    firth_socket *client;
    int port;

    TRY(fth_kit_server(scope, &server, &port));
    for (int i = 0; i < 10; i++) {
        kit_attempt *accepting = fth_kit_attempt(fth_kit_accept);

        accepting->server = server;
        TRY(fth_kit_start(scope, accepting));
        TRY(firth_yield());
        TRY(connect_to(scope, port, &client));
        firth_socket_abort(client);
        TRY(greet(scope, port, 1, &client));
        TRY(fth_kit_await(&accepting->ended));
        EXPECT_RESULT(accepting->result, FIRTH_OK);
        firth_scope_own_socket(scope, accepting->socket);
        /* Either it was the one that is gone, and the other is next, or the other itself. */
        if (firth_read_line(firth_socket_input(accepting->socket), (char *)fth_kit_keep(16), 16) != 1)
            TRY(expect_client(scope, server, 1, 1));
        firth_socket_abort(accepting->socket);
        firth_socket_abort(client);
    }
    return FIRTH_OK;
}

static int a_client_that_wrote_and_closed_before_accept_is_read_whole(firth_scope *scope)
{
    firth_server *server;
    firth_socket *client, *accepted;
    char line[16];
    int port;

    TRY(fth_kit_server(scope, &server, &port));
    TRY(connect_to(scope, port, &client));
    TRY(firth_write_string(firth_socket_output(client), "first\nsecond\n"));
    TRY(firth_socket_close(client));
    TRY(fth_kit_settle());
    TRY(accept_from(scope, server, &accepted));
    EXPECT_RESULT(firth_read_line(firth_socket_input(accepted), line, sizeof line), 5);
    EXPECT_RESULT(firth_read_line(firth_socket_input(accepted), line, sizeof line), 6);
    PROMISE(memcmp(line, "second", 6) == 0);
    EXPECT_RESULT(firth_read_line(firth_socket_input(accepted), line, sizeof line), FIRTH_EOF);
    return FIRTH_OK;
}

/* Each is accepted once: no client is lost, and none is handed out twice. */
static int clients_in_the_backlog_are_accepted_once_each(firth_scope *scope)
{
    enum { CLIENTS = 20 };
    firth_socket *clients[CLIENTS];
    bool *seen = fth_kit_keep(CLIENTS * sizeof *seen);
    firth_server *server;
    int port;

    TRY(fth_kit_server(scope, &server, &port));
    for (int i = 0; i < CLIENTS; i++)
        TRY(greet(scope, port, i, &clients[i]));
    for (int i = 0; i < CLIENTS; i++) {
        firth_socket *accepted;
        char line[4];

        TRY(accept_from(scope, server, &accepted));
        EXPECT_RESULT(firth_read_line(firth_socket_input(accepted), line, sizeof line), 1);
        PROMISE(line[0] >= 'a' && line[0] < 'a' + CLIENTS && !seen[line[0] - 'a']);
        seen[line[0] - 'a'] = true;
    }
    return FIRTH_OK;
}

/* The first that comes wakes the accept, which must look for the others too when it is called again. */
static int clients_that_come_together_are_all_accepted(firth_scope *scope)
{
    enum { CLIENTS = 8 };
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    kit_attempt *connecting[CLIENTS];
    firth_socket *accepted[CLIENTS];
    firth_server *server;
    int port;

    TRY(fth_kit_server(scope, &server, &port));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < CLIENTS; i++) {
            connecting[i] = fth_kit_attempt(fth_kit_connect);
            connecting[i]->tcp = tcp;
            connecting[i]->host = "127.0.0.1";
            connecting[i]->port = port;
            TRY(fth_kit_start(scope, connecting[i]));
        }
        for (int i = 0; i < CLIENTS; i++)
            TRY(accept_from(scope, server, &accepted[i]));
        for (int i = 0; i < CLIENTS; i++) {
            TRY(fth_kit_await(&connecting[i]->ended));
            TRY(connecting[i]->result);
            firth_socket_abort(connecting[i]->socket);
            firth_socket_abort(accepted[i]);
        }
    }
    return FIRTH_OK;
}

static int connect_write_close_many_times_loses_nobody(firth_scope *scope)
{
    enum { ROUNDS = 100 };
    kit_attempt *serving = fth_kit_attempt(fth_kit_echo_server);
    int port;

    TRY(fth_kit_server(scope, &serving->server, &port));
    TRY(fth_kit_start(scope, serving));
    for (int i = 0; i < ROUNDS; i++) {
        firth_socket *client;
        char line[8];

        TRY(greet(scope, port, i % 26, &client));
        EXPECT_RESULT(firth_read_line(firth_socket_input(client), line, sizeof line), 1);
        PROMISE(line[0] == 'a' + i % 26);
        TRY(firth_socket_close(client));
    }
    fth_kit_server_close(serving->server);
    TRY(fth_kit_await(&serving->ended));
    EXPECT_RESULT(serving->result, FIRTH_ERR_CLOSED);
    return FIRTH_OK;
}

static int a_second_accept_is_busy_and_the_first_undisturbed(firth_scope *scope)
{
    kit_attempt *accepting = fth_kit_attempt(fth_kit_accept);
    firth_socket *client, *none;
    int port;

    TRY(fth_kit_server(scope, &accepting->server, &port));
    TRY(fth_kit_start(scope, accepting));
    TRY(firth_yield());
    EXPECT_RESULT(fth_kit_tcp_accept(accepting->server, &none), FIRTH_ERR_BUSY);
    TRY(connect_to(scope, port, &client));
    TRY(fth_kit_await(&accepting->ended));
    EXPECT_RESULT(accepting->result, FIRTH_OK);
    firth_socket_abort(accepting->socket);
    return FIRTH_OK;
}

const kit_case fth_kit_accept_cases[] = {
    KIT_CASE(clients_that_reset_before_accept_do_not_end_the_server),
    KIT_CASE(clients_that_reset_during_accept_do_not_end_the_server),
    KIT_CASE(a_client_that_wrote_and_closed_before_accept_is_read_whole),
    KIT_CASE_WITH(clients_in_the_backlog_are_accepted_once_each, .body = clients_in_the_backlog_are_accepted_once_each,
                  .connections = 20),
    KIT_CASE(clients_that_come_together_are_all_accepted),
    KIT_CASE(connect_write_close_many_times_loses_nobody),
    KIT_CASE(a_second_accept_is_busy_and_the_first_undisturbed),
    {.name = NULL},
};
