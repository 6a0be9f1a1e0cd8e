/* SPDX-License-Identifier: Apache-2.0 */
/* Our server, and clients of other people's: both versions, every kind of certificate that a server may have. */
#include "tests/interop/ours.h"

#include <stdio.h>

typedef struct meeting {
    tool tool;
    firth_tls_version version;
    const char *identity;
} meeting;

/* Serves one client that asks for a page, and says in it what was agreed on. */
static int serve_one(firth_server *server, const meeting *expected)
{
    firth_socket *socket;
    firth_tls_info info;
    char line[256];

    EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_tls_get_info(socket, &info), FIRTH_OK);
    EXPECT_EQUAL(info.version, expected->version);
    EXPECT(strcmp(info.server_name, "server.example.com") == 0);
    EXPECT(strcmp(info.alpn, "") == 0 || expected->tool == TOOL_CURL);
    EXPECT(!info.is_resumed);
    EXPECT(!info.has_peer_certificate);
    EXPECT(strncmp(info.cipher_suite_name, "TLS", 3) == 0);
    snprintf(line, sizeof line, "greetings by %s", info.cipher_suite_name);
    return ours_answer(socket, line);
}

static int meet(firth_scope *scope, const meeting *with)
{
    tool_plan plan = {.tool = with->tool, .version = with->version};
    firth_server *server;
    peer *client;
    ours side;
    int port;

    if (with->tool == TOOL_OPENSSL)
        plan.more[0] = "-quiet";
    ours_server(&side, with->identity);
    EXPECT_EQUAL(ours_listen(scope, &side, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(tool_start_client(scope, &plan, port, &client), FIRTH_OK);
    if (with->tool == TOOL_OPENSSL || with->tool == TOOL_GNUTLS)
        EXPECT_EQUAL(peer_say(client, "GET / HTTP/1.0\r\n\r\n"), FIRTH_OK);
    EXPECT_EQUAL(serve_one(server, with), FIRTH_OK);
    EXPECT_EQUAL(peer_await(client, "greetings by TLS"), FIRTH_OK);
    EXPECT_EQUAL(peer_wait(client), 0);
    return FIRTH_OK;
}

static int meet_body(firth_scope *scope, void *argument)
{
    return meet(scope, argument);
}

static void client_and_server_agree(void **state)
{
    const meeting *with = *state;

    tool_need(with->tool);
    support_run(meet_body, *state);
}

#define MEETINGS(X)                                                                                                    \
    X(openssl, OPENSSL)                                                                                                \
    X(gnutls, GNUTLS)                                                                                                  \
    X(mbedtls, MBEDTLS)                                                                                                \
    X(curl, CURL)

/* The PSS certificate is signed so; a key of RSA signs handshakes so in TLS 1.3 in any case. */
#define MEETINGS_OF(name, tool_)                                                                                       \
    {TOOL_##tool_, FIRTH_TLS_1_2, "server-ecdsa"}, {TOOL_##tool_, FIRTH_TLS_1_3, "server-ecdsa"},                      \
        {TOOL_##tool_, FIRTH_TLS_1_2, "server-p384"}, {TOOL_##tool_, FIRTH_TLS_1_3, "server-p384"},                    \
        {TOOL_##tool_, FIRTH_TLS_1_2, "server-rsa"}, {TOOL_##tool_, FIRTH_TLS_1_3, "server-rsa"},                      \
        {TOOL_##tool_, FIRTH_TLS_1_2, "server-pss"}, {TOOL_##tool_, FIRTH_TLS_1_3, "server-pss"},
static meeting meetings[] = {MEETINGS(MEETINGS_OF)};

enum { OF_TOOL = 8 };

#define TEST(text, at)                                                                                                 \
    {                                                                                                                  \
        .name = text, .test_func = client_and_server_agree, .initial_state = &meetings[at]                             \
    }
#define TESTS_OF(name, tool_)                                                                                          \
    TEST(#name "_client_and_our_server_of_ecdsa_speak_tls_1_2", TOOL_##tool_ *OF_TOOL),                                \
        TEST(#name "_client_and_our_server_of_ecdsa_speak_tls_1_3", TOOL_##tool_ *OF_TOOL + 1),                        \
        TEST(#name "_client_and_our_server_of_p384_speak_tls_1_2", TOOL_##tool_ *OF_TOOL + 2),                         \
        TEST(#name "_client_and_our_server_of_p384_speak_tls_1_3", TOOL_##tool_ *OF_TOOL + 3),                         \
        TEST(#name "_client_and_our_server_of_rsa_speak_tls_1_2", TOOL_##tool_ *OF_TOOL + 4),                          \
        TEST(#name "_client_and_our_server_of_rsa_speak_tls_1_3", TOOL_##tool_ *OF_TOOL + 5),                          \
        TEST(#name "_client_and_our_server_of_rsa_signed_by_pss_speak_tls_1_2", TOOL_##tool_ *OF_TOOL + 6),            \
        TEST(#name "_client_and_our_server_of_rsa_signed_by_pss_speak_tls_1_3", TOOL_##tool_ *OF_TOOL + 7),

/* A client that wants only what is too old for us is told so, and our log too. */
TOOL_TEST(client_of_tls_1_1_is_refused_and_hears_protocol_version, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .more = {"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"}};
    firth_server *server;
    peer *client;
    ours side;
    int port;

    ours_server(&side, "server-ecdsa");
    EXPECT_EQUAL(ours_listen(scope, &side, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(scope, ours_accept_for_ever, server, NULL), FIRTH_OK);
    EXPECT_EQUAL(tool_start_client(scope, &plan, port, &client), FIRTH_OK);
    EXPECT_EQUAL(peer_await(client, "alert protocol version"), FIRTH_OK);
    EXPECT_EQUAL(peer_wait(client), 1);
    firth_scope_cancel(scope);
    return FIRTH_OK;
}

/* Static RSA, CBC: no forward secrecy, no authenticated encryption. */
TOOL_TEST(client_of_old_suites_is_refused_and_hears_handshake_failure, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .version = FIRTH_TLS_1_2};
    firth_server *server;
    peer *client;
    ours side;
    int port;

    plan.more[0] = "-cipher";
    plan.more[1] = "AES128-SHA:AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA";
    ours_server(&side, "server-rsa");
    EXPECT_EQUAL(ours_listen(scope, &side, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(scope, ours_accept_for_ever, server, NULL), FIRTH_OK);
    EXPECT_EQUAL(tool_start_client(scope, &plan, port, &client), FIRTH_OK);
    EXPECT_EQUAL(peer_await(client, "alert handshake failure"), FIRTH_OK);
    EXPECT_EQUAL(peer_wait(client), 1);
    firth_scope_cancel(scope);
    return FIRTH_OK;
}

/* The certificate is chosen by the name, and then by what the client can verify. */
static int get_certificate_of(firth_scope *scope, int port, firth_server *server, const char *name,
                              const char *algorithms, const char *expected)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .version = FIRTH_TLS_1_2, .server_name = name};
    firth_socket *socket;
    peer *client;

    plan.more[0] = "-sigalgs";
    plan.more[1] = algorithms;
    EXPECT_EQUAL(tool_start_client(scope, &plan, port, &client), FIRTH_OK);
    EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    EXPECT_EQUAL(peer_await(client, expected), FIRTH_OK);
    EXPECT_EQUAL(peer_wait(client), 0);
    return FIRTH_OK;
}

TOOL_TEST(server_chooses_its_certificate_by_name_and_by_what_the_client_can_verify, TOOL_OPENSSL)
{
    static const char ecdsa[] = "ECDSA+SHA256:RSA+SHA256", rsa[] = "RSA+SHA256";
    firth_server *server;
    ours side;
    int port;

    ours_server(&side, "server-ecdsa");
    ours_add_identity(&side, "server-rsa");
    ours_add_identity(&side, "second");
    EXPECT_EQUAL(ours_listen(scope, &side, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(get_certificate_of(scope, port, server, "server.example.com", ecdsa, "Test Intermediate"), FIRTH_OK);
    EXPECT_EQUAL(get_certificate_of(scope, port, server, "server.example.com", rsa, "Test RSA Root"), FIRTH_OK);
    EXPECT_EQUAL(get_certificate_of(scope, port, server, "second.example.com", ecdsa, "CN = second.example.com"),
                 FIRTH_OK);
    EXPECT_EQUAL(get_certificate_of(scope, port, server, "SECOND.example.com", ecdsa, "CN = second.example.com"),
                 FIRTH_OK);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        MEETINGS(TESTS_OF) cmocka_unit_test(client_of_tls_1_1_is_refused_and_hears_protocol_version),
        cmocka_unit_test(client_of_old_suites_is_refused_and_hears_handshake_failure),
        cmocka_unit_test(server_chooses_its_certificate_by_name_and_by_what_the_client_can_verify),
    };

    return support_main(argc, argv, "interop_clients", tests, sizeof tests / sizeof tests[0]);
}
