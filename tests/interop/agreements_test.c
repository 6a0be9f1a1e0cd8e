/* SPDX-License-Identifier: Apache-2.0 */
/* Protocols (ALPN) and pre-shared keys, with programs of other people's in both roles. */
#include "tests/interop/ours.h"

/* ---- ALPN: our server --------------------------------------------------------------------------------------------- */

static int listen_speaking(firth_scope *scope, firth_server **server, int *port)
{
    ours side;

    ours_server(&side, "server-ecdsa");
    ours_speak(&side, "h2");
    ours_speak(&side, "http/1.1");
    return ours_listen(scope, &side, server, port);
}

static int agree(firth_scope *scope, const tool_plan *plan, const char *protocol, const char *words)
{
    firth_server *server;
    firth_socket *socket;
    firth_tls_info info;
    peer *client;
    int port;

    EXPECT_EQUAL(listen_speaking(scope, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(tool_start_client(scope, plan, port, &client), FIRTH_OK);
    EXPECT_EQUAL(peer_say(client, "GET / HTTP/1.0\r\n\r\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_tls_get_info(socket, &info), FIRTH_OK);
    EXPECT(strcmp(info.alpn, protocol) == 0);
    EXPECT_EQUAL(ours_answer(socket, "greetings"), FIRTH_OK);
    EXPECT_EQUAL(peer_wait(client), 0);
    EXPECT(strstr(client->text, words) != NULL);
    return FIRTH_OK;
}

TOOL_TEST(our_server_agrees_on_a_protocol_with_openssl, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .alpn = "spdy/1,http/1.1", .more = {"-ign_eof"}};

    return agree(scope, &plan, "http/1.1", "ALPN protocol: http/1.1");
}

/* A server's order counts (RFC 7301 §3.2). */
TOOL_TEST(our_server_prefers_its_own_first_protocol, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .alpn = "http/1.1,h2", .more = {"-ign_eof"}};

    return agree(scope, &plan, "h2", "ALPN protocol: h2");
}

TOOL_TEST(our_server_agrees_on_a_protocol_with_gnutls, TOOL_GNUTLS)
{
    tool_plan plan = {.tool = TOOL_GNUTLS, .alpn = "http/1.1"};

    return agree(scope, &plan, "http/1.1", "Application protocol: http/1.1");
}

TOOL_TEST(our_server_takes_a_client_that_knows_no_protocols, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .more = {"-ign_eof"}};

    return agree(scope, &plan, "", "No ALPN negotiated");
}

static int disagree(firth_scope *scope, firth_tls_version version)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .version = version, .alpn = "spdy/1"};
    firth_server *server;
    peer *client;
    int port;

    EXPECT_EQUAL(listen_speaking(scope, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(scope, ours_accept_for_ever, server, NULL), FIRTH_OK);
    EXPECT_EQUAL(tool_start_client(scope, &plan, port, &client), FIRTH_OK);
    EXPECT_EQUAL(peer_await(client, "alert no application protocol"), FIRTH_OK);
    EXPECT(peer_wait(client) != 0);
    firth_scope_cancel(scope);
    return FIRTH_OK;
}

TOOL_TEST(client_without_a_common_protocol_is_refused_in_tls_1_2, TOOL_OPENSSL)
{
    return disagree(scope, FIRTH_TLS_1_2);
}

TOOL_TEST(client_without_a_common_protocol_is_refused_in_tls_1_3, TOOL_OPENSSL)
{
    return disagree(scope, FIRTH_TLS_1_3);
}

/* ---- ALPN: our client --------------------------------------------------------------------------------------------- */

static int ask_speaking(firth_scope *scope, const tool_plan *plan, const char *protocol, int expected)
{
    firth_socket *socket;
    firth_tls_info info;
    peer *server;
    ours side;
    int port;

    ours_client(&side);
    ours_speak(&side, "h2");
    ours_speak(&side, "http/1.1");
    EXPECT_EQUAL(tool_start_server(scope, plan, &port, &server), FIRTH_OK);
    EXPECT_EQUAL(ours_connect_once(scope, &side, port, &socket), expected);
    if (expected < 0) {
        EXPECT_EQUAL(firth_last_failure()->os_code, 120); /* no_application_protocol */
        return FIRTH_OK;
    }
    EXPECT_EQUAL(firth_tls_get_info(socket, &info), FIRTH_OK);
    EXPECT(strcmp(info.alpn, protocol) == 0);
    return FIRTH_OK;
}

TOOL_TEST(our_client_agrees_on_a_protocol_with_openssl, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .alpn = "http/1.1"};

    return ask_speaking(scope, &plan, "http/1.1", FIRTH_OK);
}

TOOL_TEST(our_client_agrees_on_a_protocol_with_gnutls, TOOL_GNUTLS)
{
    tool_plan plan = {.tool = TOOL_GNUTLS, .alpn = "h2"};

    return ask_speaking(scope, &plan, "h2", FIRTH_OK);
}

TOOL_TEST(our_client_takes_a_server_that_knows_no_protocols, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL};

    return ask_speaking(scope, &plan, "", FIRTH_OK);
}

TOOL_TEST(our_client_hears_that_there_is_no_common_protocol, TOOL_GNUTLS)
{
    tool_plan plan = {.tool = TOOL_GNUTLS, .alpn = "spdy/1"};

    return ask_speaking(scope, &plan, NULL, FIRTH_ERR_TLS_ALERT);
}

/* ---- pre-shared keys ---------------------------------------------------------------------------------------------- */

static const unsigned char key_of_ada[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                             0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
#define KEY_OF_ADA    "00112233445566778899aabbccddeeff"
#define KEY_OF_NOBODY "ffeeddccbbaa99887766554433221100"

static size_t find_key(void *argument, const char *identity, unsigned char *key, size_t capacity)
{
    (void)argument;
    if (strcmp(identity, "ada") != 0 || capacity < sizeof key_of_ada)
        return 0;
    memcpy(key, key_of_ada, sizeof key_of_ada);
    return sizeof key_of_ada;
}

static int listen_with_key(firth_scope *scope, firth_server **server, int *port)
{
    ours side = {.tls = firth_tls_server()};

    side.tls.psk_find = find_key;
    return ours_listen(scope, &side, server, port);
}

static int prove(firth_scope *scope, firth_tls_version version)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .version = version};
    firth_server *server;
    firth_socket *socket;
    firth_tls_info info;
    peer *client;
    int port;

    memcpy(plan.more, (const char *const[]){"-ign_eof", "-psk_identity", "ada", "-psk", KEY_OF_ADA},
           5 * sizeof plan.more[0]);
    EXPECT_EQUAL(listen_with_key(scope, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(tool_start_client(scope, &plan, port, &client), FIRTH_OK);
    EXPECT_EQUAL(peer_say(client, "GET / HTTP/1.0\r\n\r\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_tls_get_info(socket, &info), FIRTH_OK);
    EXPECT_EQUAL(info.version, version);
    EXPECT(!info.has_peer_certificate && !info.is_resumed);
    EXPECT_EQUAL(ours_answer(socket, "greetings"), FIRTH_OK);
    EXPECT_EQUAL(peer_wait(client), 0);
    EXPECT(strstr(client->text, "greetings") != NULL);
    return FIRTH_OK;
}

TOOL_TEST(openssl_client_proves_a_shared_key_in_tls_1_2, TOOL_OPENSSL)
{
    return prove(scope, FIRTH_TLS_1_2);
}

TOOL_TEST(openssl_client_proves_a_shared_key_in_tls_1_3, TOOL_OPENSSL)
{
    return prove(scope, FIRTH_TLS_1_3);
}

TOOL_TEST(client_with_another_key_is_refused, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL};
    firth_server *server;
    peer *client;
    int port;

    memcpy(plan.more, (const char *const[]){"-psk_identity", "ada", "-psk", KEY_OF_NOBODY}, 4 * sizeof plan.more[0]);
    EXPECT_EQUAL(listen_with_key(scope, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(scope, ours_accept_for_ever, server, NULL), FIRTH_OK);
    EXPECT_EQUAL(tool_start_client(scope, &plan, port, &client), FIRTH_OK);
    EXPECT_EQUAL(peer_await(client, "alert "), FIRTH_OK);
    EXPECT(peer_wait(client) != 0);
    firth_scope_cancel(scope);
    return FIRTH_OK;
}

static int prove_ours(firth_scope *scope, firth_tls_version version, const char *key_of_server, int expected)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .version = version};
    char page[16 * 1024];
    firth_socket *socket;
    peer *server;
    ours side = {.tls = firth_tls_client()};
    int port, rc;

    memcpy(plan.more, (const char *const[]){"-psk_identity", "ada", "-psk", key_of_server}, 4 * sizeof plan.more[0]);
    side.tls.psk_identity = "ada";
    side.tls.psk = key_of_ada;
    side.tls.psk_size = sizeof key_of_ada;
    EXPECT_EQUAL(tool_start_server(scope, &plan, &port, &server), FIRTH_OK);
    rc = ours_connect_once(scope, &side, port, &socket);
    if (rc >= 0)
        rc = ours_ask(socket, page, sizeof page);
    EXPECT_EQUAL(rc, expected);
    return FIRTH_OK;
}

TOOL_TEST(our_client_proves_a_shared_key_to_openssl_in_tls_1_2, TOOL_OPENSSL)
{
    return prove_ours(scope, FIRTH_TLS_1_2, KEY_OF_ADA, FIRTH_OK);
}

TOOL_TEST(our_client_proves_a_shared_key_to_openssl_in_tls_1_3, TOOL_OPENSSL)
{
    return prove_ours(scope, FIRTH_TLS_1_3, KEY_OF_ADA, FIRTH_OK);
}

TOOL_TEST(our_client_with_another_key_hears_the_alert, TOOL_OPENSSL)
{
    return prove_ours(scope, FIRTH_TLS_1_2, KEY_OF_NOBODY, FIRTH_ERR_TLS_ALERT);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_server_agrees_on_a_protocol_with_openssl),
        cmocka_unit_test(our_server_prefers_its_own_first_protocol),
        cmocka_unit_test(our_server_agrees_on_a_protocol_with_gnutls),
        cmocka_unit_test(our_server_takes_a_client_that_knows_no_protocols),
        cmocka_unit_test(client_without_a_common_protocol_is_refused_in_tls_1_2),
        cmocka_unit_test(client_without_a_common_protocol_is_refused_in_tls_1_3),
        cmocka_unit_test(our_client_agrees_on_a_protocol_with_openssl),
        cmocka_unit_test(our_client_agrees_on_a_protocol_with_gnutls),
        cmocka_unit_test(our_client_takes_a_server_that_knows_no_protocols),
        cmocka_unit_test(our_client_hears_that_there_is_no_common_protocol),
        cmocka_unit_test(openssl_client_proves_a_shared_key_in_tls_1_2),
        cmocka_unit_test(openssl_client_proves_a_shared_key_in_tls_1_3),
        cmocka_unit_test(client_with_another_key_is_refused),
        cmocka_unit_test(our_client_proves_a_shared_key_to_openssl_in_tls_1_2),
        cmocka_unit_test(our_client_proves_a_shared_key_to_openssl_in_tls_1_3),
        cmocka_unit_test(our_client_with_another_key_hears_the_alert),
    };

    return support_main(argc, argv, "interop_agreements", tests, sizeof tests / sizeof tests[0]);
}
