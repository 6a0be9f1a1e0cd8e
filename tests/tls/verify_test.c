/* SPDX-License-Identifier: Apache-2.0 */
/* Which servers' certificates are accepted, and what both sides are told of those that are not. */
#include "core/tls/mbedtls/verify.h"
#include "tests/support/support.h"
#include "tests/tls/expect.h"
#include "tests/tls/pki.h"
#include <stdio.h>

static pki keys;

static const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};

enum { VERSION_COUNT = sizeof versions / sizeof *versions };

/* A leaf that is wrong in one way. */
static void expect_leaf_refused(certificate_wish wish, const char *why, const char *alert)
{
    certificate *shown;

    wish.subject = wish.subject != NULL ? wish.subject : "CN=leaf";
    wish.names = "DNS:" PKI_HOST;
    shown = certificate_make(&wish);
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        pki_setup setup;
        wire_pair *pair;

        pki_prepare(&setup, &keys, shown, versions[v]);
        pair = wire_open(&setup.client, &setup.server);
        expect_refused(pair, PKI_HOST, why, alert);
        wire_close(pair);
    }
    certificate_free(shown);
}

static void each_check_is_named(void **state)
{
    certificate_wish wish = {.subject = "CN=Another Root", .is_authority = true};
    certificate *other = certificate_make(&wish);

    (void)state;
    expect_leaf_refused((certificate_wish){.issuer = keys.root, .not_after = "20210203000000"},
                        "certificate 0 of the chain, CN=leaf: expired on 2021-02-03 (the clock here says 2",
                        "alert certificate_expired");
    expect_leaf_refused((certificate_wish){.issuer = keys.root, .not_before = "20800102000000"},
                        "certificate 0 of the chain, CN=leaf: not valid before 2080-01-02 (the clock here says 2",
                        "alert certificate_expired");
    expect_leaf_refused((certificate_wish){.issuer = other},
                        "certificate 0 of the chain, CN=leaf: unknown authority (issuer CN=Another Root)",
                        "alert unknown_ca");
    expect_leaf_refused((certificate_wish){.issuer = NULL},
                        "certificate 0 of the chain, CN=leaf: self-signed, and not one of the authorities trusted",
                        "alert unknown_ca");
    certificate_free(other);
}

/* mbedTLS's server does not show such a certificate, so the check is asked by itself. */
static void a_purpose_that_is_another_is_named(void **state)
{
    certificate_wish wish = {.subject = "CN=leaf", .names = "DNS:" PKI_HOST, .purpose = "client", .issuer = keys.root};
    certificate *shown = certificate_make(&wish);
    mbedtls_x509_crt parsed;
    uint32_t flags = 0;
    pki_setup setup;
    wire_pair *pair;

    (void)state;
    pki_prepare(&setup, &keys, keys.ec, 0);
    pair = wire_open(&setup.client, &setup.server);
    assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
    mbedtls_x509_crt_init(&parsed);
    assert_int_equal(mbedtls_x509_crt_parse_der(&parsed, shown->der, shown->der_size), 0);
    assert_int_equal(fth_tls_verify(pair->client.session, &parsed, 0, &flags), 0);
    assert_int_equal(flags, MBEDTLS_X509_BADCERT_EXT_KEY_USAGE);
    assert_string_equal(pair->client.session->words->text,
                        "certificate 0 of the chain, CN=leaf: not for servers (extended key usage)");
    mbedtls_x509_crt_free(&parsed);
    wire_close(pair);
    certificate_free(shown);
}

static void a_false_authority_of_the_same_name_is_no_authority(void **state)
{
    certificate_wish wish = {.subject = "C=CH,O=Tests,CN=Root", .is_authority = true};
    certificate *impostor = certificate_make(&wish);

    (void)state;
    expect_leaf_refused((certificate_wish){.issuer = impostor}, "unknown authority", "alert unknown_ca");
    certificate_free(impostor);
}

static void a_leaf_is_no_authority(void **state)
{
    certificate_wish wish = {.subject = "CN=Not an authority", .names = "DNS:x.example", .issuer = keys.root};
    certificate *leaf = certificate_make(&wish);

    (void)state;
    expect_leaf_refused((certificate_wish){.issuer = leaf}, "unknown authority", "alert unknown_ca");
    certificate_free(leaf);
}

static void control_characters_of_a_certificate_stay_out_of_the_words(void **state)
{
    certificate_wish wish = {.subject = "CN=leaf", .names = "DNS:a\x1b[31m.example\r\n", .issuer = keys.root};
    certificate *shown = certificate_make(&wish);
    pki_setup setup;
    wire_pair *pair;

    (void)state;
    pki_prepare(&setup, &keys, shown, 0);
    pair = wire_open(&setup.client, &setup.server);
    expect_refused(pair, PKI_HOST, "DNS:a?[31m.example??", "alert bad_certificate");
    wire_close(pair);
    certificate_free(shown);
}

enum { MOST_INTERMEDIATES = 8 };

/* A leaf with that many intermediates behind it, the last of which the root signed. */
static void shown_with(wire_pair **pair, int count, firth_tls_version version)
{
    certificate *chain[MOST_INTERMEDIATES + 2];
    const certificate *issuer = keys.root;
    char pem[16384];
    pki_setup setup;
    int i;

    for (i = count; i >= 0; i--) { /* the names differ, for an authority is looked for by its name */
        static const char names[] = "CN=0\0CN=1\0CN=2\0CN=3\0CN=4\0CN=5\0CN=6\0CN=7\0CN=8\0CN=9";
        certificate_wish wish = {.subject = names + (size_t)5 * (size_t)i, .issuer = issuer, .is_authority = i > 0};

        wish.names = i == 0 ? "DNS:" PKI_HOST : NULL;
        issuer = chain[i] = certificate_make(&wish);
    }
    pki_prepare(&setup, &keys, chain[0], version);
    setup.identity.certificate =
        firth_tls_memory(pem, certificate_pem(pem, sizeof pem, (const certificate *const *)chain, (size_t)count + 1));
    *pair = wire_open(&setup.client, &setup.server);
    for (i = 0; i <= count; i++)
        certificate_free(chain[i]);
}

/* The limit is mbedTLS's, which sends this alert for it by itself. */
static void a_chain_that_is_too_long_is_named(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        wire_pair *pair;

        shown_with(&pair, MOST_INTERMEDIATES, versions[v]);
        expect_accepted(pair, PKI_HOST);
        wire_close(pair);
        shown_with(&pair, MOST_INTERMEDIATES + 1, versions[v]);
        expect_refused(pair, PKI_HOST, "the peer's chain has more than 8 certificates between its own and an authority",
                       "alert access_denied");
        wire_close(pair);
    }
}

static void a_revoked_certificate_is_refused(void **state)
{
    static const unsigned char serials[] = {7, 2, 9};
    unsigned char list[1024];
    size_t size = certificate_revoke(list, sizeof list, keys.root, serials, sizeof serials, NULL);
    firth_tls_data revoked = firth_tls_memory(list, size);

    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        pki_setup setup;
        wire_pair *pair;

        pki_prepare(&setup, &keys, keys.ec, versions[v]);
        setup.client.revocation_lists = &revoked;
        setup.client.revocation_list_count = 1;
        pair = wire_open(&setup.client, &setup.server);
        expect_refused(pair, PKI_HOST, "certificate 0 of the chain, CN=Server, O=Tests: revoked",
                       "alert certificate_revoked");
        wire_close(pair);
        setup.identity = certificate_identity(keys.rsa); /* its number is 3 */
        pair = wire_open(&setup.client, &setup.server);
        expect_accepted(pair, PKI_HOST);
        wire_close(pair);
    }
}

static void an_outdated_revocation_list_is_no_list(void **state)
{
    unsigned char list[1024];
    size_t size = certificate_revoke(list, sizeof list, keys.root, NULL, 0, "20210101000000");
    firth_tls_data revoked = firth_tls_memory(list, size);
    pki_setup setup;
    wire_pair *pair;

    (void)state;
    pki_prepare(&setup, &keys, keys.ec, 0);
    setup.client.revocation_lists = &revoked;
    setup.client.revocation_list_count = 1;
    pair = wire_open(&setup.client, &setup.server);
    expect_refused(pair, PKI_HOST, "its authority's revocation list is out of date", "alert certificate_unknown");
    wire_close(pair);
}

static wire_pair *open_pinned(const certificate *shown, firth_tls_trust trust, const firth_tls_pin *pin,
                              firth_tls_version version)
{
    pki_setup setup;

    pki_prepare(&setup, &keys, shown, version);
    setup.client.trust = trust;
    setup.client.pins = pin;
    setup.client.pin_count = 1;
    if (trust == FIRTH_TLS_TRUST_PINS)
        setup.client.authority_count = 0;
    return wire_open(&setup.client, &setup.server);
}

static void a_pin_is_needed_beside_an_authority(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++)
        for (int of_key = 0; of_key < 2; of_key++) {
            firth_tls_pin good = certificate_pin(keys.ec, of_key), bad = certificate_pin(keys.rsa, of_key);
            wire_pair *pair = open_pinned(keys.ec, FIRTH_TLS_TRUST_AUTHORITIES, &good, versions[v]);

            expect_accepted(pair, PKI_HOST);
            wire_close(pair);
            pair = open_pinned(keys.ec, FIRTH_TLS_TRUST_AUTHORITIES, &bad, versions[v]);
            expect_refused(pair, PKI_HOST, "CN=Server, O=Tests: pin does not match", "alert access_denied");
            wire_close(pair);
        }
}

/* "SHA-256 of its key is 0f3a…", as a pin of that kind would have to be. */
static const char *hash_words(firth_tls_pin pin)
{
    static char words[100];
    int used = snprintf(words, sizeof words, "SHA-256 of %s is ", pin.is_public_key ? "its key" : "it");

    for (size_t i = 0; i < sizeof pin.sha256; i++)
        used += snprintf(words + used, sizeof words - (size_t)used, "%02x", pin.sha256[i]);
    return words;
}

static void the_hash_of_one_that_is_not_pinned_is_told(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++)
        for (int of_key = 0; of_key < 2; of_key++) {
            firth_tls_pin bad = certificate_pin(keys.rsa, of_key);
            wire_pair *pair = open_pinned(keys.ec, FIRTH_TLS_TRUST_PINS, &bad, versions[v]);

            expect_refused(pair, PKI_HOST, hash_words(certificate_pin(keys.ec, of_key)), "alert access_denied");
            assert_null(strstr(pair->client.detail, hash_words(certificate_pin(keys.ec, !of_key))));
            wire_close(pair);
        }
}

static void a_pin_alone_stands_for_the_authority_and_for_nothing_else(void **state)
{
    certificate_wish wish = {.subject = "CN=alone", .names = "DNS:" PKI_HOST};
    certificate *alone = certificate_make(&wish), *old;
    firth_tls_pin pin = certificate_pin(alone, true), old_pin;

    wish.not_after = "20210101000000";
    old = certificate_make(&wish);
    old_pin = certificate_pin(old, false);
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        wire_pair *pair = open_pinned(alone, FIRTH_TLS_TRUST_PINS, &pin, versions[v]);

        expect_accepted(pair, PKI_HOST);
        expect_refused(pair, "other.example", "the host is other.example", "alert bad_certificate");
        wire_close(pair);
        pair = open_pinned(old, FIRTH_TLS_TRUST_PINS, &old_pin, versions[v]);
        expect_refused(pair, PKI_HOST, "expired on 2021-01-01", "alert certificate_expired");
        wire_close(pair);
        pair = open_pinned(keys.ec, FIRTH_TLS_TRUST_PINS, &pin, versions[v]);
        expect_refused(pair, PKI_HOST, "pin does not match", "alert access_denied");
        wire_close(pair);
    }
    certificate_free(alone);
    certificate_free(old);
}

static void an_insecure_name_is_all_that_is_let_through_by_that(void **state)
{
    certificate_wish wish = {.subject = "CN=alone", .names = "DNS:" PKI_HOST};
    certificate *alone = certificate_make(&wish);

    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        pki_setup setup;
        wire_pair *pair;

        pki_prepare(&setup, &keys, keys.ec, versions[v]);
        setup.client.insecure_any_name = true;
        pair = wire_open(&setup.client, &setup.server);
        expect_accepted(pair, "other.example");
        expect_accepted(pair, NULL);
        wire_close(pair);
        setup.identity = certificate_identity(alone);
        pair = wire_open(&setup.client, &setup.server);
        expect_refused(pair, "other.example", "self-signed", "alert unknown_ca");
        wire_close(pair);
    }
    certificate_free(alone);
}

static void an_insecure_certificate_is_taken_as_it_is(void **state)
{
    certificate_wish wish = {.subject = "CN=alone", .not_after = "20210101000000"};
    certificate *alone = certificate_make(&wish);

    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        pki_setup setup;
        wire_pair *pair;

        pki_prepare(&setup, &keys, alone, versions[v]);
        setup.client.insecure_any_certificate = true;
        pair = wire_open(&setup.client, &setup.server);
        expect_accepted(pair, "other.example");
        expect_accepted(pair, NULL);
        wire_close(pair);
    }
    certificate_free(alone);
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
        cmocka_unit_test_setup_teardown(each_check_is_named, setup_group, teardown_group),
        cmocka_unit_test_setup_teardown(a_purpose_that_is_another_is_named, setup_group, teardown_group),
        cmocka_unit_test_setup_teardown(a_false_authority_of_the_same_name_is_no_authority, setup_group,
                                        teardown_group),
        cmocka_unit_test_setup_teardown(a_leaf_is_no_authority, setup_group, teardown_group),
        cmocka_unit_test_setup_teardown(control_characters_of_a_certificate_stay_out_of_the_words, setup_group,
                                        teardown_group),
        cmocka_unit_test_setup_teardown(a_chain_that_is_too_long_is_named, setup_group, teardown_group),
        cmocka_unit_test_setup_teardown(a_revoked_certificate_is_refused, setup_group, teardown_group),
        cmocka_unit_test_setup_teardown(an_outdated_revocation_list_is_no_list, setup_group, teardown_group),
        cmocka_unit_test_setup_teardown(a_pin_is_needed_beside_an_authority, setup_group, teardown_group),
        cmocka_unit_test_setup_teardown(the_hash_of_one_that_is_not_pinned_is_told, setup_group, teardown_group),
        cmocka_unit_test_setup_teardown(a_pin_alone_stands_for_the_authority_and_for_nothing_else, setup_group,
                                        teardown_group),
        cmocka_unit_test_setup_teardown(an_insecure_name_is_all_that_is_let_through_by_that, setup_group,
                                        teardown_group),
        cmocka_unit_test_setup_teardown(an_insecure_certificate_is_taken_as_it_is, setup_group, teardown_group),
    };

    return support_main(argc, argv, "tls verify", tests, sizeof tests / sizeof *tests);
}
