/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes: a megabyte each way at once, whole and equal, and TLS begun on a connection that spoke plain before. */
#include "tests/interop/ours.h"

#include <stdio.h>
#include <unistd.h>

enum { MEGABYTE = 1024 * 1024, PIECE = 5000 };

/* ---- both ways at once -------------------------------------------------------------------------------------------- */

static char megabyte[MEGABYTE];

/* A task: the peer is given what it is to send, as fast as it takes it. */
static int give_megabyte(firth_scope *scope, void *to)
{
    (void)scope;
    support_fill(megabyte, sizeof megabyte, 0);
    return peer_say_bytes(to, megabyte, sizeof megabyte);
}

/* FIRTH_OK if that is all there is in it. */
static int check_file(const char *path, size_t size)
{
    static char bytes[MEGABYTE + 1];
    FILE *file = fopen(path, "re");
    size_t count;

    EXPECT(file != NULL);
    count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    EXPECT_EQUAL(count, size);
    EXPECT(support_is_filled(bytes, size, 0));
    return FIRTH_OK;
}

/* In pieces that fit no record. The end is said by the test, when all has come from the other side too. */
static int send_megabyte(firth_scope *scope, void *socket)
{
    char bytes[PIECE];
    size_t sent = 0;

    (void)scope;
    while (sent < MEGABYTE) {
        size_t size = MEGABYTE - sent < PIECE ? MEGABYTE - sent : PIECE;

        support_fill(bytes, size, sent);
        EXPECT_EQUAL(firth_write(firth_socket_output(socket), bytes, size), FIRTH_OK);
        sent += size;
    }
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    return FIRTH_OK;
}

static int receive_megabyte(firth_socket *socket)
{
    char bytes[PIECE];
    uint64_t received = 0;

    while (received < MEGABYTE) {
        int64_t count = firth_read(firth_socket_input(socket), bytes, sizeof bytes);

        EXPECT(count > 0);
        EXPECT(support_is_filled(bytes, (size_t)count, received));
        received += (uint64_t)count;
    }
    EXPECT_EQUAL(received, MEGABYTE);
    return FIRTH_OK;
}

static int exchange(firth_socket *socket, peer *with, const char *output)
{
    firth_scope both;
    int rc;

    firth_scope_open(&both, firth_scope_current(), NULL);
    rc = firth_spawn(&both, give_megabyte, with, NULL);
    if (rc >= 0)
        rc = firth_spawn(&both, send_megabyte, socket, NULL);
    if (rc >= 0)
        rc = receive_megabyte(socket);
    EXPECT_EQUAL(firth_scope_close(&both, rc), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    EXPECT_EQUAL(peer_wait(with), 0);
    EXPECT_EQUAL(check_file(output, MEGABYTE), FIRTH_OK);
    unlink(output);
    return FIRTH_OK;
}

static int exchange_with_client(firth_scope *scope, firth_tls_version version)
{
    const char *to = tool_scratch("client-out");
    tool_plan plan = {.tool = TOOL_OPENSSL, .version = version, .output = to, .more = {"-quiet"}};
    firth_server *server;
    firth_socket *socket;
    peer *client;
    ours side;
    int port;

    ours_server(&side, "server-ecdsa");
    EXPECT_EQUAL(ours_listen(scope, &side, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(tool_start_client(scope, &plan, port, &client), FIRTH_OK);
    EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
    return exchange(socket, client, to);
}

TOOL_TEST(megabyte_goes_both_ways_at_once_with_a_client_of_tls_1_2, TOOL_OPENSSL)
{
    return exchange_with_client(scope, FIRTH_TLS_1_2);
}

TOOL_TEST(megabyte_goes_both_ways_at_once_with_a_client_of_tls_1_3, TOOL_OPENSSL)
{
    return exchange_with_client(scope, FIRTH_TLS_1_3);
}

/* -quiet keeps both from printing what is no byte of ours. */
static int exchange_with_server(firth_scope *scope, firth_tls_version version)
{
    const char *to = tool_scratch("server-out");
    tool_plan plan = {.tool = TOOL_OPENSSL, .version = version, .is_stream = true, .output = to};
    firth_socket *socket;
    peer *server;
    ours side;
    int port;

    plan.more[0] = "-quiet";
    plan.more[1] = "-naccept";
    plan.more[2] = "1";
    ours_client(&side);
    EXPECT_EQUAL(tool_start_server(scope, &plan, &port, &server), FIRTH_OK);
    EXPECT_EQUAL(ours_connect_once(scope, &side, port, &socket), FIRTH_OK);
    return exchange(socket, server, to);
}

TOOL_TEST(megabyte_goes_both_ways_at_once_with_a_server_of_tls_1_2, TOOL_OPENSSL)
{
    return exchange_with_server(scope, FIRTH_TLS_1_2);
}

TOOL_TEST(megabyte_goes_both_ways_at_once_with_a_server_of_tls_1_3, TOOL_OPENSSL)
{
    return exchange_with_server(scope, FIRTH_TLS_1_3);
}

/* ---- plain before ------------------------------------------------------------------------------------------------- */

/* SMTP as far as s_client -starttls goes (RFC 3207). */
static int greet_plainly(firth_socket *socket)
{
    firth_read_channel *in = firth_socket_input(socket);
    firth_write_channel *out = firth_socket_output(socket);
    char line[256];

    EXPECT_EQUAL(firth_write_string(out, "220 mail.example.com ESMTP\r\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(out), FIRTH_OK);
    EXPECT(firth_read_line(in, line, sizeof line) > 0);
    EXPECT(strncmp(line, "EHLO ", 5) == 0);
    EXPECT_EQUAL(firth_write_string(out, "250-mail.example.com\r\n250 STARTTLS\r\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(out), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(in, line, sizeof line), 8);
    EXPECT_BYTES(line, "STARTTLS", 9);
    EXPECT_EQUAL(firth_write_string(out, "220 go ahead\r\n"), FIRTH_OK); /* left to firth_tls_start to flush */
    return FIRTH_OK;
}

TOOL_TEST(our_server_starts_tls_after_plain_words_as_smtp_does, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .more = {"-quiet", "-starttls", "smtp"}};
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_tls_config *config;
    firth_server *server;
    firth_socket *socket;
    peer *client;
    ours side;

    ours_server(&side, "server-ecdsa");
    EXPECT_EQUAL(firth_tls_build(&side.tls, &config), FIRTH_OK);
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    EXPECT_EQUAL(tool_start_client(scope, &plan, firth_server_address(server)->port, &client), FIRTH_OK);
    EXPECT_EQUAL(peer_say(client, "GET / HTTP/1.0\r\n\r\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    EXPECT_EQUAL(greet_plainly(socket), FIRTH_OK);
    EXPECT_EQUAL(firth_tls_start(socket, config, &socket), FIRTH_OK);
    firth_tls_config_release(config);
    EXPECT_EQUAL(ours_answer(socket, "greetings"), FIRTH_OK);
    EXPECT_EQUAL(peer_wait(client), 0);
    EXPECT(strstr(client->text, "greetings") != NULL);
    return FIRTH_OK;
}

/* Stands before a TLS server and speaks plain first: one line, and maybe more than that. */
typedef struct porter {
    firth_server *door;
    int port; /* of the TLS server */
    const char *answer;
} porter;

static int carry(firth_scope *scope, void *pair)
{
    firth_socket **ends = pair;

    (void)scope;
    if (firth_copy(firth_socket_input(ends[0]), firth_socket_output(ends[1]), FIRTH_NO_LIMIT) >= 0)
        (void)!firth_flush_and_close(firth_socket_output(ends[1]));
    return FIRTH_OK; /* what becomes of the connection is for the two ends to tell */
}

static int stand_at_the_door(firth_scope *scope, void *argument)
{
    const porter *this = argument;
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    static firth_socket *in[2], *back[2]; /* a child has them */
    char line[64];

    EXPECT_EQUAL(firth_accept(this->door, &in[0]), FIRTH_OK);
    firth_scope_own_socket(scope, in[0]);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(in[0]), line, sizeof line), 8);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", this->port, &in[1]), FIRTH_OK);
    firth_scope_own_socket(scope, in[1]);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(in[0]), this->answer), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(in[0])), FIRTH_OK);
    back[0] = in[1];
    back[1] = in[0];
    EXPECT_EQUAL(firth_spawn(scope, carry, back, NULL), FIRTH_OK);
    (void)carry(scope, in);
    firth_scope_cancel(scope);
    return FIRTH_OK;
}

static int start_through_the_door(firth_scope *scope, const char *answer, int expected)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    tool_plan plan = {.tool = TOOL_OPENSSL};
    static porter at_door; /* outlives this function */
    char text[16 * 1024];
    firth_tls_config *config;
    firth_socket *socket;
    peer *server;
    ours side;
    int rc;

    at_door.answer = answer;
    ours_client(&side);
    EXPECT_EQUAL(firth_tls_build(&side.tls, &config), FIRTH_OK);
    EXPECT_EQUAL(tool_start_server(scope, &plan, &at_door.port, &server), FIRTH_OK);
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &at_door.door), FIRTH_OK);
    firth_scope_own_server(scope, at_door.door);
    EXPECT_EQUAL(firth_spawn(scope, stand_at_the_door, &at_door, NULL), FIRTH_OK);
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(at_door.door)->port, &socket), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "STARTTLS\r\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), text, sizeof text), 2);
    rc = firth_tls_start(socket, config, &socket);
    EXPECT_EQUAL(rc, expected);
    firth_tls_config_release(config);
    if (rc < 0)
        return FIRTH_OK;
    EXPECT_EQUAL(ours_ask(socket, text, sizeof text), FIRTH_OK);
    EXPECT(strstr(text, "TLSv1.3") != NULL);
    return firth_socket_close(socket);
}

TOOL_TEST(our_client_starts_tls_after_plain_words, TOOL_OPENSSL)
{
    return start_through_the_door(scope, "go\r\n", FIRTH_OK);
}

/* CVE-2021-33515, CVE-2021-38371 and their like: what was put in before TLS would be believed to have come through it. */
TOOL_TEST(plain_bytes_behind_the_last_plain_line_are_refused, TOOL_OPENSSL)
{
    return start_through_the_door(scope, "go\r\n250 injected\r\n", FIRTH_ERR_TLS_PLAINTEXT);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(megabyte_goes_both_ways_at_once_with_a_client_of_tls_1_2),
        cmocka_unit_test(megabyte_goes_both_ways_at_once_with_a_client_of_tls_1_3),
        cmocka_unit_test(megabyte_goes_both_ways_at_once_with_a_server_of_tls_1_2),
        cmocka_unit_test(megabyte_goes_both_ways_at_once_with_a_server_of_tls_1_3),
        cmocka_unit_test(our_server_starts_tls_after_plain_words_as_smtp_does),
        cmocka_unit_test(our_client_starts_tls_after_plain_words),
        cmocka_unit_test(plain_bytes_behind_the_last_plain_line_are_refused),
    };

    return support_main(argc, argv, "interop_streams", tests, sizeof tests / sizeof tests[0]);
}
