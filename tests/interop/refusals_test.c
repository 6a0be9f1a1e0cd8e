/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that our client must refuse, shown by servers of OpenSSL's: the code, the reason in words, and the alert
 * that the server hears. */
#include "tests/interop/ours.h"

#include <stdio.h>

typedef struct refusal {
    const char *identity;
    const char *host;    /* that the client wants; NULL: server.example.com */
    const char *revoked; /* a list of what is revoked; NULL: none */
    const char *reason;  /* in the failure's detail; NULL: it is accepted */
    const char *alert;   /* in what OpenSSL says */
} refusal;

static int expect_words(const char *words)
{
    char detail[512];

    snprintf(detail, sizeof detail, "%s", firth_last_failure()->detail);
    if (strstr(detail, words) == NULL) {
        fprintf(stderr, "expected \"%s\" in \"%s\"\n", words, detail);
        return FIRTH_ERR_USER;
    }
    return FIRTH_OK;
}

static int connect_to(firth_scope *scope, const refusal *bad, firth_tls_version version, int port,
                      firth_socket **socket)
{
    ours side;

    ours_client(&side);
    ours_only(&side, version);
    if (bad->host != NULL)
        side.tls.server_name = bad->host;
    if (bad->revoked != NULL)
        ours_revoke(&side, bad->revoked);
    return ours_connect_once(scope, &side, port, socket);
}

static int refuse_in(firth_scope *scope, const refusal *bad, firth_tls_version version)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .identity = bad->identity};
    firth_socket *socket;
    peer *server;
    int port;

    EXPECT_EQUAL(tool_start_server(scope, &plan, &port, &server), FIRTH_OK);
    if (bad->reason != NULL) {
        EXPECT_EQUAL(connect_to(scope, bad, version, port, &socket), FIRTH_ERR_TLS_CERTIFICATE);
        EXPECT(socket == NULL);
        EXPECT_EQUAL(expect_words(bad->reason), FIRTH_OK);
        EXPECT_EQUAL(peer_await(server, bad->alert), FIRTH_OK);
    } else {
        EXPECT_EQUAL(connect_to(scope, bad, version, port, &socket), FIRTH_OK);
    }
    return FIRTH_OK;
}

static int refuse_body(firth_scope *scope, void *argument)
{
    EXPECT_EQUAL(refuse_in(scope, argument, FIRTH_TLS_1_2), FIRTH_OK);
    return refuse_in(scope, argument, FIRTH_TLS_1_3);
}

static void certificate_is_refused(void **state)
{
    tool_need(TOOL_OPENSSL);
    support_run(refuse_body, *state);
}

#define NAME_IS_WRONG "the host is", "alert bad certificate"
#define CASES(X)                                                                                                       \
    X(certificate_that_expired_is_refused, "expired", NULL, NULL, "expired on", "alert certificate expired")           \
    X(certificate_that_is_not_valid_yet_is_refused, "not-yet-valid", NULL, NULL, "not valid before",                   \
      "alert certificate expired")                                                                                     \
    X(certificate_signed_by_itself_is_refused, "self-signed", NULL, NULL, "self-signed", "alert unknown ca")           \
    X(certificate_of_an_unknown_authority_is_refused, "unknown", NULL, NULL, "unknown authority", "alert unknown ca")  \
    X(certificate_without_its_intermediate_is_refused, "no-intermediate", NULL, NULL, "unknown authority",             \
      "alert unknown ca")                                                                                              \
    X(certificate_for_clients_is_refused, "wrong-usage", NULL, NULL, "not for servers",                                \
      "alert unsupported certificate")                                                                                 \
    X(certificate_of_another_host_is_refused, "other-host", NULL, NULL, NAME_IS_WRONG)                                 \
    X(certificate_without_alternative_names_is_refused, "no-san", NULL, NULL, NAME_IS_WRONG)                           \
    X(wildcard_of_a_whole_domain_is_refused, "wildcard-com", "example.com", NULL, NAME_IS_WRONG)                       \
    X(wildcard_alone_is_refused, "wildcard-all", NULL, NULL, NAME_IS_WRONG)                                            \
    X(wildcard_inside_a_label_is_refused, "wildcard-part", NULL, NULL, NAME_IS_WRONG)                                  \
    X(wildcard_of_two_labels_is_refused, "wildcard-twice", "a.b.example.com", NULL, NAME_IS_WRONG)                     \
    X(wildcard_is_one_label, "wildcard", NULL, NULL, NULL, NULL)                                                       \
    X(wildcard_is_not_two_labels, "wildcard", "a.b.example.com", NULL, NAME_IS_WRONG)                                  \
    X(wildcard_is_not_none, "wildcard", "example.com", NULL, NAME_IS_WRONG)                                            \
    X(case_of_a_name_does_not_matter, "server-ecdsa", "SERVER.Example.COM", NULL, NULL, NULL)                          \
    X(dot_at_the_end_of_a_name_does_not_matter, "server-ecdsa", "server.example.com.", NULL, NULL, NULL)               \
    X(address_in_the_certificate_is_accepted, "ip-only", "127.0.0.1", NULL, NULL, NULL)                                \
    X(address_of_ipv6_in_the_certificate_is_accepted, "server-ecdsa", "::1", NULL, NULL, NULL)                         \
    X(address_that_is_not_in_the_certificate_is_refused, "ip-only", "127.0.0.2", NULL, NAME_IS_WRONG)                  \
    X(address_is_not_a_name, "wildcard-all", "127.0.0.1", NULL, NAME_IS_WRONG)                                         \
    X(certificate_that_was_revoked_is_refused, "revoked", NULL, "crl", "revoked", "alert certificate revoked")         \
    X(certificate_that_is_not_in_the_list_is_accepted, "server-p384", NULL, "crl", NULL, NULL)                         \
    X(without_a_list_nothing_is_revoked, "revoked", NULL, NULL, NULL, NULL)                                            \
    X(list_that_expired_refuses, "server-p384", NULL, "crl-expired", "out of date", "alert certificate unknown")

#define CASE_OF(name_, identity_, ...) {identity_, __VA_ARGS__},
static refusal cases[] = {CASES(CASE_OF)};

enum {
#define NUMBER_OF(name_, ...) CASE_##name_,
    CASES(NUMBER_OF) CASE_COUNT
};

#define TEST_OF(name_, ...)                                                                                            \
    {.name = #name_, .test_func = certificate_is_refused, .initial_state = &cases[CASE_##name_]},

/* ---- what is not a matter of the chain ---------------------------------------------------------------------------- */

/* mbedTLS cannot read such a key; the error says so, and is no crash. */
TOOL_TEST(certificate_with_a_key_of_rsa_pss_is_refused, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .identity = "server-pss-key"};
    firth_socket *socket;
    peer *server;
    ours side;
    int port, rc;

    ours_client(&side);
    EXPECT_EQUAL(tool_start_server(scope, &plan, &port, &server), FIRTH_OK);
    rc = ours_connect_once(scope, &side, port, &socket);
    EXPECT(rc == FIRTH_ERR_TLS_ALERT || rc == FIRTH_ERR_TLS_CERTIFICATE || rc == FIRTH_ERR_TLS_HANDSHAKE);
    EXPECT(socket == NULL);
    return FIRTH_OK;
}

TOOL_TEST(client_without_a_name_does_not_begin, TOOL_OPENSSL)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    const firth_address *address;
    firth_tls_config *config;
    firth_server *server;
    firth_socket *socket;
    ours side;

    ours_client(&side);
    side.tls.server_name = NULL;
    EXPECT_EQUAL(firth_tls_build(&side.tls, &config), FIRTH_OK);
    EXPECT_EQUAL(firth_tcp_bind(&tcp, "127.0.0.1", 0, &server), FIRTH_OK);
    firth_scope_own_server(scope, server);
    address = firth_server_address(server);
    tcp.tls = config;
    EXPECT_EQUAL(firth_tcp_connect_any(&tcp, address, 1, &socket), FIRTH_ERR_TLS_NO_NAME);
    EXPECT(socket == NULL);
    firth_tls_config_release(config);
    return FIRTH_OK;
}

/* Any certificate, with nothing to verify it by. */
static void take_any(ours *side)
{
    side->tls.trust = FIRTH_TLS_TRUST_SYSTEM;
    side->tls.authority_count = 0;
    side->tls.insecure_any_certificate = true;
}

/* The switches that say "insecure" do what they say, and no more. */
TOOL_TEST(insecure_any_name_still_wants_a_known_authority, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .identity = "other-host"};
    firth_socket *socket;
    peer *servers[2];
    ours side;
    int port;

    ours_client(&side);
    side.tls.insecure_any_name = true;
    EXPECT_EQUAL(tool_start_server(scope, &plan, &port, &servers[0]), FIRTH_OK);
    EXPECT_EQUAL(ours_connect_once(scope, &side, port, &socket), FIRTH_OK);
    plan.identity = "unknown";
    EXPECT_EQUAL(tool_start_server(scope, &plan, &port, &servers[1]), FIRTH_OK);
    EXPECT_EQUAL(ours_connect_once(scope, &side, port, &socket), FIRTH_ERR_TLS_CERTIFICATE);
    side.tls.insecure_any_name = false;
    take_any(&side);
    EXPECT_EQUAL(ours_connect_once(scope, &side, port, &socket), FIRTH_OK);
    return FIRTH_OK;
}

static int connect_with_pin(firth_scope *scope, firth_tls_trust trust, const firth_tls_pin *pin, int port)
{
    firth_socket *socket;
    ours side;
    int rc;

    ours_client(&side);
    if (trust == FIRTH_TLS_TRUST_PINS)
        side.tls.authority_count = 0;
    side.tls.trust = trust;
    side.tls.pins = pin;
    side.tls.pin_count = 1;
    rc = ours_connect_once(scope, &side, port, &socket);
    return rc < 0 ? rc : firth_socket_close(socket);
}

TOOL_TEST(pins_of_certificate_and_key_are_kept_to, TOOL_OPENSSL)
{
    tool_plan plan = {.tool = TOOL_OPENSSL, .identity = "self-signed"};
    firth_tls_pin certificate = {.is_public_key = false}, key = {.is_public_key = true},
                  wrong = {.is_public_key = true};
    const firth_tls_certificate *shown;
    firth_socket *socket;
    peer *server;
    ours side;
    int port;

    ours_client(&side);
    take_any(&side);
    EXPECT_EQUAL(tool_start_server(scope, &plan, &port, &server), FIRTH_OK);
    EXPECT_EQUAL(ours_connect_once(scope, &side, port, &socket), FIRTH_OK);
    EXPECT_EQUAL(firth_tls_peer_certificate(socket, &shown), FIRTH_OK);
    memcpy(certificate.sha256, shown->sha256, 32);
    memcpy(key.sha256, shown->public_key_sha256, 32);
    EXPECT_EQUAL(firth_socket_close(socket), FIRTH_OK);

    EXPECT_EQUAL(connect_with_pin(scope, FIRTH_TLS_TRUST_PINS, &certificate, port), FIRTH_OK);
    EXPECT_EQUAL(connect_with_pin(scope, FIRTH_TLS_TRUST_PINS, &key, port), FIRTH_OK);
    EXPECT_EQUAL(connect_with_pin(scope, FIRTH_TLS_TRUST_PINS, &wrong, port), FIRTH_ERR_TLS_CERTIFICATE);
    EXPECT_EQUAL(expect_words("pin"), FIRTH_OK);
    EXPECT_EQUAL(connect_with_pin(scope, FIRTH_TLS_TRUST_AUTHORITIES, &key, port), FIRTH_ERR_TLS_CERTIFICATE);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASES(TEST_OF) cmocka_unit_test(certificate_with_a_key_of_rsa_pss_is_refused),
        cmocka_unit_test(client_without_a_name_does_not_begin),
        cmocka_unit_test(insecure_any_name_still_wants_a_known_authority),
        cmocka_unit_test(pins_of_certificate_and_key_are_kept_to),
    };

    return support_main(argc, argv, "interop_refusals", tests, sizeof tests / sizeof tests[0]);
}
