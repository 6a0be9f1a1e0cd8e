/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes whose messages come in pieces, over real sockets: records of a few bytes, in segments of one. */
#include "tests/secure/secure_pair.h"
#include "tests/tls/relay.h"

typedef struct way {
    firth_tls_version version;
    size_t piece;
    bool is_slow;
} way;

/* A task: answers one client. */
static int answer(firth_scope *scope, void *argument)
{
    firth_server *server = argument;
    firth_socket *client;
    char line[64];

    EXPECT_EQUAL(firth_accept(server, &client), FIRTH_OK);
    firth_scope_own_socket(scope, client);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(client), line, sizeof line), 5);
    EXPECT_EQUAL(firth_write_format(firth_socket_output(client), "%s yourself\n", line), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(client)), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(client), line, sizeof line), FIRTH_EOF);
    return FIRTH_OK;
}

static int ask(firth_scope *scope, firth_tls_version version, int port)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_tls_builder tls = secure_pair_client();
    firth_socket *socket;
    firth_tls_info info;
    char line[64];
    int rc;

    tls.min_version = tls.max_version = version;
    EXPECT_EQUAL(firth_tls_build(&tls, &tcp.tls), FIRTH_OK);
    rc = firth_tcp_connect(&tcp, "127.0.0.1", (uint16_t)port, &socket);
    firth_tls_config_release(tcp.tls);
    EXPECT_EQUAL(rc, FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    EXPECT_EQUAL(firth_tls_get_info(socket, &info), FIRTH_OK);
    EXPECT_EQUAL(info.version, version);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(socket), "hello\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_line(firth_socket_input(socket), line, sizeof line), 14);
    EXPECT(strcmp(line, "hello yourself") == 0);
    EXPECT_EQUAL(firth_flush_and_close(firth_socket_output(socket)), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), line, sizeof line), FIRTH_EOF);
    return FIRTH_OK;
}

static int meet(firth_scope *scope, void *argument)
{
    static relay between;
    const way *how = argument;
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    int port;

    tcp.tls = secure_pair_server_config();
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    memset(&between, 0, sizeof between);
    between.server_port = firth_server_address(server)->port;
    between.to_server.cut = between.to_client.cut =
        (recut){.piece = how->piece, .is_1_2 = how->version == FIRTH_TLS_1_2};
    between.to_server.is_slow = between.to_client.is_slow = how->is_slow;
    EXPECT_EQUAL(relay_start(scope, &between, &port), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(scope, answer, server, NULL), FIRTH_OK);
    EXPECT_EQUAL(ask(scope, how->version, port), FIRTH_OK);
    EXPECT(between.to_server.cut.is_sealed && between.to_client.cut.is_sealed);
    firth_scope_cancel(scope);
    return FIRTH_OK;
}

static void meet_in_pieces(firth_tls_version version)
{
    static const size_t sizes[] = {1, 2, 3, 5, 7};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int is_slow = 0; is_slow < 2; is_slow++)
            support_run(meet, &(way){version, sizes[i], is_slow});
}

static void handshakes_of_tls_1_2_may_come_in_pieces(void **state)
{
    (void)state;
    meet_in_pieces(FIRTH_TLS_1_2);
}

static void handshakes_of_tls_1_3_may_come_in_pieces(void **state)
{
    (void)state;
    meet_in_pieces(FIRTH_TLS_1_3);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshakes_of_tls_1_2_may_come_in_pieces),
        cmocka_unit_test(handshakes_of_tls_1_3_may_come_in_pieces),
    };

    return support_main(argc, argv, "secure_pieces", tests, sizeof tests / sizeof *tests);
}
