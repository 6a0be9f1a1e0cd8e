/* SPDX-License-Identifier: Apache-2.0 */
/* What is agreed on: versions, suites, protocols; and that nothing unsafe can be asked for. */
#include "tests/support/support.h"
#include "tests/tls/pki.h"
#include "tests/tls/scratch.h"
#include "tests/tls/wire.h"

static pki certificates;

static firth_tls_info agreed(const pki_setup *setup)
{
    wire_pair *pair = wire_open(&setup->client, &setup->server);
    const int rc = wire_establish(pair, PKI_HOST);
    static char alpn[32];
    firth_tls_info info = {.cipher_suite = 0, .alpn = ""};

    if (rc == FIRTH_OK)
        fth_tls_mbedtls_facts.info(pair->client.session, &info);
    (void)snprintf(alpn, sizeof alpn, "%s", info.alpn);
    info.alpn = alpn;
    wire_close(pair);
    return info;
}

static void the_newest_version_and_the_fastest_suite_are_agreed_on(void **state)
{
    pki_setup setup;
    firth_tls_info info;

    (void)state;
    pki_prepare(&setup, &certificates, certificates.ec, 0);
    info = agreed(&setup);
    assert_int_equal(info.version, FIRTH_TLS_1_3);
    assert_int_equal(info.cipher_suite, 0x1303);
    setup.server.max_version = FIRTH_TLS_1_2;
    info = agreed(&setup);
    assert_int_equal(info.version, FIRTH_TLS_1_2);
    assert_int_equal(info.cipher_suite, 0xCCA9);
    setup.identity = certificate_identity(certificates.rsa);
    assert_int_equal(agreed(&setup).cipher_suite, 0xCCA8);
    setup.client.min_version = FIRTH_TLS_1_3;
    assert_int_equal(agreed(&setup).cipher_suite, 0);
}

/* Of TLS 1.2 a certificate's curve must be among the groups that a client offers. */
static void certificates_on_each_curve_serve_both_sides_of_both_versions(void **state)
{
    static const certificate_key curves[] = {KEY_P256, KEY_P384, KEY_P521};
    static const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};

    (void)state;
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        const certificate_wish wish = {
            .subject = "CN=a", .names = "DNS:" PKI_HOST, .key = curves[i], .issuer = certificates.root};
        certificate *one = certificate_make(&wish);

        for (size_t k = 0; k < 2; k++) {
            pki_setup setup;

            pki_prepare(&setup, &certificates, one, versions[k]);
            assert_int_equal(agreed(&setup).version, versions[k]);
            pki_prepare(&setup, &certificates, certificates.ec, versions[k]);
            pki_prepare_client(&setup, &certificates, FIRTH_TLS_CLIENT_REQUIRED);
            setup.client_identity = certificate_identity(one);
            assert_int_equal(agreed(&setup).version, versions[k]);
        }
        certificate_free(one);
    }
}

static void each_safe_suite_can_be_asked_for_alone(void **state)
{
    static const struct {
        uint16_t number;
        firth_tls_version version;
        bool is_rsa;
    } suites[] = {
        {0x1301, FIRTH_TLS_1_3, false}, {0x1302, FIRTH_TLS_1_3, false}, {0x1303, FIRTH_TLS_1_3, false},
        {0xC02B, FIRTH_TLS_1_2, false}, {0xC02C, FIRTH_TLS_1_2, false}, {0xCCA9, FIRTH_TLS_1_2, false},
        {0xC02F, FIRTH_TLS_1_2, true},  {0xC030, FIRTH_TLS_1_2, true},  {0xCCA8, FIRTH_TLS_1_2, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        pki_setup setup;
        firth_tls_info info;

        pki_prepare(&setup, &certificates, suites[i].is_rsa ? certificates.rsa : certificates.ec, 0);
        setup.client.cipher_suites = &suites[i].number;
        setup.client.cipher_suite_count = 1;
        info = agreed(&setup); /* the version without a suite is not offered */
        assert_int_equal(info.cipher_suite, suites[i].number);
        assert_int_equal(info.version, suites[i].version);
    }
}

/* In TLS 1.3 mbedTLS goes by the client's order among what the server's list allows. */
static void a_servers_list_limits_and_in_tls_1_2_orders(void **state)
{
    static const uint16_t list[] = {0x1302, 0x1301, 0xC02C, 0xC02B};
    pki_setup setup;

    (void)state;
    pki_prepare(&setup, &certificates, certificates.ec, 0);
    setup.server.cipher_suites = list;
    setup.server.cipher_suite_count = 4;
    assert_int_equal(agreed(&setup).cipher_suite, 0x1301);
    setup.client.max_version = FIRTH_TLS_1_2;
    assert_int_equal(agreed(&setup).cipher_suite, 0xC02C);
}

/* CBC, static RSA, plain DHE, short tags, no encryption, a number that is none, and one of a version long gone. */
static void a_suite_that_is_not_safe_or_not_known_is_named(void **state)
{
    static const struct {
        uint16_t number;
        const char *words;
    } suites[] = {
        {0xC023, "0xC023 TLS-ECDHE-ECDSA-WITH-AES-128-CBC-SHA256: without forward secrecy or authenticated encryption"},
        {0x009C, "0x009C TLS-RSA-WITH-AES-128-GCM-SHA256: without forward secrecy"},
        {0xC0AE, "0xC0AE TLS-ECDHE-ECDSA-WITH-AES-128-CCM-8"},
        {0x1305, "0x1305 TLS1-3-AES-128-CCM-8-SHA256"},
        {0xC006, "0xC006"},
        {0x0005, "0x0005: not a suite that mbedTLS has"},
        {0x1399, "0x1399: not a suite that mbedTLS has"},
        {0x0000, "0x0000: not a suite that mbedTLS has"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        const uint16_t list[] = {0x1301, suites[i].number};
        pki_setup setup;

        pki_prepare(&setup, &certificates, certificates.ec, 0);
        setup.client.cipher_suites = list;
        setup.client.cipher_suite_count = 2;
        assert_true(context_refused(&setup.client, FIRTH_ERR_ARGUMENT, suites[i].words, NULL));
        assert_string_equal(firth_last_failure()->step, "option cipher_suites");
    }
}

static void suites_of_no_version_that_is_wanted_are_refused(void **state)
{
    static const uint16_t suite = 0xC02B, for_keys = 0xCCAC;
    pki_setup setup;

    (void)state;
    pki_prepare(&setup, &certificates, certificates.ec, FIRTH_TLS_1_3);
    setup.client.cipher_suites = &suite;
    setup.client.cipher_suite_count = 1;
    assert_true(context_refused(&setup.client, FIRTH_ERR_ARGUMENT, "none for the versions", NULL));
    pki_prepare(&setup, &certificates, certificates.ec, FIRTH_TLS_1_2);
    setup.client.cipher_suites = &for_keys;
    setup.client.cipher_suite_count = 1;
    assert_true(context_refused(&setup.client, FIRTH_ERR_ARGUMENT, "none for the versions", NULL));
}

static void a_protocol_is_agreed_on_in_the_servers_order(void **state)
{
    static const char *const servers[] = {"h2", "http/1.1"}, *const clients[] = {"http/1.1", "h2", "x"};
    static const char *const others[] = {"mqtt"};
    pki_setup setup;

    (void)state;
    pki_prepare(&setup, &certificates, certificates.ec, 0);
    setup.server.alpn = servers;
    setup.server.alpn_count = 2;
    assert_string_equal(agreed(&setup).alpn, "");
    setup.client.alpn = clients;
    setup.client.alpn_count = 3;
    assert_string_equal(agreed(&setup).alpn, "h2");
    setup.client.alpn_count = 1;
    assert_string_equal(agreed(&setup).alpn, "http/1.1");
    setup.client.alpn = others;
    assert_int_equal(agreed(&setup).cipher_suite, 0); /* no protocol in common: it fails */
    setup.server.alpn_count = 0;
    assert_string_equal(agreed(&setup).alpn, "");
    assert_int_equal(agreed(&setup).cipher_suite, 0x1303);
}

/* The lists of the builder are the caller's, who may be gone when the first connection comes. */
static void what_the_builder_points_to_is_only_read_while_it_builds(void **state)
{
    char protocol[] = "h2", name[] = PKI_HOST;
    const char *list[] = {protocol};
    uint16_t suite = 0x1301;
    firth_tls_info info;
    pki_setup setup;
    wire_pair *pair;

    (void)state;
    pki_prepare(&setup, &certificates, certificates.ec, 0);
    setup.client.alpn = setup.server.alpn = list;
    setup.client.alpn_count = setup.server.alpn_count = 1;
    setup.client.cipher_suites = &suite;
    setup.client.cipher_suite_count = 1;
    setup.client.server_name = name;
    pair = wire_open(&setup.client, &setup.server);
    memset(protocol, 'x', 2);
    memset(name, 'x', 3);
    list[0] = NULL;
    suite = 0;
    memset(&setup, 0xAA, sizeof setup);
    assert_int_equal(wire_establish(pair, NULL), FIRTH_OK);
    fth_tls_mbedtls_facts.info(pair->client.session, &info);
    assert_string_equal(info.alpn, "h2");
    assert_int_equal(info.cipher_suite, 0x1301);
    assert_string_equal(info.server_name, PKI_HOST);
    wire_close(pair);
}

/* Groups in the ClientHello's supported_groups: x25519, P-256, P-384, P-521 and no other; no SHA-1 among the signatures. */
static void a_client_offers_no_weak_group_or_signature(void **state)
{
    static const unsigned char groups[] = {0, 10, 0, 10, 0, 8, 0, 0x1D, 0, 0x17, 0, 0x18, 0, 0x19};
    static const unsigned char signatures[] = {0, 13, 0, 20, 0, 18};
    size_t found = 0;
    pki_setup setup;
    wire_pair *pair;

    (void)state;
    pki_prepare(&setup, &certificates, certificates.ec, 0);
    pair = wire_open(&setup.client, &setup.server);
    assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
    assert_int_equal(fth_tls_mbedtls.handshake(pair->client.session), FTH_TLS_WANT_READ);
    for (size_t i = 0; i + 24 < pair->to_server.written; i++) {
        const unsigned char *at = pair->to_server.bytes + i;

        found |= memcmp(at, groups, sizeof groups) == 0 ? 1u : 0;
        if (memcmp(at, signatures, sizeof signatures) == 0) {
            found |= 2;
            for (size_t j = 0; j < 18; j += 2)
                assert_int_not_equal(at[6 + j], 2); /* SHA-1 */
        }
    }
    assert_int_equal(found, 3);
    wire_close(pair);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_version_and_the_fastest_suite_are_agreed_on),
        cmocka_unit_test(certificates_on_each_curve_serve_both_sides_of_both_versions),
        cmocka_unit_test(each_safe_suite_can_be_asked_for_alone),
        cmocka_unit_test(a_servers_list_limits_and_in_tls_1_2_orders),
        cmocka_unit_test(a_suite_that_is_not_safe_or_not_known_is_named),
        cmocka_unit_test(suites_of_no_version_that_is_wanted_are_refused),
        cmocka_unit_test(a_protocol_is_agreed_on_in_the_servers_order),
        cmocka_unit_test(what_the_builder_points_to_is_only_read_while_it_builds),
        cmocka_unit_test(a_client_offers_no_weak_group_or_signature),
    };
    int result;

    pki_open(&certificates);
    result = support_main(argc, argv, "tls_versions", tests, sizeof tests / sizeof *tests);
    pki_close(&certificates);
    return result;
}
