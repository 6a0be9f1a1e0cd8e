/* SPDX-License-Identifier: Apache-2.0 */
/* How conversations with programs of other people's end, well and badly, and those that do not begin. */
#include "tests/interop/ours.h"
#include "tests/tcp/raw.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- ends --------------------------------------------------------------------------------------------------------- */

/* A client of OpenSSL's that our server has accepted and read a line of. */
static int accept_openssl(firth_scope *scope, const tool_plan *plan, peer **client, firth_socket **socket)
{
    firth_server *server;
    char line[64];
    ours side;
    int port;

    ours_server(&side, "server-ecdsa");
    EXPECT_EQUAL(ours_listen(scope, &side, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(tool_start_client(scope, plan, port, client), FIRTH_OK);
    EXPECT_EQUAL(peer_say(*client, "hello\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_accept(server, socket), FIRTH_OK);
    firth_scope_own_socket(scope, *socket);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(*socket), line, sizeof line), 5);
    return FIRTH_OK;
}

/* A server of OpenSSL's that sends what it is told, and our client. */
static int connect_openssl(firth_scope *scope, tool_plan *plan, peer **server, firth_socket **socket)
{
    char line[64];
    ours side;
    int port;

    plan->is_stream = true;
    ours_client(&side);
    EXPECT_EQUAL(tool_start_server(scope, plan, &port, server), FIRTH_OK);
    EXPECT_EQUAL(ours_connect_once(scope, &side, port, socket), FIRTH_OK);
    EXPECT_EQUAL(peer_say(*server, "hello\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(*socket), line, sizeof line), 5);
    return FIRTH_OK;
}

static int expect_end(firth_socket *socket, int expected)
{
    char byte;

    for (int i = 0; i < 3; i++) /* for ever */
        EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), expected);
    return FIRTH_OK;
}

/* The system resets the connection of a process that dies with bytes unread, tickets for one: that is no clean end
 * either. */
static int expect_cut(firth_socket *socket)
{
    char byte;
    int64_t rc = firth_read(firth_socket_input(socket), &byte, 1);

    EXPECT(rc == FIRTH_ERR_TLS_TRUNCATED || rc == FIRTH_ERR_RESET);
    return expect_end(socket, (int)rc);
}

static int end_of_client(firth_scope *scope, firth_tls_version version, int signal)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .version = version};
    firth_socket *socket;
    peer *client;

    EXPECT_EQUAL(accept_openssl(scope, &plan, &client, &socket), FIRTH_OK);
    if (signal == 0) {
        peer_end_input(client);
        return expect_end(socket, FIRTH_EOF);
    }
    EXPECT_EQUAL(peer_stop(client, signal), 128 + signal);
    return expect_cut(socket);
}

TOOL_TEST(client_that_closes_is_the_end_in_tls_1_2, TOOL_OPENSSL)
{
    return end_of_client(scope, FIRTH_TLS_1_2, 0);
}

TOOL_TEST(client_that_closes_is_the_end_in_tls_1_3, TOOL_OPENSSL)
{
    return end_of_client(scope, FIRTH_TLS_1_3, 0);
}

TOOL_TEST(client_that_is_killed_is_a_truncation_in_tls_1_2, TOOL_OPENSSL)
{
    return end_of_client(scope, FIRTH_TLS_1_2, SIGKILL);
}

TOOL_TEST(client_that_is_killed_is_a_truncation_in_tls_1_3, TOOL_OPENSSL)
{
    return end_of_client(scope, FIRTH_TLS_1_3, SIGKILL);
}

/* s_server says close_notify only when it has answered a request. */
static int end_of_answer(firth_scope *scope, firth_tls_version version)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .version = version};
    char page[16 * 1024];
    firth_socket *socket;
    peer *server;
    ours side;
    int port;

    ours_client(&side);
    EXPECT_EQUAL(tool_start_server(scope, &plan, &port, &server), FIRTH_OK);
    EXPECT_EQUAL(ours_connect_once(scope, &side, port, &socket), FIRTH_OK);
    EXPECT_EQUAL(ours_ask(socket, page, sizeof page), FIRTH_OK);
    return expect_end(socket, FIRTH_EOF);
}

static int death_of_server(firth_scope *scope, firth_tls_version version)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .version = version};
    firth_socket *socket;
    peer *server;

    EXPECT_EQUAL(connect_openssl(scope, &plan, &server, &socket), FIRTH_OK);
    EXPECT_EQUAL(peer_stop(server, SIGKILL), 128 + SIGKILL);
    return expect_cut(socket);
}

TOOL_TEST(server_that_closes_is_the_end_in_tls_1_2, TOOL_OPENSSL)
{
    return end_of_answer(scope, FIRTH_TLS_1_2);
}

TOOL_TEST(server_that_closes_is_the_end_in_tls_1_3, TOOL_OPENSSL)
{
    return end_of_answer(scope, FIRTH_TLS_1_3);
}

TOOL_TEST(server_that_is_killed_is_a_truncation_in_tls_1_2, TOOL_OPENSSL)
{
    return death_of_server(scope, FIRTH_TLS_1_2);
}

TOOL_TEST(server_that_is_killed_is_a_truncation_in_tls_1_3, TOOL_OPENSSL)
{
    return death_of_server(scope, FIRTH_TLS_1_3);
}

/* OpenSSL 3 complains of a peer that goes without close_notify, and ends with 1. */
TOOL_TEST(our_close_is_the_end_for_openssl, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .more = {"-quiet"}};
    firth_socket *socket;
    peer *client;

    EXPECT_EQUAL(accept_openssl(scope, &plan, &client, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "goodbye\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    EXPECT_EQUAL(peer_wait(client), 0);
    EXPECT(strstr(client->text, "goodbye\n") != NULL);
    EXPECT(strstr(client->text, "unexpected eof") == NULL);
    return FIRTH_OK;
}

/* GnuTLS says so too. */
TOOL_TEST(our_close_is_the_end_for_gnutls, TOOL_GNUTLS)
{
    tool_plan plan = {.tool = TOOL_GNUTLS};
    firth_socket *socket;
    peer *client;

    EXPECT_EQUAL(accept_openssl(scope, &plan, &client, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "goodbye\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    EXPECT_EQUAL(peer_wait(client), 0);
    EXPECT(strstr(client->text, "goodbye\n") != NULL);
    EXPECT(strstr(client->text, "Peer has closed the GnuTLS connection") != NULL);
    return FIRTH_OK;
}

/* ssl_client2 has what it wants, says close_notify and is gone before ours comes, which a reset answers. */
TOOL_TEST(peer_that_closes_first_and_at_once_is_no_failure, TOOL_MBEDTLS)
{
    tool_plan plan = {.tool = TOOL_MBEDTLS};
    firth_server *server;
    firth_socket *socket;
    peer *client;
    char line[64], byte;
    ours side;
    int port;

    ours_server(&side, "server-ecdsa");
    EXPECT_EQUAL(ours_listen(scope, &side, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(tool_start_client(scope, &plan, port, &client), FIRTH_OK);
    EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    while (firth_read_line(firth_socket_input(socket), line, sizeof line) > 0)
        ;
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "goodbye\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_EOF);
    EXPECT_EQUAL(peer_wait(client), 0);
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    return FIRTH_OK;
}

/* ---- what mbedTLS cannot do --------------------------------------------------------------------------------------- */

/* Commands of s_client and s_server: k sends a KeyUpdate, K one that asks for ours as well. */
static int expect_no_key_update(firth_socket *socket)
{
    char byte;

    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_ERR_TLS_PROTOCOL);
    EXPECT(strstr(firth_last_failure()->detail, "KeyUpdate") != NULL);
    return FIRTH_OK;
}

TOOL_TEST(key_update_of_a_client_is_a_clear_error, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .version = FIRTH_TLS_1_3};
    firth_socket *socket;
    peer *client;

    EXPECT_EQUAL(accept_openssl(scope, &plan, &client, &socket), FIRTH_OK);
    EXPECT_EQUAL(peer_say(client, "K\n"), FIRTH_OK);
    EXPECT_EQUAL(expect_no_key_update(socket), FIRTH_OK);
    EXPECT_EQUAL(peer_await(client, "alert unexpected message"), FIRTH_OK);
    return FIRTH_OK;
}

TOOL_TEST(key_update_of_a_server_is_a_clear_error, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .version = FIRTH_TLS_1_3};
    firth_socket *socket;
    peer *server;

    EXPECT_EQUAL(connect_openssl(scope, &plan, &server, &socket), FIRTH_OK);
    EXPECT_EQUAL(peer_say(server, "k\n"), FIRTH_OK);
    EXPECT_EQUAL(expect_no_key_update(socket), FIRTH_OK);
    EXPECT_EQUAL(peer_await(server, "alert unexpected message"), FIRTH_OK);
    return FIRTH_OK;
}

/* ---- peers that do not speak -------------------------------------------------------------------------------------- */

enum { SILENT_MS = 300 };

/* On another thread: what a raw socket hears, 0 or an error when it is let go. */
static int receive_end(void *descriptor)
{
    struct timeval patience = {.tv_sec = PEER_PATIENCE_MS / 1000};
    char byte;

    setsockopt(*(int *)descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (recv(*(int *)descriptor, &byte, 1, 0) >= 0)
        return 0;
    return errno == ECONNRESET ? FIRTH_ERR_RESET : 1;
}

TOOL_TEST(client_that_never_speaks_is_let_go_and_delays_nobody, TOOL_CURL)
{
    tool_plan plan = {.tool = TOOL_CURL};
    firth_server *server;
    firth_socket *socket;
    peer *client;
    ours side;
    int port, silent;

    ours_server(&side, "server-ecdsa");
    side.tls.handshake_timeout_ms = SILENT_MS;
    EXPECT_EQUAL(ours_listen(scope, &side, &server, &port), FIRTH_OK);
    silent = raw_connect(port);
    EXPECT(silent >= 0);
    EXPECT_EQUAL(tool_start_client(scope, &plan, port, &client), FIRTH_OK);
    EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
    EXPECT_EQUAL(ours_answer(socket, "greetings"), FIRTH_OK);
    EXPECT_EQUAL(peer_wait(client), 0);
    EXPECT(strstr(client->text, "greetings") != NULL);
    EXPECT_EQUAL(firth_spawn(scope, ours_accept_for_ever, server, NULL), FIRTH_OK);
    EXPECT(firth_blocking(receive_end, &silent) <= 0);
    close(silent);
    firth_scope_cancel(scope);
    return FIRTH_OK;
}

TASK_TEST(server_that_never_speaks_hits_the_deadline)
{
    int port, listener = raw_listen(1, &port);
    firth_socket *socket;
    int64_t begin;
    ours side;

    ours_client(&side);
    side.tls.trust = FIRTH_TLS_TRUST_PINS;
    side.tls.authority_count = 0;
    side.tls.pins = &(firth_tls_pin){.is_public_key = true};
    side.tls.pin_count = 1;
    side.tls.handshake_timeout_ms = SILENT_MS;
    EXPECT(listener >= 0);
    begin = firth_now_ns();
    EXPECT_EQUAL(ours_connect_once(scope, &side, port, &socket), FIRTH_ERR_TIMED_OUT);
    EXPECT(socket == NULL);
    EXPECT(firth_now_ns() - begin >= SILENT_MS * INT64_C(1000000));
    close(listener);
    return FIRTH_OK;
}

TOOL_TEST(client_that_does_not_speak_tls_is_told_so, TOOL_CURL)
{
    firth_server *server;
    char answer[7];
    ours side;
    int port, plain;

    ours_server(&side, "server-ecdsa");
    EXPECT_EQUAL(ours_listen(scope, &side, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(scope, ours_accept_for_ever, server, NULL), FIRTH_OK);
    plain = raw_connect(port);
    EXPECT(plain >= 0);
    EXPECT_EQUAL(raw_send(plain, "GET / HTTP/1.0\r\n\r\n", 18), 0);
    while (strstr(support_log_text(), "does not speak TLS") == NULL)
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(raw_receive(plain, answer, sizeof answer), 0);
    EXPECT_EQUAL(answer[0], 21); /* an alert, fatal */
    EXPECT_EQUAL(answer[5], 2);
    close(plain);
    firth_scope_cancel(scope);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_that_closes_is_the_end_in_tls_1_2),
        cmocka_unit_test(client_that_closes_is_the_end_in_tls_1_3),
        cmocka_unit_test(client_that_is_killed_is_a_truncation_in_tls_1_2),
        cmocka_unit_test(client_that_is_killed_is_a_truncation_in_tls_1_3),
        cmocka_unit_test(server_that_closes_is_the_end_in_tls_1_2),
        cmocka_unit_test(server_that_closes_is_the_end_in_tls_1_3),
        cmocka_unit_test(server_that_is_killed_is_a_truncation_in_tls_1_2),
        cmocka_unit_test(server_that_is_killed_is_a_truncation_in_tls_1_3),
        cmocka_unit_test(our_close_is_the_end_for_openssl),
        cmocka_unit_test(our_close_is_the_end_for_gnutls),
        cmocka_unit_test(peer_that_closes_first_and_at_once_is_no_failure),
        cmocka_unit_test(key_update_of_a_client_is_a_clear_error),
        cmocka_unit_test(key_update_of_a_server_is_a_clear_error),
        cmocka_unit_test(client_that_never_speaks_is_let_go_and_delays_nobody),
        cmocka_unit_test(server_that_never_speaks_hits_the_deadline),
        cmocka_unit_test(client_that_does_not_speak_tls_is_told_so),
    };

    return support_main(argc, argv, "interop_endings", tests, sizeof tests / sizeof tests[0]);
}
