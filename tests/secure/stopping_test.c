/* SPDX-License-Identifier: Apache-2.0 */
/* A handshake whose peer stops in the middle, and that is given up: user_canceled and close_notify go out under the keys of
 * that moment, and nobody waits for a peer that takes nothing. The other end is a session of the engine, by hand. */
#include "tests/secure/secure_pair.h"
#include "tests/tls/wire.h"

static const fth_tls_engine *const engine = &fth_tls_mbedtls;

static const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};

enum { RECORD_HEADER = 5 };

static const unsigned char in_plain[] = {21, 3, 3, 0, 2, 1, 90, 21, 3, 3, 0, 2, 1, 0};

/* A task of Firth's that handshakes, and by hand the other end of it. */
typedef struct middle {
    firth_scope scope; /* of the task */
    secure_pair_starting task;
    firth_socket *peer;
    wire_pair *hand;
    int buffer_bytes; /* the system's, of either socket; 0: as it likes */
    bool has_keys;    /* the task has derived them */
} middle;

static void note_key(void *argument, const char *line)
{
    (void)line;
    ((middle *)argument)->has_keys = true;
}

static int open_middle(firth_scope *scope, middle *at, firth_tls_builder tls, firth_tls_version version)
{
    firth_tls_builder client = secure_pair_client(), server = secure_pair_server();
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));

    tcp.send_buffer_bytes = tcp.receive_buffer_bytes = at->buffer_bytes;
    client.min_version = client.max_version = version;
    server.min_version = server.max_version = version;
    at->hand = wire_open(&client, &server);
    EXPECT_EQUAL(wire_connect(at->hand, SECURE_PAIR_HOST), FIRTH_OK);
    tls.min_version = tls.max_version = version;
    tls.key_log = note_key;
    tls.key_log_argument = at;
    EXPECT_EQUAL(firth_tls_build(&tls, &at->task.config), FIRTH_OK);
    EXPECT_EQUAL(support_pair_with(&tcp, &at->task.socket, &at->peer), FIRTH_OK);
    firth_scope_open(&at->scope, scope, NULL);
    EXPECT_EQUAL(firth_spawn(&at->scope, secure_pair_start_one, &at->task, NULL), FIRTH_OK);
    return FIRTH_OK;
}

/* Some of what came of the task; 0 at the end. */
static int64_t take(middle *at, wire *to)
{
    int64_t n = firth_read(firth_socket_input(at->peer), to->bytes + to->written, sizeof to->bytes - to->written);

    if (n > 0)
        to->written += (size_t)n;
    return n == FIRTH_EOF ? 0 : n;
}

static int give(middle *at, const unsigned char *bytes, size_t size)
{
    EXPECT_EQUAL(firth_write(firth_socket_output(at->peer), bytes, size), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(at->peer)), FIRTH_OK);
    return FIRTH_OK;
}

/* Cancels the task and takes what it says then, to the end. */
static int cancel_and_take(middle *at, wire *to)
{
    size_t before = to->written;
    int64_t n;

    firth_scope_cancel(&at->scope);
    EXPECT_EQUAL(firth_scope_close(&at->scope, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(at->task.result, FIRTH_ERR_CANCELED);
    EXPECT(at->task.socket == NULL);
    while ((n = take(at, to)) > 0)
        continue;
    EXPECT_EQUAL(n, 0);
    EXPECT(to->written > before);
    return FIRTH_OK;
}

/* The alerts alone, sealed or not. */
static int expect_alerts(const wire *to, size_t before, bool is_sealed)
{
    const unsigned char *bytes = to->bytes + before;

    if (is_sealed) {
        EXPECT(bytes[0] == MBEDTLS_SSL_MSG_APPLICATION_DATA && bytes[3] == 0);
        EXPECT_EQUAL(to->written - before, 2 * (RECORD_HEADER + bytes[4])); /* a tag and padding make them alike */
        return FIRTH_OK;
    }
    EXPECT_EQUAL(to->written - before, sizeof in_plain);
    EXPECT_BYTES(bytes, in_plain, sizeof in_plain);
    return FIRTH_OK;
}

static int close_middle(middle *at)
{
    firth_tls_config_release(at->task.config);
    wire_close(at->hand);
    return firth_socket_close(at->peer);
}

/* Has read the server's flight, and answers nothing. With TLS 1.3 the session is there for it, and ends. */
static int client_stops(firth_scope *scope, firth_tls_version version)
{
    wire_end *client;
    middle at = {0};
    char byte;
    size_t hello, before;

    EXPECT_EQUAL(open_middle(scope, &at, secure_pair_server(), version), FIRTH_OK);
    client = &at.hand->client;
    EXPECT_EQUAL(engine->handshake(client->session), FTH_TLS_WANT_READ);
    hello = at.hand->to_server.written;
    EXPECT_EQUAL(give(&at, at.hand->to_server.bytes, hello), FIRTH_OK);
    do {
        EXPECT(take(&at, &at.hand->to_client) > 0);
        client->result = engine->handshake(client->session);
    } while (client->result == FTH_TLS_WANT_READ && at.hand->to_server.written == hello);
    before = at.hand->to_client.written;
    EXPECT_EQUAL(cancel_and_take(&at, &at.hand->to_client), FIRTH_OK);
    EXPECT_EQUAL(expect_alerts(&at.hand->to_client, before, version == FIRTH_TLS_1_3), FIRTH_OK);
    if (version == FIRTH_TLS_1_3) {
        EXPECT_EQUAL(client->result, FIRTH_OK);
        EXPECT_EQUAL(wire_read(client, &byte, 1), FIRTH_EOF);
    } else {
        EXPECT_EQUAL(engine->handshake(client->session), FIRTH_ERR_TLS_ALERT);
        EXPECT(strcmp(firth_last_failure()->step, "alert close_notify") == 0);
    }
    return close_middle(&at);
}

TASK_TEST(a_client_that_stops_in_the_middle_is_told_under_the_keys_it_has)
{
    for (size_t v = 0; v < sizeof versions / sizeof *versions; v++)
        EXPECT_EQUAL(client_stops(scope, versions[v]), FIRTH_OK);
    return FIRTH_OK;
}

/* A server's hello, and with TLS 1.3 what it seals first. */
static size_t beginning(const wire *from, firth_tls_version version)
{
    size_t end = 0;

    for (int left = version == FIRTH_TLS_1_3 ? 3 : 1; left > 0; left--)
        end += RECORD_HEADER + (size_t)(from->bytes[end + 3] << 8 | from->bytes[end + 4]);
    return end;
}

static int server_stops(firth_scope *scope, firth_tls_version version)
{
    wire_end *server;
    middle at = {0};
    size_t before;

    EXPECT_EQUAL(open_middle(scope, &at, secure_pair_client(), version), FIRTH_OK);
    server = &at.hand->server;
    do {
        EXPECT(take(&at, &at.hand->to_server) > 0);
        EXPECT_EQUAL(engine->handshake(server->session), FTH_TLS_WANT_READ);
    } while (at.hand->to_client.written == 0);
    EXPECT_EQUAL(give(&at, at.hand->to_client.bytes, beginning(&at.hand->to_client, version)), FIRTH_OK);
    while (version == FIRTH_TLS_1_3 && !at.has_keys)
        EXPECT_EQUAL(firth_yield(), FIRTH_OK);
    before = at.hand->to_server.written;
    EXPECT_EQUAL(cancel_and_take(&at, &at.hand->to_server), FIRTH_OK);
    EXPECT_EQUAL(expect_alerts(&at.hand->to_server, before, version == FIRTH_TLS_1_3), FIRTH_OK);
    EXPECT_EQUAL(engine->handshake(server->session), FIRTH_ERR_TLS_ALERT);
    EXPECT(strcmp(firth_last_failure()->step, "alert close_notify") == 0);
    return close_middle(&at);
}

TASK_TEST(a_server_that_stops_in_the_middle_is_told_under_the_keys_it_has)
{
    for (size_t v = 0; v < sizeof versions / sizeof *versions; v++)
        EXPECT_EQUAL(server_stops(scope, versions[v]), FIRTH_OK);
    return FIRTH_OK;
}

/* ---- peers that take nothing ------------------------------------------------------------------------------------- */

enum { SMALL_BYTES = 4096, MOST_BYTES = 16 * 1024, PEM_BYTES = 2 * MOST_BYTES, LINGER_MS = 5000 };

static const char *no_long_messages(void)
{
    return MBEDTLS_SSL_OUT_CONTENT_LEN < MOST_BYTES ? "mbedTLS was built for shorter messages" : NULL;
}

/* Certificates that fill a message, more than SMALL_BYTES here and there hold. */
static size_t long_chain(const certificate *leaf, char *pem)
{
    enum { CHAIN_MOST = 128 };
    const certificate *chain[CHAIN_MOST];
    size_t count = (MOST_BYTES - 1024) / leaf->der_size;

    if (count > CHAIN_MOST)
        count = CHAIN_MOST;
    for (size_t i = 0; i < count; i++)
        chain[i] = leaf;
    return certificate_pem(pem, PEM_BYTES, chain, count);
}

/* Says hello, and takes no more than the beginning of the answer. There is no way to tell it, and nobody waits. */
static int take_nothing(firth_scope *scope, const certificate *leaf, char *pem)
{
    firth_tls_identity identity = certificate_identity(leaf);
    firth_tls_builder tls = firth_tls_server();
    middle at = {.buffer_bytes = SMALL_BYTES};
    const void *bytes;
    int64_t begin_ns, n;

    identity.certificate = firth_tls_memory(pem, long_chain(leaf, pem));
    tls.identities = &identity;
    tls.identity_count = 1;
    EXPECT_EQUAL(open_middle(scope, &at, tls, FIRTH_TLS_1_3), FIRTH_OK);
    EXPECT_EQUAL(engine->handshake(at.hand->client.session), FTH_TLS_WANT_READ);
    EXPECT_EQUAL(give(&at, at.hand->to_server.bytes, at.hand->to_server.written), FIRTH_OK);
    EXPECT(firth_peek(firth_socket_input(at.peer), &bytes) > 0);
    begin_ns = firth_now_ns();
    firth_scope_cancel(&at.scope);
    EXPECT_EQUAL(firth_scope_close(&at.scope, FIRTH_OK), FIRTH_OK);
    EXPECT_EQUAL(at.task.result, FIRTH_ERR_CANCELED);
    EXPECT((firth_now_ns() - begin_ns) / 1000000 < LINGER_MS);
    while ((n = take(&at, &at.hand->to_client)) > 0)
        continue;
    EXPECT_EQUAL(n, FIRTH_ERR_RESET);
    return close_middle(&at);
}

TASK_TEST_UNLESS(no_long_messages(), a_peer_that_takes_nothing_is_reset_at_once)
{
    static char pem[PEM_BYTES];
    certificate *leaf = certificate_make(&(certificate_wish){.subject = "CN=Long", .names = "DNS:" SECURE_PAIR_HOST});
    int rc = take_nothing(scope, leaf, pem);

    certificate_free(leaf);
    return rc;
}

/* ---- a peer that takes a flight bit by bit ----------------------------------------------------------------------- */

static int take_bit_by_bit(firth_scope *scope, void *argument)
{
    static char pem[PEM_BYTES];
    const certificate *leaf = argument;
    firth_tls_identity identity = certificate_identity(leaf);
    firth_tls_builder server = firth_tls_server(), client = secure_pair_client();
    firth_tls_data trusted = certificate_data(leaf);
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *a, *b;
    firth_tls_config *configs[2];

    identity.certificate = firth_tls_memory(pem, long_chain(leaf, pem));
    server.identities = &identity;
    server.identity_count = 1;
    client.authorities = &trusted;
    EXPECT_EQUAL(firth_tls_build(&server, &configs[0]), FIRTH_OK);
    EXPECT_EQUAL(firth_tls_build(&client, &configs[1]), FIRTH_OK);
    tcp.send_buffer_bytes = tcp.receive_buffer_bytes = SMALL_BYTES;
    EXPECT_EQUAL(support_pair_with(&tcp, &a, &b), FIRTH_OK);
    EXPECT_EQUAL(secure_pair_start(scope, configs[0], configs[1], &a, &b), FIRTH_OK);
    firth_tls_config_release(configs[0]);
    firth_tls_config_release(configs[1]);
    return secure_pair_end(scope, a, b);
}

static void a_flight_that_no_buffer_holds_goes_through(void **state)
{
    firth_selector_options options = support_options();
    certificate *leaf;

    (void)state;
    if (no_long_messages() != NULL)
        skip();
    leaf = certificate_make(&(certificate_wish){.subject = "CN=Long", .names = "DNS:" SECURE_PAIR_HOST});
    options.block_bytes = 512;
    support_run_with(&options, take_bit_by_bit, leaf);
    certificate_free(leaf);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_stops_in_the_middle_is_told_under_the_keys_it_has),
        cmocka_unit_test(a_server_that_stops_in_the_middle_is_told_under_the_keys_it_has),
        cmocka_unit_test(a_peer_that_takes_nothing_is_reset_at_once),
        cmocka_unit_test(a_flight_that_no_buffer_holds_goes_through),
    };

    return support_main(argc, argv, "tls stopping", tests, sizeof tests / sizeof *tests);
}
