/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a configuration trusts: authorities of its own, and pins; and what was revoked. */
#include "tests/support/support.h"
#include "tests/tls/pki.h"
#include "tests/tls/scratch.h"
#include "tests/tls/wire.h"
#include <mbedtls/base64.h>
#include <stdio.h>

static pki certificates;
static certificate *other; /* another authority */

static int handshake(const pki_setup *setup, char detail[256])
{
    wire_pair *pair = wire_open(&setup->client, &setup->server);
    const int rc = wire_establish(pair, PKI_HOST);

    if (detail != NULL)
        (void)snprintf(detail, 256, "%s", pair->client.detail);
    wire_close(pair);
    return rc;
}

/* ---- authorities ------------------------------------------------------------------------------------------------- */

static void a_bundle_may_hold_several_authorities_and_words(void **state)
{
    const certificate *const both[] = {other, certificates.root};
    char bundle[8192] = "# Authorities\n\n";
    pki_setup setup;

    (void)state;
    (void)certificate_pem(bundle + strlen(bundle), sizeof bundle - strlen(bundle), both, 2);
    strcat(bundle, "\n\n\n");
    pki_prepare(&setup, &certificates, certificates.ec, 0);
    setup.authority = firth_tls_file(scratch_text("bundle.pem", bundle));
    assert_int_equal(handshake(&setup, NULL), FIRTH_OK);
}

static void authorities_of_several_bundles_are_all_trusted(void **state)
{
    pki_setup setup;
    firth_tls_data bundles[2];

    (void)state;
    pki_prepare(&setup, &certificates, certificates.ec, 0);
    bundles[0] = certificate_data(other);
    bundles[1] = certificate_data(certificates.root);
    setup.client.authorities = bundles;
    setup.client.authority_count = 1;
    assert_int_equal(handshake(&setup, NULL), FIRTH_ERR_TLS_CERTIFICATE);
    setup.client.authority_count = 2;
    assert_int_equal(handshake(&setup, NULL), FIRTH_OK);
}

static size_t join(unsigned char *both, const certificate *first, const certificate *second)
{
    memcpy(both, first->der, first->der_size);
    memcpy(both + first->der_size, second->der, second->der_size);
    return first->der_size + second->der_size;
}

static void a_bundle_in_der_may_hold_several_authorities(void **state)
{
    unsigned char both[8192];
    size_t size;
    pki_setup setup;

    (void)state;
    pki_prepare(&setup, &certificates, certificates.ec, 0);
    setup.authority = firth_tls_memory(both, join(both, other, certificates.root));
    assert_int_equal(handshake(&setup, NULL), FIRTH_OK);
    setup.authority = firth_tls_memory(both, size = join(both, certificates.root, other));
    assert_int_equal(handshake(&setup, NULL), FIRTH_OK);
    setup.authority = firth_tls_memory(both, size - 1);
    assert_true(context_refused(&setup.client, FIRTH_ERR_TLS_CONFIG, "certificate in memory", "cut off"));
    assert_string_equal(firth_last_failure()->step, "option authorities");
}

/* The object identifier of the kind of key, id-ecPublicKey, to one that nobody knows. */
static void change_kind(certificate *of)
{
    static const unsigned char kind[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1};
    size_t i = 0;

    while (memcmp(of->der + i, kind, sizeof kind) != 0)
        assert_true(++i + sizeof kind <= of->der_size);
    of->der[i + sizeof kind - 1] = 0x7f;
}

/* It is not trusted, and the others are. */
static void an_authority_of_an_unknown_kind_is_left_out(void **state)
{
    certificate strange = *other;
    const certificate *const both[] = {&strange, certificates.root};
    char bundle[8192];
    pki_setup setup;

    (void)state;
    change_kind(&strange);
    (void)certificate_pem(bundle, sizeof bundle, both, 2);
    pki_prepare(&setup, &certificates, certificates.ec, 0);
    setup.authority = firth_tls_memory(bundle, strlen(bundle));
    assert_int_equal(handshake(&setup, NULL), FIRTH_OK);
}

/* As a disk that is full leaves one: without its end, or with the next bundle behind what there is of it. */
static void an_authority_that_is_cut_off_is_told(void **state)
{
    const certificate *const both[] = {certificates.root, other};
    char bundle[8192];
    pki_setup setup;
    size_t first, size, cut;

    (void)state;
    first = certificate_pem(bundle, sizeof bundle, both, 1);
    size = certificate_pem(bundle, sizeof bundle, both, 2);
    pki_prepare(&setup, &certificates, certificates.ec, 0);
    for (cut = first + 40; cut < size - 1; cut += 97) {
        const char *path = scratch_file("cut.pem", bundle, cut);

        setup.authority = firth_tls_file(path);
        assert_true(context_refused(&setup.client, FIRTH_ERR_TLS_CONFIG, path, "a certificate in it is damaged"));
        assert_string_equal(firth_last_failure()->step, "option authorities");
    }
    cut = first + 40 + certificate_pem(bundle + first + 40, sizeof bundle - first - 40, both, 2);
    setup.authority = firth_tls_memory(bundle, cut);
    assert_true(context_refused(&setup.client, FIRTH_ERR_TLS_CONFIG, "certificate in memory",
                                "a certificate in it is damaged or cut off ("));
    (void)certificate_pem(bundle, sizeof bundle, both, 2); /* a line is missing */
    memmove(bundle + first + 157, bundle + first + 157 + 65, size - first - 157 - 65 + 1);
    setup.authority = firth_tls_memory(bundle, size - 65);
    assert_true(context_refused(&setup.client, FIRTH_ERR_TLS_CONFIG, "certificate in memory", "is damaged"));
    bundle[first - 100] = '!'; /* nothing of it can be read */
    setup.authority = firth_tls_memory(bundle, first);
    assert_true(context_refused(&setup.client, FIRTH_ERR_TLS_CONFIG, "certificate in memory", "no certificate in it"));
}

static void a_bundle_without_a_certificate_is_refused(void **state)
{
    const char *path = scratch_text("empty.pem", "nobody\n");
    pki_setup setup;

    (void)state;
    pki_prepare(&setup, &certificates, certificates.ec, 0);
    setup.authority = firth_tls_file(path);
    assert_true(context_refused(&setup.client, FIRTH_ERR_TLS_CONFIG, path, "no certificate in it"));
    assert_string_equal(firth_last_failure()->step, "option authorities");
    setup.authority = firth_tls_file(scratch_path("missing.pem"));
    assert_true(context_refused(&setup.client, FIRTH_ERR_TLS_CONFIG, "missing.pem: no such file", NULL));
}

/* ---- revocation lists -------------------------------------------------------------------------------------------- */

static void a_revoked_certificate_is_refused_and_another_is_not(void **state)
{
    const unsigned char serials[] = {7, 2}; /* 2 is certificates.ec, 3 certificates.rsa */
    unsigned char list[1024];
    char detail[256];
    firth_tls_data data;
    pki_setup setup;

    (void)state;
    data = firth_tls_memory(list, certificate_revoke(list, sizeof list, certificates.root, serials, 2, NULL));
    pki_prepare(&setup, &certificates, certificates.ec, 0);
    setup.client.revocation_lists = &data;
    setup.client.revocation_list_count = 1;
    assert_int_equal(handshake(&setup, detail), FIRTH_ERR_TLS_CERTIFICATE);
    assert_non_null(strstr(detail, "revoked"));
    setup.identity = certificate_identity(certificates.rsa);
    assert_int_equal(handshake(&setup, NULL), FIRTH_OK);
}

static size_t write_list(char *pem, size_t capacity, const unsigned char *der, size_t size)
{
    size_t written = 0;
    const size_t begin = (size_t)snprintf(pem, capacity, "-----BEGIN X509 CRL-----\n");

    assert_int_equal(mbedtls_base64_encode((unsigned char *)pem + begin, capacity - begin, &written, der, size), 0);
    return begin + written +
           (size_t)snprintf(pem + begin + written, capacity - begin - written, "\n-----END X509 CRL-----\n");
}

/* With these lists the server is refused with the one certificate, and taken with the other. */
static void expect_ec_revoked_alone(firth_tls_data *lists)
{
    pki_setup setup;

    pki_prepare(&setup, &certificates, certificates.ec, 0);
    setup.client.revocation_lists = lists;
    setup.client.revocation_list_count = 1;
    assert_int_equal(handshake(&setup, NULL), FIRTH_ERR_TLS_CERTIFICATE);
    setup.identity = certificate_identity(certificates.rsa);
    assert_int_equal(handshake(&setup, NULL), FIRTH_OK);
}

static void lists_in_der_may_be_several(void **state)
{
    const unsigned char ec = 2, rsa = 3;
    unsigned char lists[4096];
    size_t size;
    firth_tls_data data;

    (void)state;
    size = certificate_revoke(lists, sizeof lists, other, &rsa, 1, NULL);
    size += certificate_revoke(lists + size, sizeof lists - size, certificates.root, &ec, 1, NULL);
    data = firth_tls_memory(lists, size);
    expect_ec_revoked_alone(&data);
}

/* mbedTLS itself refuses a list that ends in a blank line. */
static void lists_in_pem_may_be_several_and_end_in_blank_lines(void **state)
{
    const unsigned char ec = 2, rsa = 3;
    unsigned char der[1024];
    char pem[4096];
    size_t size;
    firth_tls_data data;

    (void)state;
    size = write_list(pem, sizeof pem, der, certificate_revoke(der, sizeof der, other, &rsa, 1, NULL));
    size += write_list(pem + size, sizeof pem - size, der,
                       certificate_revoke(der, sizeof der, certificates.root, &ec, 1, NULL));
    size += (size_t)snprintf(pem + size, sizeof pem - size, "\n\n \n");
    data = firth_tls_file(scratch_file("lists.pem", pem, size));
    expect_ec_revoked_alone(&data);
}

static void a_list_that_cannot_be_read_is_refused(void **state)
{
    const unsigned char serial = 2;
    unsigned char list[1024];
    const size_t size = certificate_revoke(list, sizeof list, certificates.root, &serial, 1, NULL);
    firth_tls_data data = firth_tls_memory(list, size - 1);
    pki_setup setup;

    (void)state;
    pki_prepare(&setup, &certificates, certificates.ec, 0);
    setup.client.revocation_lists = &data;
    setup.client.revocation_list_count = 1;
    assert_true(context_refused(&setup.client, FIRTH_ERR_TLS_CONFIG, "revocation list in memory",
                                "a revocation list that cannot be read"));
    assert_string_equal(firth_last_failure()->step, "option revocation_lists");
    data = firth_tls_file(scratch_text("none.pem", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"));
    assert_true(context_refused(&setup.client, FIRTH_ERR_TLS_CONFIG, "none.pem", "no revocation list in it"));
}

/* ---- pins -------------------------------------------------------------------------------------------------------- */

static void a_pin_alone_is_enough_and_a_wrong_one_is_not(void **state)
{
    (void)state;
    for (int is_key = 0; is_key < 2; is_key++) {
        firth_tls_pin pins[2];
        pki_setup setup;

        pins[0] = certificate_pin(certificates.rsa, is_key != 0);
        pins[1] = certificate_pin(certificates.ec, is_key != 0);
        pki_prepare(&setup, &certificates, certificates.ec, 0);
        setup.client.trust = FIRTH_TLS_TRUST_PINS;
        setup.client.authority_count = 0;
        setup.client.pins = pins;
        setup.client.pin_count = 2;
        assert_int_equal(handshake(&setup, NULL), FIRTH_OK);
        setup.client.pin_count = 1;
        assert_int_equal(handshake(&setup, NULL), FIRTH_ERR_TLS_CERTIFICATE);
    }
}

/* ---- insecure, for tests ---------------------------------------------------------------------------------------- */

static void who_is_told_to_take_any_certificate_does(void **state)
{
    static const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        pki_setup setup;

        pki_prepare(&setup, &certificates, other, versions[i]);
        setup.client.authority_count = 0;
        setup.client.trust = FIRTH_TLS_TRUST_SYSTEM;
        setup.client.insecure_any_certificate = true;
        assert_int_equal(handshake(&setup, NULL), FIRTH_OK);
        for (int how = FIRTH_TLS_CLIENT_OPTIONAL; how <= FIRTH_TLS_CLIENT_REQUIRED; how++) {
            pki_prepare(&setup, &certificates, certificates.ec, versions[i]);
            pki_prepare_client(&setup, &certificates, (firth_tls_client_authentication)how);
            setup.client_identity = certificate_identity(other);
            assert_true(handshake(&setup, NULL) < 0);
            setup.server.authority_count = 0;
            setup.server.trust = FIRTH_TLS_TRUST_SYSTEM;
            setup.server.insecure_any_certificate = true;
            assert_int_equal(handshake(&setup, NULL), FIRTH_OK);
            setup.client.identity_count = 0; /* one must still be shown */
            assert_int_equal(handshake(&setup, NULL) == FIRTH_OK, how == FIRTH_TLS_CLIENT_OPTIONAL);
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_bundle_may_hold_several_authorities_and_words, scratch_open, scratch_close),
        cmocka_unit_test(authorities_of_several_bundles_are_all_trusted),
        cmocka_unit_test(a_bundle_in_der_may_hold_several_authorities),
        cmocka_unit_test(an_authority_of_an_unknown_kind_is_left_out),
        cmocka_unit_test_setup_teardown(an_authority_that_is_cut_off_is_told, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(a_bundle_without_a_certificate_is_refused, scratch_open, scratch_close),
        cmocka_unit_test(a_revoked_certificate_is_refused_and_another_is_not),
        cmocka_unit_test(lists_in_der_may_be_several),
        cmocka_unit_test_setup_teardown(lists_in_pem_may_be_several_and_end_in_blank_lines, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(a_list_that_cannot_be_read_is_refused, scratch_open, scratch_close),
        cmocka_unit_test(a_pin_alone_is_enough_and_a_wrong_one_is_not),
        cmocka_unit_test(who_is_told_to_take_any_certificate_does),
    };
    const certificate_wish wish = {.subject = "CN=Other", .is_authority = true, .names = "DNS:other.example"};
    int result;

    pki_open(&certificates);
    other = certificate_make(&wish);
    result = support_main(argc, argv, "tls_trust", tests, sizeof tests / sizeof *tests);
    certificate_free(other);
    pki_close(&certificates);
    return result;
}
