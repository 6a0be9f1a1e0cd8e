/* SPDX-License-Identifier: Apache-2.0 */
/* Starting TLS on a socket: what it takes over, and what is left when it fails. */
#include "tests/secure/secure_pair.h"
#include "tests/tcp/peers.h"
#include "tests/tcp/raw.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/kqueue_mode.h"

typedef struct starting {
    firth_socket *socket;
    firth_tls_config *config;
    const char *name;
    firth_socket *secure;
    firth_failure failure;
    char detail[256];
    int result;
    bool ended;
} starting;

static int start(firth_scope *scope, void *argument)
{
    starting *one = argument;

    (void)scope;
    one->result = firth_tls_start_named(one->socket, one->config, one->name, &one->secure);
    if (one->result < 0) {
        one->failure = *firth_last_failure();
        snprintf(one->detail, sizeof one->detail, "%s", one->failure.detail);
    }
    one->ended = true;
    return FIRTH_OK;
}

/* Both ends of a TCP pair start TLS, the client with that name. */
static int start_both(firth_scope *scope, starting *server, starting *client)
{
    firth_scope both;

    EXPECT_EQUAL(support_pair(scope, &server->socket, &client->socket), FIRTH_OK);
    server->config = server->config != NULL ? server->config : secure_pair_server_config();
    client->config = client->config != NULL ? client->config : secure_pair_client_config();
    firth_scope_open(&both, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&both, start, server, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(&both, start, client, NULL), FIRTH_OK);
    return firth_scope_close(&both, FIRTH_OK);
}

TASK_TEST(both_sides_know_what_was_agreed_on)
{
    starting server = {0}, client = {0};
    const firth_tls_certificate *certificate;
    firth_tls_info info;

    EXPECT_EQUAL(start_both(scope, &server, &client), FIRTH_OK);
    EXPECT_EQUAL(client.result, FIRTH_OK);
    EXPECT_EQUAL(server.result, FIRTH_OK);
    EXPECT_EQUAL(firth_tls_get_info(client.secure, &info), FIRTH_OK);
    EXPECT_EQUAL(info.version, FIRTH_TLS_1_3);
    EXPECT(info.has_peer_certificate && !info.is_resumed);
    EXPECT(strcmp(info.server_name, SECURE_PAIR_HOST) == 0);
    EXPECT_EQUAL(firth_tls_get_info(server.secure, &info), FIRTH_OK);
    EXPECT(!info.has_peer_certificate);
    EXPECT(strcmp(info.server_name, SECURE_PAIR_HOST) == 0);
    EXPECT_EQUAL(firth_tls_peer_certificate(client.secure, &certificate), FIRTH_OK);
    EXPECT(strcmp(certificate->subject, "CN=Server") == 0);
    EXPECT_EQUAL(firth_tls_peer_certificate(server.secure, &certificate), FIRTH_ERR_NOT_SUPPORTED);
    return secure_pair_end(scope, server.secure, client.secure);
}

TASK_TEST(a_refused_certificate_is_answered_with_an_alert_the_server_can_read)
{
    starting server = {0}, client = {.name = "other.example"};

    EXPECT_EQUAL(start_both(scope, &server, &client), FIRTH_OK);
    EXPECT_EQUAL(client.result, FIRTH_ERR_TLS_CERTIFICATE);
    EXPECT(client.secure == NULL);
    EXPECT(strstr(client.detail, "other.example") != NULL);
    EXPECT_EQUAL(server.result, FIRTH_ERR_TLS_ALERT);
    EXPECT(strstr(server.failure.step, "alert ") == server.failure.step);
    return FIRTH_OK;
}

TASK_TEST(a_client_without_a_name_is_an_error)
{
    firth_tls_builder tls = secure_pair_client();
    starting server = {0}, client = {0};

    tls.server_name = NULL;
    EXPECT_EQUAL(firth_tls_build(&tls, &client.config), FIRTH_OK);
    EXPECT_EQUAL(start_both(scope, &server, &client), FIRTH_OK);
    firth_tls_config_release(client.config);
    EXPECT_EQUAL(client.result, FIRTH_ERR_TLS_NO_NAME);
    EXPECT(server.result < 0);
    return FIRTH_OK;
}

TASK_TEST(the_plain_socket_is_taken_over_with_the_scope_that_owns_it)
{
    starting server = {0}, client = {0};
    firth_read_channel *in;
    firth_scope owner;
    char byte;

    EXPECT_EQUAL(support_pair(scope, &server.socket, &client.socket), FIRTH_OK);
    server.config = secure_pair_server_config();
    client.config = secure_pair_client_config();
    in = firth_socket_input(client.socket);
    firth_scope_open(&owner, scope, NULL);
    firth_scope_own_socket(&owner, client.socket);
    EXPECT_EQUAL(firth_spawn(&owner, start, &server, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_tls_start(client.socket, client.config, &client.secure), FIRTH_OK);
    EXPECT_EQUAL(firth_read(in, &byte, 1), FIRTH_ERR_CLOSED);
    while (!server.ended)
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(server.result, FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(scope, secure_pair_close, server.secure, NULL), FIRTH_OK);
    return firth_scope_close(&owner, FIRTH_OK); /* closes the secure one; a leak would be found */
}

TASK_TEST(plain_bytes_before_tls_are_sent_and_read_as_such)
{
    starting server = {0}, client = {0};
    firth_scope both;
    char line[32];

    EXPECT_EQUAL(support_pair(scope, &server.socket, &client.socket), FIRTH_OK);
    server.config = secure_pair_server_config();
    client.config = secure_pair_client_config();
    EXPECT_EQUAL(firth_write_string(firth_socket_output(client.socket), "STARTTLS\r\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(client.socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(server.socket), line, sizeof line), 8);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(server.socket), "220 go ahead\r\n"), FIRTH_OK);
    firth_scope_open(&both, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&both, start, &server, NULL), FIRTH_OK); /* flushes the answer first */
    EXPECT_EQUAL(firth_read_line(firth_socket_input(client.socket), line, sizeof line), 12);
    EXPECT_EQUAL(firth_tls_start(client.socket, client.config, &client.secure), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&both, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(server.result, FIRTH_OK);
    return secure_pair_end(scope, server.secure, client.secure);
}

/* CVE-2021-38084 and its like: a command sent in plain behind STARTTLS must not count as sent in secret. */
TASK_TEST(plain_bytes_buffered_behind_the_switch_are_refused)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *server;
    char line[32];
    int raw;

    EXPECT_EQUAL(peers_raw_client(&tcp, &server, &raw), FIRTH_OK);
    EXPECT_EQUAL(raw_send(raw, "STARTTLS\r\nEVIL\r\n", 16), 0);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(server), line, sizeof line), 8);
    EXPECT_EQUAL(firth_tls_start(server, secure_pair_server_config(), &server), FIRTH_ERR_TLS_PLAINTEXT);
    EXPECT(server == NULL);
    close(raw);
    return FIRTH_OK;
}

TASK_TEST(a_socket_with_a_task_inside_stays_as_it_was)
{
    firth_socket *a, *b, *secure = NULL;
    peers_attempt reading = {0};

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    reading.socket = a;
    EXPECT_EQUAL(firth_spawn(scope, peers_read, &reading, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(firth_tls_start(a, secure_pair_server_config(), &secure), FIRTH_ERR_BUSY);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(b), "x"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(b)), FIRTH_OK);
    while (!reading.ended)
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(reading.result, 1);
    EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK);
    return firth_socket_close(b);
}

static int expect_deadline(firth_scope *scope, firth_tls_config *config, int expected, firth_scope *cancelled)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *server;
    int raw, rc;

    EXPECT_EQUAL(peers_raw_client(&tcp, &server, &raw), FIRTH_OK);
    if (cancelled != NULL)
        firth_scope_cancel(cancelled);
    rc = firth_tls_start(server, config, &server);
    close(raw);
    EXPECT_EQUAL(rc, expected);
    EXPECT(server == NULL);
    return FIRTH_OK;
}

TASK_TEST(a_peer_that_never_speaks_meets_the_handshake_deadline)
{
    firth_tls_builder tls = secure_pair_server();
    firth_tls_config *config;
    int rc;

    tls.handshake_timeout_ms = 30;
    EXPECT_EQUAL(firth_tls_build(&tls, &config), FIRTH_OK);
    rc = expect_deadline(scope, config, FIRTH_ERR_TIMED_OUT, NULL);
    firth_tls_config_release(config);
    return rc;
}

TASK_TEST(a_peer_that_takes_nothing_of_the_plain_bytes_meets_it_too)
{
    static const char bytes[4096];
    const firth_scope_options moment = {.timeout_ms = 50};
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_tls_builder tls = secure_pair_server();
    firth_tls_config *config;
    firth_socket *server;
    firth_scope filling;
    int raw, rc;

    tls.handshake_timeout_ms = 30;
    tcp.send_buffer_bytes = 16384;
    EXPECT_EQUAL(firth_tls_build(&tls, &config), FIRTH_OK);
    EXPECT_EQUAL(peers_raw_client(&tcp, &server, &raw), FIRTH_OK);
    firth_scope_open(&filling, scope, &moment);
    do
        rc = firth_write(firth_socket_output(server), bytes, sizeof bytes);
    while (rc >= 0);
    EXPECT_EQUAL(firth_scope_close(&filling, rc), FIRTH_ERR_TIMED_OUT);
    rc = firth_tls_start(server, config, &server);
    close(raw);
    firth_tls_config_release(config);
    EXPECT_EQUAL(rc, FIRTH_ERR_TIMED_OUT);
    EXPECT(server == NULL);
    return FIRTH_OK;
}

TASK_TEST(starting_in_a_cancelled_scope_closes_the_socket)
{
    firth_scope inner;

    firth_scope_open(&inner, scope, NULL);
    EXPECT_EQUAL(expect_deadline(&inner, secure_pair_server_config(), FIRTH_ERR_CANCELED, &inner), FIRTH_OK);
    EXPECT_EQUAL(firth_scope_close(&inner, FIRTH_OK), FIRTH_OK);
    return FIRTH_OK;
}

TASK_TEST(bytes_that_are_no_tls_are_an_error_of_the_protocol)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *server;
    unsigned char alert[64];
    int raw, rc;

    EXPECT_EQUAL(peers_raw_client(&tcp, &server, &raw), FIRTH_OK);
    EXPECT_EQUAL(raw_send(raw, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27), 0);
    rc = firth_tls_start(server, secure_pair_server_config(), &server);
    EXPECT(rc == FIRTH_ERR_TLS_PROTOCOL || rc == FIRTH_ERR_TLS_HANDSHAKE);
    EXPECT(recv(raw, alert, sizeof alert, 0) == 7); /* a fatal alert, then the end */
    EXPECT(alert[0] == 21 && alert[5] == 2);
    EXPECT_EQUAL(recv(raw, alert, sizeof alert, 0), 0);
    close(raw);
    return FIRTH_OK;
}

/* What the system says to who sends behind a reset he has heard of. */
#ifdef _WIN32
enum { SEND_BEHIND_A_RESET = ECONNRESET };
#else
enum { SEND_BEHIND_A_RESET = EPIPE };
#endif

TASK_TEST(a_reset_keeps_what_the_system_said_of_it)
{
    firth_socket *server, *client;
    char byte;

    EXPECT_EQUAL(secure_pair_tcp(scope, &server, &client), FIRTH_OK);
    firth_socket_abort(server);
    EXPECT_EQUAL(firth_read(firth_socket_input(client), &byte, 1), FIRTH_ERR_RESET);
    EXPECT(strcmp(firth_last_failure()->step, "recv") == 0);
    EXPECT_EQUAL(firth_last_failure()->os_code, ECONNRESET);
    EXPECT_EQUAL(firth_write(firth_socket_output(client), "x", 1), FIRTH_OK);
    EXPECT(firth_flush(firth_socket_output(client)) < 0);
    EXPECT(strcmp(firth_last_failure()->step, "send") == 0);
    EXPECT_EQUAL(firth_last_failure()->os_code, support_kqueue_mode("eprototype") ? ECONNRESET : SEND_BEHIND_A_RESET);
    firth_socket_abort(client);
    return FIRTH_OK;
}

TASK_TEST(tls_goes_through_tls)
{
    firth_socket *server, *client;
    char line[16];

    EXPECT_EQUAL(secure_pair_tcp(scope, &server, &client), FIRTH_OK);
    EXPECT_EQUAL(secure_pair_start(scope, secure_pair_server_config(), secure_pair_client_config(), &server, &client),
                 FIRTH_OK);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(client), "deep\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(client)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(server), line, sizeof line), 4);
    return secure_pair_end(scope, server, client);
}

TASK_TEST(a_plain_socket_has_nothing_to_tell_of_tls)
{
    firth_socket *a, *b;
    const firth_tls_certificate *certificate;
    firth_tls_info info;

    EXPECT_EQUAL(support_pair(scope, &a, &b), FIRTH_OK);
    EXPECT_EQUAL(firth_tls_get_info(a, &info), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_tls_peer_certificate(a, &certificate), FIRTH_ERR_ARGUMENT);
    EXPECT_EQUAL(firth_socket_close(a), FIRTH_OK);
    return firth_socket_close(b);
}

/* It would look at none. The plain socket is gone, as after every failure. */
TASK_TEST(a_server_is_given_no_name_to_compare)
{
    firth_socket *server, *client, *secure;

    EXPECT_EQUAL(support_pair(scope, &server, &client), FIRTH_OK);
    EXPECT_EQUAL(firth_tls_start_named(server, secure_pair_server_config(), SECURE_PAIR_HOST, &secure),
                 FIRTH_ERR_ARGUMENT);
    EXPECT(strcmp(firth_last_failure()->step, "server_name") == 0);
    EXPECT(secure == NULL);
    return firth_socket_close(client);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_know_what_was_agreed_on),
        cmocka_unit_test(a_refused_certificate_is_answered_with_an_alert_the_server_can_read),
        cmocka_unit_test(a_client_without_a_name_is_an_error),
        cmocka_unit_test(the_plain_socket_is_taken_over_with_the_scope_that_owns_it),
        cmocka_unit_test(plain_bytes_before_tls_are_sent_and_read_as_such),
        cmocka_unit_test(plain_bytes_buffered_behind_the_switch_are_refused),
        cmocka_unit_test(a_socket_with_a_task_inside_stays_as_it_was),
        cmocka_unit_test(a_peer_that_never_speaks_meets_the_handshake_deadline),
        cmocka_unit_test(a_peer_that_takes_nothing_of_the_plain_bytes_meets_it_too),
        cmocka_unit_test(starting_in_a_cancelled_scope_closes_the_socket),
        cmocka_unit_test(bytes_that_are_no_tls_are_an_error_of_the_protocol),
        cmocka_unit_test(a_reset_keeps_what_the_system_said_of_it),
        cmocka_unit_test(tls_goes_through_tls),
        cmocka_unit_test(a_plain_socket_has_nothing_to_tell_of_tls),
        cmocka_unit_test(a_server_is_given_no_name_to_compare),
    };

    return support_main(argc, argv, "tls start", tests, sizeof tests / sizeof *tests);
}
