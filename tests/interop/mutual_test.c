/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of clients: shown, missing and wrong, with programs of other people's in both roles. */
#include "tests/interop/ours.h"

typedef struct visit {
    tool tool;
    firth_tls_version version;
    const char *identity; /* the client's */
    const char *subject;  /* that the server reads in it; NULL: it is refused */
    const char *alert;    /* that the client hears then */
    const char *reason;   /* that is in the server's log */
} visit;

/* ---- our server --------------------------------------------------------------------------------------------------- */

static int listen_with(firth_scope *scope, firth_tls_client_authentication how, firth_server **server, int *port)
{
    ours side;

    ours_server(&side, "server-ecdsa");
    ours_trust(&side, "authorities");
    side.tls.client_authentication = how;
    return ours_listen(scope, &side, server, port);
}

static int serve_known(firth_server *server, const char *subject)
{
    const firth_tls_certificate *certificate;
    firth_socket *socket;
    firth_tls_info info;

    EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_tls_get_info(socket, &info), FIRTH_OK);
    EXPECT(info.has_peer_certificate);
    EXPECT_EQUAL(firth_tls_peer_certificate(socket, &certificate), FIRTH_OK);
    EXPECT(strstr(certificate->subject, subject) != NULL);
    return ours_answer(socket, "greetings by name");
}

static int visit_us(firth_scope *scope, void *argument)
{
    const visit *plan = argument;
    tool_plan client_plan = {.tool = plan->tool, .version = plan->version, .identity = plan->identity};
    firth_server *server;
    peer *client;
    int port;

    if (plan->tool == TOOL_OPENSSL)
        client_plan.more[0] = "-ign_eof";
    EXPECT_EQUAL(listen_with(scope, FIRTH_TLS_CLIENT_REQUIRED, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(tool_start_client(scope, &client_plan, port, &client), FIRTH_OK);
    if (plan->tool == TOOL_OPENSSL || plan->tool == TOOL_GNUTLS)
        EXPECT_EQUAL(peer_say(client, "GET / HTTP/1.0\r\n\r\n"), FIRTH_OK);
    if (plan->subject != NULL) {
        EXPECT_EQUAL(serve_known(server, plan->subject), FIRTH_OK);
        EXPECT_EQUAL(peer_await(client, "greetings by name"), FIRTH_OK);
        EXPECT_EQUAL(peer_wait(client), 0);
        return FIRTH_OK;
    }
    EXPECT_EQUAL(firth_spawn(scope, ours_accept_for_ever, server, NULL), FIRTH_OK);
    EXPECT_EQUAL(peer_await(client, plan->alert), FIRTH_OK);
    EXPECT(peer_wait(client) != 0);
    EXPECT(strstr(support_log_text(), plan->reason) != NULL);
    firth_scope_cancel(scope);
    return FIRTH_OK;
}

static void our_server_looks(void **state)
{
    const visit *plan = *state;

    tool_need(plan->tool);
    support_run(visit_us, *state);
}

/* Without one: RFC 5246 §7.4.6, RFC 8446 §4.4.2.4. */
#define V2 FIRTH_TLS_1_2
#define V3 FIRTH_TLS_1_3
#define VISITS(X)                                                                                                      \
    X(openssl_client_with_ecdsa_is_known_in_tls_1_2, OPENSSL, V2, "client-ecdsa", "CN=Ada Lovelace", "", "")           \
    X(openssl_client_with_ecdsa_is_known_in_tls_1_3, OPENSSL, V3, "client-ecdsa", "CN=Ada Lovelace", "", "")           \
    X(openssl_client_with_rsa_is_known_in_tls_1_2, OPENSSL, V2, "client-rsa", "CN=Grace Hopper", "", "")               \
    X(openssl_client_with_rsa_is_known_in_tls_1_3, OPENSSL, V3, "client-rsa", "CN=Grace Hopper", "", "")               \
    X(gnutls_client_with_ecdsa_is_known_in_tls_1_2, GNUTLS, V2, "client-ecdsa", "CN=Ada Lovelace", "", "")             \
    X(gnutls_client_with_rsa_is_known_in_tls_1_3, GNUTLS, V3, "client-rsa", "CN=Grace Hopper", "", "")                 \
    X(mbedtls_client_with_rsa_is_known_in_tls_1_2, MBEDTLS, V2, "client-rsa", "CN=Grace Hopper", "", "")               \
    X(mbedtls_client_with_ecdsa_is_known_in_tls_1_3, MBEDTLS, V3, "client-ecdsa", "CN=Ada Lovelace", "", "")           \
    X(curl_with_ecdsa_is_known_in_tls_1_2, CURL, V2, "client-ecdsa", "CN=Ada Lovelace", "", "")                        \
    X(curl_with_rsa_is_known_in_tls_1_3, CURL, V3, "client-rsa", "CN=Grace Hopper", "", "")                            \
    X(client_without_certificate_is_refused_in_tls_1_2, OPENSSL, V2, NULL, NULL, "alert handshake failure",            \
      "showed no certificate")                                                                                         \
    X(client_without_certificate_is_refused_in_tls_1_3, OPENSSL, V3, NULL, NULL, "alert certificate required",         \
      "showed no certificate")                                                                                         \
    X(client_of_an_unknown_authority_is_refused_in_tls_1_2, OPENSSL, V2, "client-unknown", NULL, "alert unknown ca",   \
      "unknown authority")                                                                                             \
    X(client_of_an_unknown_authority_is_refused_in_tls_1_3, OPENSSL, V3, "client-unknown", NULL, "alert unknown ca",   \
      "unknown authority")                                                                                             \
    X(client_that_expired_is_refused, OPENSSL, V3, "client-expired", NULL, "alert certificate expired", "expired")     \
    X(client_with_a_certificate_for_servers_is_refused, OPENSSL, V3, "server-p384", NULL, "alert ", "not for clients")

#define VISIT_OF(name_, tool_, ...) {TOOL_##tool_, __VA_ARGS__},
static visit visits[] = {VISITS(VISIT_OF)};

enum {
#define VISIT_NUMBER(name_, ...) VISIT_##name_,
    VISITS(VISIT_NUMBER) VISIT_COUNT
};

#define VISIT_TEST(name_, ...) {.name = #name_, .test_func = our_server_looks, .initial_state = &visits[VISIT_##name_]},

TOOL_TEST(optional_takes_a_client_with_a_certificate_and_one_without, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .more = {"-quiet"}};
    firth_server *server;
    firth_socket *socket;
    firth_tls_info info;
    peer *clients[2];
    int port;

    EXPECT_EQUAL(listen_with(scope, FIRTH_TLS_CLIENT_OPTIONAL, &server, &port), FIRTH_OK);
    for (int i = 0; i < 2; i++) {
        plan.identity = i == 0 ? NULL : "client-ecdsa";
        EXPECT_EQUAL(tool_start_client(scope, &plan, port, &clients[i]), FIRTH_OK);
        EXPECT_EQUAL(peer_say(clients[i], "GET / HTTP/1.0\r\n\r\n"), FIRTH_OK);
        EXPECT_EQUAL(firth_accept(server, &socket), FIRTH_OK);
        EXPECT_EQUAL(firth_tls_get_info(socket, &info), FIRTH_OK);
        EXPECT_EQUAL(info.has_peer_certificate, i == 1);
        EXPECT_EQUAL(ours_answer(socket, "greetings"), FIRTH_OK);
        EXPECT_EQUAL(peer_wait(clients[i]), 0);
    }
    return FIRTH_OK;
}

/* One that is shown must be good. */
TOOL_TEST(optional_refuses_a_client_with_a_bad_certificate, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .identity = "client-unknown", .more = {"-ign_eof"}};
    firth_server *server;
    peer *client;
    int port;

    EXPECT_EQUAL(listen_with(scope, FIRTH_TLS_CLIENT_OPTIONAL, &server, &port), FIRTH_OK);
    EXPECT_EQUAL(firth_spawn(scope, ours_accept_for_ever, server, NULL), FIRTH_OK);
    EXPECT_EQUAL(tool_start_client(scope, &plan, port, &client), FIRTH_OK);
    EXPECT_EQUAL(peer_await(client, "alert unknown ca"), FIRTH_OK);
    EXPECT(peer_wait(client) != 0);
    firth_scope_cancel(scope);
    return FIRTH_OK;
}

/* ---- our client --------------------------------------------------------------------------------------------------- */

typedef struct showing {
    tool tool;
    firth_tls_version version;
    const char *identity; /* ours */
    bool is_accepted;
} showing;

/* TLS 1.3 leaves a client that its server does not want in the belief that all is well, until it reads. */
static int show(firth_scope *scope, void *argument)
{
    const showing *plan = argument;
    tool_plan server_plan = {.tool = plan->tool, .version = plan->version, .wants_certificate = true};
    char page[16 * 1024];
    firth_socket *socket;
    peer *server;
    ours side;
    int port, rc;

    ours_client(&side);
    if (plan->identity != NULL)
        ours_add_identity(&side, plan->identity);
    EXPECT_EQUAL(tool_start_server(scope, &server_plan, &port, &server), FIRTH_OK);
    rc = ours_connect_once(scope, &side, port, &socket);
    if (plan->version == FIRTH_TLS_1_3 || plan->is_accepted)
        EXPECT_EQUAL(rc, FIRTH_OK);
    if (rc >= 0)
        rc = ours_ask(socket, page, sizeof page);
    EXPECT_EQUAL(rc, plan->is_accepted ? FIRTH_OK : FIRTH_ERR_TLS_ALERT);
    return FIRTH_OK;
}

static void our_client_shows(void **state)
{
    const showing *plan = *state;

    tool_need(plan->tool);
    support_run(show, *state);
}

#define SHOWINGS(X)                                                                                                    \
    X(our_client_with_ecdsa_is_known_to_openssl_in_tls_1_2, OPENSSL, V2, "client-ecdsa", true)                         \
    X(our_client_with_ecdsa_is_known_to_openssl_in_tls_1_3, OPENSSL, V3, "client-ecdsa", true)                         \
    X(our_client_with_rsa_is_known_to_openssl_in_tls_1_2, OPENSSL, V2, "client-rsa", true)                             \
    X(our_client_with_rsa_is_known_to_openssl_in_tls_1_3, OPENSSL, V3, "client-rsa", true)                             \
    X(our_client_with_rsa_is_known_to_gnutls_in_tls_1_2, GNUTLS, V2, "client-rsa", true)                               \
    X(our_client_with_ecdsa_is_known_to_gnutls_in_tls_1_3, GNUTLS, V3, "client-ecdsa", true)                           \
    X(our_client_with_ecdsa_is_known_to_mbedtls_in_tls_1_2, MBEDTLS, V2, "client-ecdsa", true)                         \
    X(our_client_with_rsa_is_known_to_mbedtls_in_tls_1_3, MBEDTLS, V3, "client-rsa", true)                             \
    X(our_client_without_certificate_hears_the_alert_of_openssl_in_tls_1_2, OPENSSL, V2, NULL, false)                  \
    X(our_client_without_certificate_hears_the_alert_of_openssl_in_tls_1_3, OPENSSL, V3, NULL, false)                  \
    X(our_client_of_an_unknown_authority_hears_the_alert_of_openssl_in_tls_1_2, OPENSSL, V2, "client-unknown", false)  \
    X(our_client_of_an_unknown_authority_hears_the_alert_of_openssl_in_tls_1_3, OPENSSL, V3, "client-unknown", false)  \
    X(our_client_without_certificate_hears_the_alert_of_gnutls_in_tls_1_3, GNUTLS, V3, NULL, false)

#define SHOWING_OF(name_, tool_, ...) {TOOL_##tool_, __VA_ARGS__},
static showing showings[] = {SHOWINGS(SHOWING_OF)};

enum {
#define SHOWING_NUMBER(name_, ...) SHOWING_##name_,
    SHOWINGS(SHOWING_NUMBER) SHOWING_COUNT
};

#define SHOWING_TEST(name_, ...)                                                                                       \
    {.name = #name_, .test_func = our_client_shows, .initial_state = &showings[SHOWING_##name_]},

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        VISITS(VISIT_TEST) SHOWINGS(SHOWING_TEST)
            cmocka_unit_test(optional_takes_a_client_with_a_certificate_and_one_without),
        cmocka_unit_test(optional_refuses_a_client_with_a_bad_certificate),
    };

    return support_main(argc, argv, "interop_mutual", tests, sizeof tests / sizeof tests[0]);
}
