/* SPDX-License-Identifier: Apache-2.0 */
/* Clients' certificates that are not accepted. */
#include "core/tls/mbedtls/verify.h"
#include "tests/support/support.h"
#include "tests/tls/expect.h"
#include "tests/tls/pki.h"

static pki keys;

static const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};

enum { VERSION_COUNT = sizeof versions / sizeof *versions };

/* In TLS 1.3 a client is done before the server has seen its certificate. */
static int client_outcome(const wire_pair *pair)
{
    return pair->client.result != FIRTH_OK ? pair->client.result : pair->client.read_result;
}

static void expect_client_refused(wire_pair *pair, const char *why, const char *alert)
{
    (void)wire_establish(pair, PKI_HOST);
    assert_int_equal(pair->server.result, FIRTH_ERR_TLS_CERTIFICATE);
    expect_text(pair->server.detail, why);
    assert_int_equal(client_outcome(pair), FIRTH_ERR_TLS_ALERT);
    assert_string_equal(pair->client.failure.step, alert);
}

static void a_clients_certificate_is_verified_whether_it_is_required_or_optional(void **state)
{
    certificate_wish unknown = {.subject = "CN=nobody"};
    certificate_wish old = {.subject = "CN=old", .issuer = keys.root, .not_after = "20210101000000"};
    certificate_wish server = {.subject = "CN=server", .issuer = keys.root, .purpose = "server"};
    enum { BAD_COUNT = 3 };
    certificate *bad[BAD_COUNT] = {certificate_make(&unknown), certificate_make(&old), certificate_make(&server)};
    static const char *const why[] = {"self-signed", "expired on 2021-01-01", "not for clients (extended key usage)"};
    static const char *const alerts[] = {"alert unknown_ca", "alert certificate_expired",
                                         "alert unsupported_certificate"};

    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++)
        for (int how = FIRTH_TLS_CLIENT_OPTIONAL; how <= FIRTH_TLS_CLIENT_REQUIRED; how++)
            for (size_t i = 0; i < BAD_COUNT; i++) {
                pki_setup setup;
                wire_pair *pair;

                pki_prepare(&setup, &keys, keys.ec, versions[v]);
                pki_prepare_client(&setup, &keys, (firth_tls_client_authentication)how);
                setup.client_identity = certificate_identity(bad[i]);
                pair = wire_open(&setup.client, &setup.server);
                expect_client_refused(pair, why[i], alerts[i]);
                wire_close(pair);
            }
    for (size_t i = 0; i < BAD_COUNT; i++)
        certificate_free(bad[i]);
}

/* In TLS 1.3 it should be certificate_required; mbedTLS 3.6 sends SSL 3.0's. */
static void a_required_certificate_that_is_missing_is_named(void **state)
{
    static const char *const alerts[] = {"alert handshake_failure", "alert no_certificate"};

    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        pki_setup setup;
        wire_pair *pair;

        pki_prepare(&setup, &keys, keys.ec, versions[v]);
        pki_prepare_client(&setup, &keys, FIRTH_TLS_CLIENT_REQUIRED);
        setup.client.identity_count = 0;
        pair = wire_open(&setup.client, &setup.server);
        expect_client_refused(pair, "the client showed no certificate", alerts[v]);
        wire_close(pair);
    }
}

static int setup_group(void **state)
{
    (void)state;
    pki_open(&keys);
    return 0;
}

static int teardown_group(void **state)
{
    (void)state;
    pki_close(&keys);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_clients_certificate_is_verified_whether_it_is_required_or_optional,
                                        setup_group, teardown_group),
        cmocka_unit_test_setup_teardown(a_required_certificate_that_is_missing_is_named, setup_group, teardown_group),
    };

    return support_main(argc, argv, "tls client certificate", tests, sizeof tests / sizeof *tests);
}
