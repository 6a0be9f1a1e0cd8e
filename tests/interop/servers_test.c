/* SPDX-License-Identifier: Apache-2.0 */
/* Our client, and servers of other people's: both versions, every kind of certificate that a server may have. */
#include "tests/interop/ours.h"

typedef struct meeting {
    tool tool;
    firth_tls_version version;
    const char *identity;
} meeting;

/* What a server's page says of the session: its version, at least. */
static const char *page_of(const meeting *with)
{
    bool is_1_3 = with->version == FIRTH_TLS_1_3;

    switch (with->tool) {
    case TOOL_OPENSSL:
        return is_1_3 ? "TLSv1.3" : "TLSv1.2";
    case TOOL_GNUTLS:
        return is_1_3 ? "TLS1.3" : "TLS1.2";
    default:
        return "Successful connection using";
    }
}

static int expect_certificate(firth_socket *socket)
{
    const firth_tls_certificate *certificate;
    bool has_name = false;

    EXPECT_EQUAL(firth_tls_peer_certificate(socket, &certificate), FIRTH_OK);
    EXPECT(strcmp(certificate->subject, "CN=server.example.com,O=Firth tests") == 0 ||
           strcmp(certificate->subject, "CN=server.example.com, O=Firth tests") == 0 ||
           strcmp(certificate->subject, "O=Firth tests, CN=server.example.com") == 0);
    for (size_t i = 0; i < certificate->name_count; i++)
        has_name = has_name || strcmp(certificate->names[i], "DNS:server.example.com") == 0;
    EXPECT(has_name);
    EXPECT(certificate->not_before_s < certificate->not_after_s);
    return FIRTH_OK;
}

static int meet(firth_scope *scope, const meeting *with)
{
    tool_plan plan = {.tool = with->tool, .version = with->version, .identity = with->identity};
    firth_socket *socket;
    firth_tls_info info;
    char page[16 * 1024];
    peer *server;
    ours side;
    int port;

    ours_client(&side);
    EXPECT_EQUAL(tool_start_server(scope, &plan, &port, &server), FIRTH_OK);
    EXPECT_EQUAL(ours_connect_once(scope, &side, port, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_tls_get_info(socket, &info), FIRTH_OK);
    EXPECT_EQUAL(info.version, with->version);
    EXPECT(strcmp(info.server_name, "server.example.com") == 0);
    EXPECT(info.has_peer_certificate && !info.is_resumed);
    EXPECT_EQUAL(expect_certificate(socket), FIRTH_OK);
    EXPECT_EQUAL(ours_ask(socket, page, sizeof page), FIRTH_OK);
    EXPECT(strstr(page, page_of(with)) != NULL);
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
    X(mbedtls, MBEDTLS)

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
    TEST("our_client_and_" #name "_server_of_ecdsa_speak_tls_1_2", TOOL_##tool_ *OF_TOOL),                             \
        TEST("our_client_and_" #name "_server_of_ecdsa_speak_tls_1_3", TOOL_##tool_ *OF_TOOL + 1),                     \
        TEST("our_client_and_" #name "_server_of_p384_speak_tls_1_2", TOOL_##tool_ *OF_TOOL + 2),                      \
        TEST("our_client_and_" #name "_server_of_p384_speak_tls_1_3", TOOL_##tool_ *OF_TOOL + 3),                      \
        TEST("our_client_and_" #name "_server_of_rsa_speak_tls_1_2", TOOL_##tool_ *OF_TOOL + 4),                       \
        TEST("our_client_and_" #name "_server_of_rsa_speak_tls_1_3", TOOL_##tool_ *OF_TOOL + 5),                       \
        TEST("our_client_and_" #name "_server_of_rsa_signed_by_pss_speak_tls_1_2", TOOL_##tool_ *OF_TOOL + 6),         \
        TEST("our_client_and_" #name "_server_of_rsa_signed_by_pss_speak_tls_1_3", TOOL_##tool_ *OF_TOOL + 7),

/* Our client offers nothing older, nothing weaker. */
static int expect_no_agreement(firth_scope *scope, const tool_plan *plan)
{
    firth_socket *socket;
    peer *server;
    ours side;
    int port;

    ours_client(&side);
    EXPECT_EQUAL(tool_start_server(scope, plan, &port, &server), FIRTH_OK);
    EXPECT_EQUAL(ours_connect_once(scope, &side, port, &socket), FIRTH_ERR_TLS_ALERT);
    EXPECT(socket == NULL);
    EXPECT(firth_last_failure()->os_code == 40 || firth_last_failure()->os_code == 70);
    return FIRTH_OK;
}

TOOL_TEST(server_of_tls_1_1_alone_is_not_agreed_with, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .more = {"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"}};

    return expect_no_agreement(scope, &plan);
}

TOOL_TEST(server_of_old_suites_alone_is_not_agreed_with, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .version = FIRTH_TLS_1_2, .identity = "server-rsa"};

    plan.more[0] = "-cipher";
    plan.more[1] = "AES128-SHA:AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA:DHE-RSA-AES128-GCM-SHA256";
    return expect_no_agreement(scope, &plan);
}

/* mbedTLS cannot, so it does not offer it, and the server has nothing to sign with. */
TOOL_TEST(server_of_ed25519_is_not_agreed_with, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .identity = "server-ed25519"};

    return expect_no_agreement(scope, &plan);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        MEETINGS(TESTS_OF) cmocka_unit_test(server_of_tls_1_1_alone_is_not_agreed_with),
        cmocka_unit_test(server_of_old_suites_alone_is_not_agreed_with),
        cmocka_unit_test(server_of_ed25519_is_not_agreed_with),
    };

    return support_main(argc, argv, "interop_servers", tests, sizeof tests / sizeof tests[0]);
}
