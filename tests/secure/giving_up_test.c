/* SPDX-License-Identifier: Apache-2.0 */
/* A handshake that this end gives up, since its time is over or its server is closed: the peer is told so by user_canceled
 * and close_notify (RFC 8446 §6.1). Those that stop in the middle are in stopping_test.c. */
#include "tests/secure/secure_pair.h"
#include "tests/tcp/peers.h"

enum { TIME_MS = 30, RECORD_HEADER = 5, HANDSHAKE = 22 };

/* ---- what is seen of it ------------------------------------------------------------------------------------------ */

static const unsigned char in_plain[] = {21, 3, 3, 0, 2, 1, 90, 21, 3, 3, 0, 2, 1, 0};

static int expect_words(firth_socket *peer)
{
    unsigned char bytes[sizeof in_plain];

    EXPECT_EQUAL(firth_read_fully(firth_socket_input(peer), bytes, sizeof bytes), sizeof bytes);
    EXPECT_BYTES(bytes, in_plain, sizeof bytes);
    return FIRTH_OK;
}

static int expect_told(firth_socket *peer)
{
    char byte;

    EXPECT_EQUAL(expect_words(peer), FIRTH_OK);
    EXPECT_EQUAL(firth_read(firth_socket_input(peer), &byte, 1), FIRTH_EOF); /* and no reset */
    return FIRTH_OK;
}

/* A client's hello, which is one record. */
static int skip_hello(firth_socket *peer)
{
    unsigned char header[RECORD_HEADER], hello[4096];
    size_t size;

    EXPECT_EQUAL(firth_read_fully(firth_socket_input(peer), header, sizeof header), sizeof header);
    EXPECT_EQUAL(header[0], HANDSHAKE);
    size = (size_t)(header[3] << 8 | header[4]);
    EXPECT(size <= sizeof hello);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(peer), hello, size), size);
    return FIRTH_OK;
}

/* ---- peers that do not speak ------------------------------------------------------------------------------------- */

static int build(firth_tls_builder tls, int64_t time_ms, firth_tls_config **config)
{
    tls.handshake_timeout_ms = time_ms;
    EXPECT_EQUAL(firth_tls_build(&tls, config), FIRTH_OK);
    return FIRTH_OK;
}

static int expect_time_is_up(firth_scope *scope, firth_tls_builder tls, firth_socket **peer)
{
    firth_tls_config *config;
    firth_socket *socket;
    int rc;

    EXPECT_EQUAL(build(tls, TIME_MS, &config), FIRTH_OK);
    EXPECT_EQUAL(support_pair(scope, &socket, peer), FIRTH_OK);
    rc = firth_tls_start(socket, config, &socket);
    firth_tls_config_release(config);
    EXPECT_EQUAL(rc, FIRTH_ERR_TIMED_OUT);
    EXPECT(socket == NULL);
    return FIRTH_OK;
}

TASK_TEST(a_client_that_never_speaks_is_told_when_its_time_is_up)
{
    firth_socket *peer;

    EXPECT_EQUAL(expect_time_is_up(scope, secure_pair_server(), &peer), FIRTH_OK);
    EXPECT_EQUAL(expect_told(peer), FIRTH_OK);
    return firth_socket_close(peer);
}

TASK_TEST(a_server_that_never_answers_is_told_when_its_time_is_up)
{
    firth_socket *peer;

    EXPECT_EQUAL(expect_time_is_up(scope, secure_pair_client(), &peer), FIRTH_OK);
    EXPECT_EQUAL(skip_hello(peer), FIRTH_OK);
    EXPECT_EQUAL(expect_told(peer), FIRTH_OK);
    return firth_socket_close(peer);
}

/* The same end of a handshake in memory, where nothing is sent but handed over. */
TASK_TEST(a_peer_in_memory_is_told_too)
{
    firth_tls_config *config;
    firth_socket *pair[2];
    int rc;

    EXPECT_EQUAL(build(secure_pair_server(), TIME_MS, &config), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_pair(firth_scope_selector(scope), pair), FIRTH_OK);
    rc = firth_tls_start(pair[0], config, &pair[0]);
    firth_tls_config_release(config);
    EXPECT_EQUAL(rc, FIRTH_ERR_TIMED_OUT);
    EXPECT_EQUAL(expect_told(pair[1]), FIRTH_OK);
    return firth_socket_close(pair[1]);
}

/* ---- a peer that is told why, and does not care ------------------------------------------------------------------- */

enum { LIMIT_MS = 1000, LATE_MS = 4000 }; /* the linger is 5 s */

static int send_zeros(firth_scope *scope, void *argument)
{
    static const unsigned char zeros[4096];
    firth_write_channel *out = firth_socket_output(argument);
    int rc = FIRTH_OK;

    (void)scope;
    while (rc >= 0)
        rc = firth_write(out, zeros, sizeof zeros);
    return FIRTH_OK;
}

/* It is no TLS server, and what it sends never ends. */
TASK_TEST(a_handshake_that_fails_does_not_outlast_its_time)
{
    int64_t began_ns = firth_now_ns();
    firth_tls_config *config;
    firth_socket *socket, *peer;
    int rc;

    EXPECT_EQUAL(build(secure_pair_client(), LIMIT_MS, &config), FIRTH_OK);
    EXPECT_EQUAL(support_pair(scope, &socket, &peer), FIRTH_OK);
    firth_scope_own_socket(scope, peer);
    EXPECT_EQUAL(firth_spawn(scope, send_zeros, peer, NULL), FIRTH_OK);
    rc = firth_tls_start(socket, config, &socket);
    firth_tls_config_release(config);
    EXPECT(rc < 0 && rc != FIRTH_ERR_TIMED_OUT);
    EXPECT((firth_now_ns() - began_ns) / 1000000 < LATE_MS);
    return FIRTH_OK;
}

/* ---- a server's clients ------------------------------------------------------------------------------------------ */

typedef struct serving {
    firth_server *server;
    peers_attempt accepting;
    firth_socket *peer;
} serving;

/* A server with a task that accepts, and a plain client of it. */
static int serve(firth_scope *scope, serving *it, int64_t time_ms)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    uint16_t port;
    int rc;

    EXPECT_EQUAL(build(secure_pair_server(), time_ms, &tcp.tls), FIRTH_OK);
    rc = firth_tcp_bind(&tcp, "127.0.0.1", 0, &it->server);
    firth_tls_config_release(tcp.tls);
    EXPECT_EQUAL(rc, FIRTH_OK);
    port = firth_server_address(it->server)->port;
    it->accepting = (peers_attempt){.server = it->server};
    EXPECT_EQUAL(firth_spawn(scope, peers_accept, &it->accepting, NULL), FIRTH_OK);
    tcp = firth_tcp(firth_scope_selector(scope));
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", port, &it->peer), FIRTH_OK);
    return FIRTH_OK;
}

static int end_serving(serving *it)
{
    firth_server_close(it->server);
    while (!it->accepting.ended)
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(it->accepting.result, FIRTH_ERR_CLOSED);
    firth_socket_abort(it->peer);
    return FIRTH_OK;
}

TASK_TEST(a_servers_client_that_never_speaks_is_told_when_its_time_is_up)
{
    static serving it; /* the acceptor's, too */

    EXPECT_EQUAL(serve(scope, &it, TIME_MS), FIRTH_OK);
    EXPECT_EQUAL(expect_told(it.peer), FIRTH_OK);
    EXPECT(strstr(support_log_text(), "FIRTH_ERR_TIMED_OUT") != NULL);
    return end_serving(&it);
}

/* A task: the beginning of a hello, a byte each millisecond, for as long as anybody takes them. */
static int dribble(firth_scope *scope, void *argument)
{
    static const unsigned char hello[] = {22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3};
    firth_write_channel *out = argument;
    unsigned char byte;
    size_t i = 0;
    int rc;

    (void)scope;
    do {
        byte = i < sizeof hello ? hello[i] : (unsigned char)i;
        i++;
        rc = firth_write(out, &byte, 1);
        if (rc >= 0)
            rc = firth_flush(out);
        if (rc >= 0)
            rc = firth_sleep(1);
    } while (rc >= 0 && i < 500); /* which is less than the hello says that it has */
    return FIRTH_OK;
}

TASK_TEST(a_client_that_dribbles_is_told_too)
{
    firth_scope dribbling;
    int rc;
    static serving it; /* the acceptor's, too */

    EXPECT_EQUAL(serve(scope, &it, TIME_MS), FIRTH_OK);
    firth_scope_open(&dribbling, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&dribbling, dribble, firth_socket_output(it.peer), NULL), FIRTH_OK);
    rc = expect_words(it.peer); /* what it sends afterwards is answered by a reset */
    firth_scope_cancel(&dribbling);
    EXPECT_EQUAL(firth_scope_close(&dribbling, rc), FIRTH_OK);
    return end_serving(&it);
}

/* Another client that comes later and gets through tells that the server has the first. */
TASK_TEST(closing_the_server_tells_who_handshakes)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *client;
    static serving it; /* the acceptor's, too */

    EXPECT_EQUAL(serve(scope, &it, 0), FIRTH_OK);
    tcp.tls = secure_pair_client_config();
    EXPECT_EQUAL(firth_tcp_connect(&tcp, "127.0.0.1", firth_server_address(it.server)->port, &client), FIRTH_OK);
    while (!it.accepting.ended)
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    EXPECT_EQUAL(it.accepting.result, FIRTH_OK);
    firth_server_close(it.server);
    EXPECT_EQUAL(expect_told(it.peer), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(it.peer), FIRTH_OK);
    return secure_pair_end(scope, it.accepting.socket, client);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_never_speaks_is_told_when_its_time_is_up),
        cmocka_unit_test(a_server_that_never_answers_is_told_when_its_time_is_up),
        cmocka_unit_test(a_peer_in_memory_is_told_too),
        cmocka_unit_test(a_handshake_that_fails_does_not_outlast_its_time),
        cmocka_unit_test(a_servers_client_that_never_speaks_is_told_when_its_time_is_up),
        cmocka_unit_test(a_client_that_dribbles_is_told_too),
        cmocka_unit_test(closing_the_server_tells_who_handshakes),
    };

    return support_main(argc, argv, "tls giving up", tests, sizeof tests / sizeof *tests);
}
