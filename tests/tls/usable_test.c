/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates whose keys no handshake could use are refused when a configuration is built, and no others. */
#include "tests/support/skip.h"
#include "tests/support/support.h"
#include "tests/tls/identity.h"
#include "tests/tls/pki.h"
#include "tests/tls/scratch.h"
#include "tests/tls/wire.h"
#include <mbedtls/ecp.h>

enum { ECDSA_SUITE = 0xC02B, RSA_SUITE = 0xC02F, SUITE_OF_1_3 = 0x1301 };

static pki certificates;

static certificate *make(certificate_key key)
{
    const certificate_wish wish = {
        .subject = "CN=a", .names = "DNS:" PKI_HOST, .key = key, .issuer = certificates.root};

    return certificate_make(&wish);
}

static bool is_built(const firth_tls_builder *tls)
{
    fth_tls_context *context = context_of(tls);

    if (context != NULL)
        fth_tls_mbedtls.context_free(context);
    return context != NULL;
}

static bool is_refused(const firth_tls_builder *tls, const char *file, const char *words)
{
    return context_refused(tls, FIRTH_ERR_TLS_CONFIG, file, words) &&
           strcmp(firth_last_failure()->step, "option identities") == 0;
}

/* ---- RSA --------------------------------------------------------------------------------------------------------- */

static void an_rsa_key_of_fewer_than_2048_bits_is_refused(void **state)
{
    certificate *one = make(KEY_RSA_1024);
    firth_tls_identity identity = certificate_identity(one);

    (void)state;
    for (int role = FIRTH_TLS_CLIENT; role <= FIRTH_TLS_SERVER; role++) {
        firth_tls_builder tls;

        firth_tls_init(&tls, (firth_tls_role)role, sizeof tls);
        if (role == FIRTH_TLS_CLIENT) {
            tls.trust = FIRTH_TLS_TRUST_AUTHORITIES;
            tls.authorities = &identity.certificate;
            tls.authority_count = 1;
        }
        tls.identities = &identity;
        tls.identity_count = 1;
        assert_true(is_refused(&tls, "key in memory: ", "an RSA key of fewer than 2048 bits"));
    }
    certificate_free(one);
}

/* ---- suites ------------------------------------------------------------------------------------------------------ */

static void a_server_with_no_suite_for_a_key_of_its_is_refused(void **state)
{
    static const uint16_t ecdsa[] = {ECDSA_SUITE, RSA_SUITE}, rsa[] = {RSA_SUITE, SUITE_OF_1_3};
    static const char words[] = "none of cipher_suites is for a key of its kind";
    const char *file = scratch_file("rsa.key", certificates.rsa->key_der, certificates.rsa->key_der_size);
    firth_tls_identity both[] = {certificate_identity(certificates.ec), certificate_identity(certificates.rsa)};
    firth_tls_builder tls = identity_server(both);

    (void)state;
    both[1].key = firth_tls_file(file);
    tls.cipher_suites = ecdsa;
    tls.cipher_suite_count = 1;
    assert_true(is_built(&tls));
    tls.identity_count = 2;
    assert_true(is_refused(&tls, file, words));
    tls.cipher_suite_count = 2;
    assert_true(is_built(&tls));
    tls.cipher_suites = rsa;
    assert_true(is_built(&tls)); /* in TLS 1.3 each suite is for any key */
    tls.cipher_suite_count = 1;
    assert_true(is_refused(&tls, "key in memory", words));
    tls.cipher_suite_count = 2;
    tls.max_version = FIRTH_TLS_1_2;
    assert_true(is_refused(&tls, "key in memory", words));
}

/* The suite is about the server's. */
static void a_client_may_have_a_key_of_another_kind_than_its_suites(void **state)
{
    static const uint16_t suite = ECDSA_SUITE;
    certificate *rsa = make(KEY_RSA);
    pki_setup setup;
    wire_pair *pair;

    (void)state;
    pki_prepare(&setup, &certificates, certificates.ec, FIRTH_TLS_1_2);
    pki_prepare_client(&setup, &certificates, FIRTH_TLS_CLIENT_REQUIRED);
    setup.client_identity = certificate_identity(rsa);
    setup.client.cipher_suites = &suite;
    setup.client.cipher_suite_count = 1;
    pair = wire_open(&setup.client, &setup.server);
    assert_int_equal(wire_establish(pair, PKI_HOST), FIRTH_OK);
    wire_close(pair);
    certificate_free(rsa);
}

/* ---- curves ------------------------------------------------------------------------------------------------------ */

static void a_curve_that_tls_1_3_does_not_have_needs_tls_1_2(void **state)
{
    static const char words[] = "TLS 1.3 does not have the curve of the key";
    static const uint16_t suites[] = {SUITE_OF_1_3, RSA_SUITE};
    certificate *one;
    firth_tls_identity identity = {.password = NULL};
    firth_tls_builder tls = identity_server(&identity);

    (void)state;
    if (mbedtls_ecp_curve_info_from_grp_id(MBEDTLS_ECP_DP_BP256R1) == NULL)
        SKIP("this mbedTLS does not have the curve either");
    one = make(KEY_BRAINPOOL);
    identity = certificate_identity(one);
    assert_true(is_built(&tls));
    tls.max_version = FIRTH_TLS_1_2;
    assert_true(is_built(&tls));
    tls.min_version = tls.max_version = FIRTH_TLS_1_3;
    assert_true(is_refused(&tls, "key in memory", words));
    tls.min_version = FIRTH_TLS_1_2;
    tls.cipher_suites = suites;
    tls.cipher_suite_count = 2;
    assert_true(is_refused(&tls, "key in memory", words));
    certificate_free(one);
}

static void the_curves_of_tls_1_3_and_rsa_are_good_for_it_alone(void **state)
{
    static const certificate_key kinds[] = {KEY_P256, KEY_P384, KEY_P521, KEY_RSA};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        certificate *one = make(kinds[i]);
        const firth_tls_identity identity = certificate_identity(one);
        firth_tls_builder tls = identity_server(&identity);

        tls.min_version = FIRTH_TLS_1_3;
        assert_true(is_built(&tls));
        certificate_free(one);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_rsa_key_of_fewer_than_2048_bits_is_refused),
        cmocka_unit_test_setup_teardown(a_server_with_no_suite_for_a_key_of_its_is_refused, scratch_open,
                                        scratch_close),
        cmocka_unit_test(a_client_may_have_a_key_of_another_kind_than_its_suites),
        cmocka_unit_test(a_curve_that_tls_1_3_does_not_have_needs_tls_1_2),
        cmocka_unit_test(the_curves_of_tls_1_3_and_rsa_are_good_for_it_alone),
    };
    int result;

    pki_open(&certificates);
    result = support_main(argc, argv, "tls_usable", tests, sizeof tests / sizeof *tests);
    pki_close(&certificates);
    return result;
}
