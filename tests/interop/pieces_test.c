/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of other people's whose handshakes reach us in records of a few bytes, through a relay that cuts them. */
#include "tests/interop/ours.h"
#include "tests/tls/relay.h"

typedef struct meeting {
    tool tool;
    firth_tls_version version;
} meeting;

static const size_t sizes[] = {1, 3};

enum { SIZE_COUNT = sizeof sizes / sizeof *sizes };

static relay between;

static int start_relay(firth_scope *scope, const meeting *with, size_t piece, int server_port, int *port)
{
    const recut cut = {.piece = piece, .is_1_2 = with->version == FIRTH_TLS_1_2};

    memset(&between, 0, sizeof between);
    between.server_port = server_port;
    between.to_server.cut = between.to_client.cut = cut;
    return relay_start(scope, &between, port);
}

static int serve(firth_scope *scope, const meeting *with, size_t piece)
{
    tool_plan plan = {.tool = with->tool, .version = with->version};
    firth_server *server;
    firth_socket *socket;
    peer *client;
    ours side;
    int port;

    if (with->tool == TOOL_OPENSSL)
        plan.more[0] = "-quiet";
    ours_server(&side, "server-rsa");
    EXPECT_EQUAL(ours_listen(scope, &side, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(start_relay(scope, with, piece, port, &port), FIRTH_OK);
    EXPECT_EQUAL(tool_start_client(scope, &plan, port, &client), FIRTH_OK);
    if (with->tool == TOOL_OPENSSL || with->tool == TOOL_GNUTLS)
        EXPECT_EQUAL(peer_say(client, "GET / HTTP/1.0\r\n\r\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
    EXPECT_EQUAL(ours_answer(socket, "greetings in pieces"), FIRTH_OK);
    EXPECT_EQUAL(peer_await(client, "greetings in pieces"), FIRTH_OK);
    EXPECT(between.to_server.cut.is_sealed && between.to_client.cut.is_sealed);
    return FIRTH_OK;
}

static int visit(firth_scope *scope, const meeting *with, size_t piece)
{
    tool_plan plan = {.tool = with->tool, .version = with->version, .identity = "server-rsa"};
    char page[16 * 1024];
    firth_socket *socket;
    peer *server;
    ours side;
    int port;

    ours_client(&side);
    EXPECT_EQUAL(tool_start_server(scope, &plan, &port, &server), FIRTH_OK);
    EXPECT_EQUAL(start_relay(scope, with, piece, port, &port), FIRTH_OK);
    EXPECT_EQUAL(ours_connect_once(scope, &side, port, &socket), FIRTH_OK);
    EXPECT_EQUAL(ours_ask(socket, page, sizeof page), FIRTH_OK);
    EXPECT(between.to_server.cut.is_sealed && between.to_client.cut.is_sealed);
    return FIRTH_OK;
}

static int both_roles(firth_scope *scope, void *argument)
{
    const meeting *with = argument;

    for (size_t i = 0; i < SIZE_COUNT; i++) {
        firth_scope inner;
        int rc;

        firth_scope_open(&inner, scope, NULL);
        rc = with->tool == TOOL_CURL ? FIRTH_OK : visit(&inner, with, sizes[i]);
        firth_scope_cancel(&inner);
        (void)!firth_scope_close(&inner, FIRTH_OK);
        EXPECT_EQUAL(rc, FIRTH_OK);
        firth_scope_open(&inner, scope, NULL);
        rc = serve(&inner, with, sizes[i]);
        firth_scope_cancel(&inner);
        (void)!firth_scope_close(&inner, FIRTH_OK);
        EXPECT_EQUAL(rc, FIRTH_OK);
    }
    return FIRTH_OK;
}

static void pieces_are_read(void **state)
{
    const meeting *with = *state;

    tool_need(with->tool);
    support_run(both_roles, *state);
}

#define MEETINGS(X)                                                                                                    \
    X(handshakes_with_openssl_in_tls_1_2_may_be_in_pieces, OPENSSL, FIRTH_TLS_1_2)                                     \
    X(handshakes_with_openssl_in_tls_1_3_may_be_in_pieces, OPENSSL, FIRTH_TLS_1_3)                                     \
    X(handshakes_with_gnutls_in_tls_1_2_may_be_in_pieces, GNUTLS, FIRTH_TLS_1_2)                                       \
    X(handshakes_with_gnutls_in_tls_1_3_may_be_in_pieces, GNUTLS, FIRTH_TLS_1_3)

#define MEETING_OF(name_, tool_, version_) {TOOL_##tool_, version_},
static meeting meetings[] = {MEETINGS(MEETING_OF)};

enum {
#define MEETING_NUMBER(name_, ...) MEETING_##name_,
    MEETINGS(MEETING_NUMBER) MEETING_COUNT
};

#define MEETING_TEST(name_, ...)                                                                                       \
    {.name = #name_, .test_func = pieces_are_read, .initial_state = &meetings[MEETING_##name_]},

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {MEETINGS(MEETING_TEST)};

    return support_main(argc, argv, "interop_pieces", tests, sizeof tests / sizeof tests[0]);
}
