/* SPDX-License-Identifier: Apache-2.0 */
/* Servers and connects with option tls. */
#include "tests/secure/secure_pair.h"
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static firth_tcp_builder secure_server(firth_scope *scope, firth_tls_config *config)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    tcp.tls = config != NULL ? config : secure_pair_server_config();
    return tcp;
}

static firth_tcp_builder secure_client(firth_scope *scope)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    tcp.tls = secure_pair_client_config();
    return tcp;
}

static int listen_at(firth_scope *scope, const firth_tcp_builder *tcp, firth_server **server, int *port)
{
    int rc = firth_tcp_bind(tcp, "127.0.0.1", 0, server);

    if (rc < 0)
        return rc;
    firth_scope_own_server(scope, *server);
    *port = firth_server_address(*server)->port;
    return FIRTH_OK;
}

/* A task: connects, says its line, reads it back, closes. */
static int ask(firth_scope *scope, void *argument)
{
    firth_tcp_builder tcp = secure_client(scope);
    const int *port = argument;
    firth_socket *client;
    char line[16];

    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", *port, &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(client), "echo\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(client)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(client), line, sizeof line), 4);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(client), line, sizeof line), FIRTH_EOF);
    return FIRTH_OK;
}

TASK_TEST(accept_and_connect_hand_out_secure_sockets)
{
    firth_tcp_builder tcp = secure_server(scope, NULL);
    firth_socket *socket;
    firth_server *server;
    firth_tls_info info;
    firth_scope clients;
    int port, i;

    EXPECT_EQUAL(listen_at(scope, &tcp, &server, &port), FIRTH_OK);
    firth_scope_open(&clients, scope, NULL);
    for (i = 0; i < 3; i++)
        EXPECT_EQUAL(firth_spawn(&clients, ask, &port, NULL), FIRTH_OK);
    for (i = 0; i < 3; i++) {
        EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
        EXPECT_EQUAL(firth_tls_get_info(socket, &info), FIRTH_OK);
        EXPECT_EQUAL(firth_spawn(&clients, peers_echo, socket, NULL), FIRTH_OK);
    }
    return firth_scope_close(&clients, FIRTH_OK);
}

enum { SILENT = 20 };

static int connect_silent(int port, int *raw)
{
    for (int i = 0; i < SILENT; i++) {
        raw[i] = raw_connect(port);
        EXPECT(raw[i] >= 0);
    }
    return FIRTH_OK;
}

TASK_TEST(clients_that_never_speak_delay_nobody)
{
    firth_tcp_builder tcp = secure_server(scope, NULL);
    firth_socket *socket;
    firth_server *server;
    firth_scope clients;
    int raw[SILENT], port;

    EXPECT_EQUAL(listen_at(scope, &tcp, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(connect_silent(port, raw), FIRTH_OK);
    firth_scope_open(&clients, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&clients, ask, &port, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&clients, peers_echo, socket, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&clients, FIRTH_OK), FIRTH_OK);
    for (int i = 0; i < SILENT; i++)
        close(raw[i]);
    return FIRTH_OK;
}

static int accept_until(firth_scope *scope, firth_server *server, int64_t timeout_ms, int expected)
{
    firth_scope_options limit = {.timeout_ms = timeout_ms};
    firth_socket *socket;
    firth_scope inner;
    int rc;

    firth_scope_open(&inner, scope, &limit);
    rc = firth_accept(server, &socket);
    EXPECT_EQUAL(firth_scope_close(&inner, rc), expected);
    EXPECT(socket == NULL);
    return FIRTH_OK;
}

/* user_canceled and close_notify, and no reset behind them. */
static int expect_told(int raw)
{
    static const unsigned char expected[] = {21, 3, 3, 0, 2, 1, 90, 21, 3, 3, 0, 2, 1, 0};
    unsigned char alerts[sizeof expected];

    EXPECT_EQUAL(raw_receive(raw, alerts, sizeof alerts), 0);
    EXPECT_BYTES(alerts, expected, sizeof expected);
    EXPECT_EQUAL(recv(raw, (void *)alerts, 1, 0), 0);
    close(raw);
    return FIRTH_OK;
}

/* Accepts in short turns until that client hears something, which a slow machine takes its time for. */
static int accept_until_heard(firth_scope *scope, firth_server *server, int raw)
{
    char byte;

    while (recv(raw, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN)
        EXPECT_EQUAL(accept_until(scope, server, 50, FIRTH_ERR_TIMED_OUT), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(clients_that_never_speak_are_told_at_the_handshake_deadline)
{
    firth_tls_builder tls = secure_pair_server();
    firth_tls_config *config;
    firth_tcp_builder tcp;
    firth_server *server;
    int raw[SILENT], port, i;

    tls.handshake_timeout_ms = 30;
    EXPECT_EQUAL(firth_tls_build(&tls, &config), FIRTH_OK);
    tcp = secure_server(scope, config);
    EXPECT_EQUAL(listen_at(scope, &tcp, &server, &port), FIRTH_OK);
    firth_tls_config_release(config); /* the server has its part */
    EXPECT_EQUAL(connect_silent(port, raw), FIRTH_OK);
    for (i = 0; i < SILENT; i++) {
        EXPECT_EQUAL(accept_until_heard(scope, server, raw[i]), FIRTH_OK);
        EXPECT_EQUAL(expect_told(raw[i]), FIRTH_OK);
    }
    EXPECT(strstr(support_log_text(), "FIRTH_ERR_TIMED_OUT") != NULL);
    return FIRTH_OK;
}

TASK_TEST(no_more_clients_than_handshakes_max_are_taken_at_once)
{
    firth_tcp_builder tcp = secure_server(scope, NULL);
    size_t before;
    firth_server *server;
    int raw[SILENT], port, i;

    tcp.handshakes_max = 3;
    EXPECT_EQUAL(listen_at(scope, &tcp, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(connect_silent(port, raw), FIRTH_OK);
    before = support_descriptors_open();
    do /* a slow machine takes more than one */
        EXPECT_EQUAL(accept_until(scope, server, 30, FIRTH_ERR_TIMED_OUT), FIRTH_OK);
    while (support_descriptors_open() - before < 3);
    EXPECT_EQUAL(accept_until(scope, server, 30, FIRTH_ERR_TIMED_OUT), FIRTH_OK);
    EXPECT_EQUAL(support_descriptors_open() - before, 3);
    for (i = 0; i < SILENT; i++)
        close(raw[i]);
    tcp.handshakes_max = 0;
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_ERR_ARGUMENT);
    return FIRTH_OK;
}

TASK_TEST(a_client_that_talks_nonsense_gets_an_alert_and_accept_goes_on)
{
    static const char nonsense[24000] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"; /* more than is read at once */
    firth_tcp_builder tcp = secure_server(scope, NULL);
    unsigned char alert[16];
    int raw, port, error = -1;
    socklen_t size = sizeof error;
    firth_socket *socket;
    firth_server *server;
    firth_scope clients;

    EXPECT_EQUAL(listen_at(scope, &tcp, &server, &port), FIRTH_OK);
    raw = raw_connect(port);
    EXPECT(raw >= 0);
    EXPECT_EQUAL(raw_send(raw, nonsense, sizeof nonsense), 0);
    firth_scope_open(&clients, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&clients, ask, &port, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&clients, peers_echo, socket, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&clients, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(recv(raw, alert, sizeof alert, 0), 7);
    EXPECT(alert[0] == 21 && alert[5] == 2);
    EXPECT_EQUAL(recv(raw, alert, sizeof alert, 0), 0);
    EXPECT_EQUAL(getsockopt(raw, SOL_SOCKET, SO_ERROR, (void *)&error, &size), 0);
    EXPECT_EQUAL(error, 0); /* an end, and no reset behind it */
    EXPECT(strstr(support_log_text(), "TLS handshake with 127.0.0.1") != NULL);
    close(raw);
    return FIRTH_OK;
}

TASK_TEST(a_handshake_goes_on_in_the_next_accept)
{
    firth_tcp_builder tcp = secure_server(scope, NULL);
    firth_socket *socket;
    firth_server *server;
    firth_scope clients;
    int port;

    EXPECT_EQUAL(listen_at(scope, &tcp, &server, &port), FIRTH_OK);
    firth_scope_open(&clients, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&clients, ask, &port, NULL), FIRTH_OK);
    for (;;) {
        firth_scope_options moment = {.timeout_ms = 1};
        firth_scope inner;
        int rc;

        firth_scope_open(&inner, &clients, &moment);
        rc = firth_scope_close(&inner, firth_accept(server, &socket));
        if (rc == FIRTH_OK && socket != NULL)
            break;
        EXPECT(rc == FIRTH_ERR_TIMED_OUT);
    }
    EXPECT_EQUAL(firth_spawn(&clients, peers_echo, socket, NULL), FIRTH_OK);
    return firth_scope_close(&clients, FIRTH_OK);
}

/* A client of a server that serves one after the other: its handshake waits for longer than the deadline, with all its
 * bytes there. */
TASK_TEST(a_server_that_serves_between_two_accepts_does_not_blame_its_clients)
{
    firth_tls_builder tls = secure_pair_server();
    firth_tls_config *config;
    firth_socket *socket;
    firth_server *server;
    firth_scope clients;
    firth_tcp_builder tcp;
    enum { BUSY_MS = 4000 }; /* on a loaded machine three handshakes take more than a second */
    int port, i;

    tls.handshake_timeout_ms = BUSY_MS - 1000;
    EXPECT_EQUAL(firth_tls_build(&tls, &config), FIRTH_OK);
    tcp = secure_server(scope, config);
    EXPECT_EQUAL(listen_at(scope, &tcp, &server, &port), FIRTH_OK);
    firth_tls_config_release(config);
    firth_scope_open(&clients, scope, NULL);
    for (i = 0; i < 3; i++)
        EXPECT_EQUAL(firth_spawn(&clients, ask, &port, NULL), FIRTH_OK);
    for (i = 0; i < 3; i++) {
        EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
        if (i == 0)
            EXPECT_EQUAL(firth_sleep(BUSY_MS), FIRTH_OK); /* as serving would take */
        EXPECT_EQUAL(firth_spawn(&clients, peers_echo, socket, NULL), FIRTH_OK);
    }
    return firth_scope_close(&clients, FIRTH_OK);
}

/* A client that comes after them and gets through tells that the server has them all. */
TASK_TEST(closing_the_server_tells_who_handshakes)
{
    static peers_attempt accepting;
    firth_tcp_builder tcp = secure_server(scope, NULL), good = secure_client(scope);
    firth_socket *accepted, *client;
    firth_server *server;
    int raw[SILENT], port, i;

    EXPECT_EQUAL(listen_at(scope, &tcp, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(connect_silent(port, raw), FIRTH_OK);
    accepting = (peers_attempt){.server = server};
    EXPECT_EQUAL(firth_spawn(scope, peers_accept, &accepting, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_tcp_connect(&good, "127.0.0.1", port, &client), FIRTH_OK);
    while (!accepting.ended)
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(accepting.result, FIRTH_OK);
    accepted = accepting.socket;
    accepting = (peers_attempt){.server = server};
    EXPECT_EQUAL(firth_spawn(scope, peers_accept, &accepting, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    firth_server_close(server);
    while (!accepting.ended)
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(accepting.result, FIRTH_ERR_CLOSED);
    for (i = 0; i < SILENT; i++)
        EXPECT_EQUAL(expect_told(raw[i]), FIRTH_OK);
    return secure_pair_end(scope, accepted, client);
}

TASK_TEST(a_builder_for_the_wrong_side_is_refused_by_name)
{
    firth_tcp_builder tcp = secure_client(scope);
    firth_server *server;
    firth_socket *socket;
    int port;

    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_ERR_ARGUMENT);
    EXPECT(strcmp(firth_last_failure()->step, "option tls") == 0);
    EXPECT_EQUAL(peers_server(scope, &server, &port), FIRTH_OK);
    tcp = secure_server(scope, NULL);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", port, &socket), FIRTH_ERR_ARGUMENT);
    EXPECT(strcmp(firth_last_failure()->step, "option tls") == 0);
    EXPECT(socket == NULL);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accept_and_connect_hand_out_secure_sockets),
        cmocka_unit_test(clients_that_never_speak_delay_nobody),
        cmocka_unit_test(clients_that_never_speak_are_told_at_the_handshake_deadline),
        cmocka_unit_test(no_more_clients_than_handshakes_max_are_taken_at_once),
        cmocka_unit_test(a_client_that_talks_nonsense_gets_an_alert_and_accept_goes_on),
        cmocka_unit_test(a_handshake_goes_on_in_the_next_accept),
        cmocka_unit_test(a_server_that_serves_between_two_accepts_does_not_blame_its_clients),
        cmocka_unit_test(closing_the_server_tells_who_handshakes),
        cmocka_unit_test(a_builder_for_the_wrong_side_is_refused_by_name),
    };

    return support_main(argc, argv, "tls accept", tests, sizeof tests / sizeof *tests);
}
