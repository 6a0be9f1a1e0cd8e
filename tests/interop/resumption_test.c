/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that are taken up again, with programs of other people's in both roles: both ends say so. */
#include "tests/interop/ours.h"

#include <unistd.h>

/* ---- our server --------------------------------------------------------------------------------------------------- */

static int serve_next(firth_server *server, bool is_resumed)
{
    firth_socket *socket;
    firth_tls_info info;

    EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_tls_get_info(socket, &info), FIRTH_OK);
    EXPECT_EQUAL(info.is_resumed, is_resumed);
    return ours_answer(socket, "greetings");
}

static int connect_openssl(firth_scope *scope, firth_server *server, const tool_plan *plan, int port, bool is_resumed)
{
    peer *client;

    EXPECT_EQUAL(tool_start_client(scope, plan, port, &client), FIRTH_OK);
    EXPECT_EQUAL(peer_say(client, "GET / HTTP/1.0\r\n\r\n"), FIRTH_OK);
    EXPECT_EQUAL(serve_next(server, is_resumed), FIRTH_OK);
    EXPECT_EQUAL(peer_wait(client), 0);
    EXPECT(strstr(client->text, "greetings") != NULL);
    EXPECT(strstr(client->text, is_resumed ? "Reused, " : "New, ") != NULL);
    return FIRTH_OK;
}

static int resume_with_openssl(firth_scope *scope, firth_tls_version version)
{
    const char *file = tool_scratch("session");
    tool_plan first = {.tool = TOOL_OPENSSL, .version = version, .more = {"-ign_eof", "-sess_out", file}};
    tool_plan again = {.tool = TOOL_OPENSSL, .version = version, .more = {"-ign_eof", "-sess_in", file}};
    firth_server *server, *other;
    int port, other_port;
    ours side;

    ours_server(&side, "server-ecdsa");
    EXPECT_EQUAL(ours_listen(scope, &side, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(connect_openssl(scope, server, &first, port, false), FIRTH_OK);
    EXPECT_EQUAL(connect_openssl(scope, server, &again, port, true), FIRTH_OK);
    /* Another server's keys do not open the ticket: a full handshake, and no error. */
    EXPECT_EQUAL(ours_listen(scope, &side, &other, &other_port), FIRTH_OK);
    EXPECT_EQUAL(connect_openssl(scope, other, &again, other_port, false), FIRTH_OK);
    side.tls.session_tickets = false;
    EXPECT_EQUAL(ours_listen(scope, &side, &other, &other_port), FIRTH_OK);
    EXPECT_EQUAL(connect_openssl(scope, other, &again, other_port, false), FIRTH_OK);
    unlink(file);
    return FIRTH_OK;
}

TOOL_TEST(openssl_client_resumes_with_our_server_in_tls_1_2, TOOL_OPENSSL)
{
    return resume_with_openssl(scope, FIRTH_TLS_1_2);
}

TOOL_TEST(openssl_client_resumes_with_our_server_in_tls_1_3, TOOL_OPENSSL)
{
    return resume_with_openssl(scope, FIRTH_TLS_1_3);
}

/* Keys are renewed with the configuration: old tickets are of no use, and do no harm. */
TOOL_TEST(after_a_reload_old_tickets_are_not_taken, TOOL_OPENSSL)
{
    const char *file = tool_scratch("reloaded");
    tool_plan first = {.tool = TOOL_OPENSSL, .more = {"-ign_eof", "-sess_out", file}};
    tool_plan again = {.tool = TOOL_OPENSSL, .more = {"-ign_eof", "-sess_in", file}};
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_server *server;
    ours side;
    int port;

    ours_server(&side, "server-ecdsa");
    EXPECT_EQUAL(firth_tls_build(&side.tls, &tcp.tls), FIRTH_OK);
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    port = firth_server_address(server)->port;
    EXPECT_EQUAL(connect_openssl(scope, server, &first, port, false), FIRTH_OK);
    EXPECT_EQUAL(connect_openssl(scope, server, &again, port, true), FIRTH_OK);
    EXPECT_EQUAL(firth_tls_reload(tcp.tls, &side.tls), FIRTH_OK);
    EXPECT_EQUAL(connect_openssl(scope, server, &again, port, false), FIRTH_OK);
    firth_tls_config_release(tcp.tls);
    unlink(file);
    return FIRTH_OK;
}

/* A program that connects twice by itself. */
static int resume_twice(firth_scope *scope, const tool_plan *plan)
{
    firth_server *server;
    peer *client;
    ours side;
    int port;

    ours_server(&side, "server-ecdsa");
    EXPECT_EQUAL(ours_listen(scope, &side, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(tool_start_client(scope, plan, port, &client), FIRTH_OK);
    EXPECT_EQUAL(serve_next(server, false), FIRTH_OK);
    EXPECT_EQUAL(serve_next(server, true), FIRTH_OK);
    EXPECT_EQUAL(peer_wait(client), 0);
    return FIRTH_OK;
}

TOOL_TEST(mbedtls_client_resumes_with_our_server_in_tls_1_2, TOOL_MBEDTLS)
{
    tool_plan plan = {.tool = TOOL_MBEDTLS, .version = FIRTH_TLS_1_2, .more = {"reconnect=1"}};

    return resume_twice(scope, &plan);
}

TOOL_TEST(mbedtls_client_resumes_with_our_server_in_tls_1_3, TOOL_MBEDTLS)
{
    tool_plan plan = {.tool = TOOL_MBEDTLS, .version = FIRTH_TLS_1_3, .more = {"reconnect=1", "new_session_tickets=1"}};

    return resume_twice(scope, &plan);
}

/* gnutls-cli --resume ends its first connection without a word, and sends what is typed on the second. */
static int resume_with_gnutls(firth_scope *scope, firth_tls_version version)
{
    tool_plan plan = {.tool = TOOL_GNUTLS, .version = version, .more = {"--resume"}};
    firth_server *server;
    firth_socket *socket;
    peer *client;
    ours side;
    char byte;
    int port;

    ours_server(&side, "server-ecdsa");
    EXPECT_EQUAL(ours_listen(scope, &side, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(tool_start_client(scope, &plan, port, &client), FIRTH_OK);
    EXPECT_EQUAL(peer_say(client, "GET / HTTP/1.0\r\n\r\n"), FIRTH_OK);
    EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
    firth_scope_own_socket(scope, socket);
    EXPECT_EQUAL(firth_read(firth_socket_input(socket), &byte, 1), FIRTH_EOF);
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);
    EXPECT_EQUAL(serve_next(server, true), FIRTH_OK);
    EXPECT_EQUAL(peer_wait(client), 0);
    EXPECT(strstr(client->text, "This is a resumed session") != NULL);
    return FIRTH_OK;
}

TOOL_TEST(gnutls_client_resumes_with_our_server_in_tls_1_2, TOOL_GNUTLS)
{
    return resume_with_gnutls(scope, FIRTH_TLS_1_2);
}

TOOL_TEST(gnutls_client_resumes_with_our_server_in_tls_1_3, TOOL_GNUTLS)
{
    return resume_with_gnutls(scope, FIRTH_TLS_1_3);
}

/* ---- our client --------------------------------------------------------------------------------------------------- */

static int ask_once(firth_scope *scope, firth_tls_config *config, int port, bool is_resumed, const char *words)
{
    char page[16 * 1024];
    firth_socket *socket;
    firth_tls_info info;

    EXPECT_EQUAL(ours_connect(scope, config, port, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_tls_get_info(socket, &info), FIRTH_OK);
    EXPECT_EQUAL(info.is_resumed, is_resumed);
    EXPECT_EQUAL(ours_ask(socket, page, sizeof page), FIRTH_OK);
    EXPECT(words == NULL || (strstr(page, words) != NULL) == is_resumed);
    return firth_socket_close(socket);
}

static int resume_three_times(firth_scope *scope, const tool_plan *plan, const char *words)
{
    firth_tls_config *config;
    peer *server;
    ours side;
    int port;

    ours_client(&side);
    EXPECT_EQUAL(firth_tls_build(&side.tls, &config), FIRTH_OK);
    EXPECT_EQUAL(tool_start_server(scope, plan, &port, &server), FIRTH_OK);
    for (int i = 0; i < 3; i++)
        EXPECT_EQUAL(ask_once(scope, config, port, i > 0, words), FIRTH_OK);
    firth_tls_config_release(config);
    return FIRTH_OK;
}

#define RESUMES_WITH(name_, tool_, version_, words_)                                                                   \
    TOOL_TEST(our_client_resumes_with_##name_, tool_)                                                                  \
    {                                                                                                                  \
        tool_plan plan = {.tool = tool_, .version = version_};                                                         \
                                                                                                                       \
        return resume_three_times(scope, &plan, words_);                                                               \
    }
RESUMES_WITH(openssl_in_tls_1_2, TOOL_OPENSSL, FIRTH_TLS_1_2, "Reused, ")
RESUMES_WITH(openssl_in_tls_1_3, TOOL_OPENSSL, FIRTH_TLS_1_3, "Reused, ")
RESUMES_WITH(gnutls_in_tls_1_2, TOOL_GNUTLS, FIRTH_TLS_1_2, NULL)
RESUMES_WITH(gnutls_in_tls_1_3, TOOL_GNUTLS, FIRTH_TLS_1_3, NULL)
RESUMES_WITH(mbedtls_in_tls_1_2, TOOL_MBEDTLS, FIRTH_TLS_1_2, NULL)
RESUMES_WITH(mbedtls_in_tls_1_3, TOOL_MBEDTLS, FIRTH_TLS_1_3, NULL)

TOOL_TEST(our_client_without_tickets_does_not_resume, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL};
    firth_tls_config *config;
    peer *server;
    ours side;
    int port;

    ours_client(&side);
    side.tls.session_tickets = false;
    EXPECT_EQUAL(firth_tls_build(&side.tls, &config), FIRTH_OK);
    EXPECT_EQUAL(tool_start_server(scope, &plan, &port, &server), FIRTH_OK);
    EXPECT_EQUAL(ask_once(scope, config, port, false, "Reused, "), FIRTH_OK);
    EXPECT_EQUAL(ask_once(scope, config, port, false, "Reused, "), FIRTH_OK);
    firth_tls_config_release(config);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_client_resumes_with_our_server_in_tls_1_2),
        cmocka_unit_test(openssl_client_resumes_with_our_server_in_tls_1_3),
        cmocka_unit_test(after_a_reload_old_tickets_are_not_taken),
        cmocka_unit_test(mbedtls_client_resumes_with_our_server_in_tls_1_2),
        cmocka_unit_test(mbedtls_client_resumes_with_our_server_in_tls_1_3),
        cmocka_unit_test(gnutls_client_resumes_with_our_server_in_tls_1_2),
        cmocka_unit_test(gnutls_client_resumes_with_our_server_in_tls_1_3),
        cmocka_unit_test(our_client_resumes_with_openssl_in_tls_1_2),
        cmocka_unit_test(our_client_resumes_with_openssl_in_tls_1_3),
        cmocka_unit_test(our_client_resumes_with_gnutls_in_tls_1_2),
        cmocka_unit_test(our_client_resumes_with_gnutls_in_tls_1_3),
        cmocka_unit_test(our_client_resumes_with_mbedtls_in_tls_1_2),
        cmocka_unit_test(our_client_resumes_with_mbedtls_in_tls_1_3),
        cmocka_unit_test(our_client_without_tickets_does_not_resume),
    };

    return support_main(argc, argv, "interop_resumption", tests, sizeof tests / sizeof tests[0]);
}
