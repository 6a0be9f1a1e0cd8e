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

/* RFC 5246 §7.4.6, RFC 8446 §4.4.2.4. */
static const char *const alerts_of_none[] = {"alert handshake_failure", "alert certificate_required"};

static void a_required_certificate_that_is_missing_is_named(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        pki_setup setup;
        wire_pair *pair;

        pki_prepare(&setup, &keys, keys.ec, versions[v]);
        pki_prepare_client(&setup, &keys, FIRTH_TLS_CLIENT_REQUIRED);
        setup.client.identity_count = 0;
        pair = wire_open(&setup.client, &setup.server);
        expect_client_refused(pair, "the client showed no certificate", alerts_of_none[v]);
        wire_close(pair);
    }
}

static wire_pair *open_without_certificate(firth_tls_version version, firth_tls_client_authentication how)
{
    pki_setup setup;

    pki_prepare(&setup, &keys, keys.ec, version);
    if (how != FIRTH_TLS_CLIENT_NONE)
        pki_prepare_client(&setup, &keys, how);
    setup.client.identity_count = 0;
    return wire_open(&setup.client, &setup.server);
}

/* An option that mbedTLS alone would not look at again: what the ticket says is all it asks for. */
static void let_server_require(wire_pair *pair)
{
    pair->server.context->client_authentication = FIRTH_TLS_CLIENT_REQUIRED;
    mbedtls_ssl_conf_authmode(&pair->server.context->config, MBEDTLS_SSL_VERIFY_REQUIRED);
}

/* No ticket gets a client in that showed no certificate for it. */
static void a_session_without_certificate_is_not_resumed_where_one_is_required(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++)
        for (int how = FIRTH_TLS_CLIENT_NONE; how <= FIRTH_TLS_CLIENT_OPTIONAL; how++) {
            wire_pair *pair = open_without_certificate(versions[v], (firth_tls_client_authentication)how);
            firth_tls_info info;

            for (int turn = 0; turn < 2; turn++) { /* such a server does resume it */
                expect_accepted(pair, PKI_HOST);
                fth_tls_mbedtls_facts.info(pair->server.session, &info);
                assert_int_equal(info.is_resumed,
                                 turn == 1 && (versions[v] == FIRTH_TLS_1_2 || how == FIRTH_TLS_CLIENT_NONE));
            }
            let_server_require(pair);
            expect_client_refused(pair, "the client showed no certificate", alerts_of_none[v]);
            assert_int_equal(pair->server.session->is_established, false);
            expect_client_refused(pair, "the client showed no certificate", alerts_of_none[v]);
            wire_close(pair);
        }
}

/* Another configuration has other keys for tickets. */
static void a_ticket_of_a_server_that_does_not_ask_is_nothing_to_one_that_does(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        wire_pair *pair = open_without_certificate(versions[v], FIRTH_TLS_CLIENT_NONE);
        wire_pair *other = open_without_certificate(versions[v], FIRTH_TLS_CLIENT_REQUIRED);
        fth_tls_context *asks_nothing = pair->server.context;

        expect_accepted(pair, PKI_HOST);
        pair->server.context = other->server.context;
        expect_client_refused(pair, "the client showed no certificate", alerts_of_none[v]);
        pair->server.context = asks_nothing;
        wire_close(pair);
        wire_close(other);
    }
}

static size_t find_key(void *argument, const char *identity, unsigned char *key, size_t capacity)
{
    (void)argument;
    if (strcmp(identity, "alice") != 0 || capacity < 16)
        return 0;
    memset(key, 7, 16);
    return 16;
}

/* A pre-shared key stands for a certificate; the name of one stands for nothing. */
static void a_shared_key_is_proved_or_a_certificate_is_shown(void **state)
{
    static const unsigned char right[16] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7}, wrong[16] = {8};

    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++)
        for (int has_key = 0; has_key < 3; has_key++) {
            pki_setup setup;
            wire_pair *pair;

            pki_prepare(&setup, &keys, keys.ec, versions[v]);
            pki_prepare_client(&setup, &keys, FIRTH_TLS_CLIENT_REQUIRED);
            setup.client.identity_count = 0;
            setup.server.psk_find = find_key;
            if (has_key > 0) {
                setup.client.psk_identity = "alice";
                setup.client.psk = has_key == 1 ? wrong : right;
                setup.client.psk_size = sizeof right;
            }
            pair = wire_open(&setup.client, &setup.server);
            if (has_key == 2)
                expect_accepted(pair, PKI_HOST);
            else
                assert_true(wire_establish(pair, PKI_HOST) < 0 && pair->server.result < 0);
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
        cmocka_unit_test_setup_teardown(a_session_without_certificate_is_not_resumed_where_one_is_required, setup_group,
                                        teardown_group),
        cmocka_unit_test_setup_teardown(a_ticket_of_a_server_that_does_not_ask_is_nothing_to_one_that_does, setup_group,
                                        teardown_group),
        cmocka_unit_test_setup_teardown(a_shared_key_is_proved_or_a_certificate_is_shown, setup_group, teardown_group),
    };

    return support_main(argc, argv, "tls client certificate", tests, sizeof tests / sizeof *tests);
}
