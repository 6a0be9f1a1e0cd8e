/* SPDX-License-Identifier: Apache-2.0 */
/* Which hosts a certificate is for. */
#include "core/tls/mbedtls/verify.h"
#include "tests/support/support.h"
#include "tests/tls/expect.h"
#include "tests/tls/pki.h"

static pki keys;

static const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};

enum { VERSION_COUNT = sizeof versions / sizeof *versions };

static void the_host_must_be_among_the_names(void **state)
{
    static const char *const good[] = {"server.example", "SERVER.Example", "server.example.",
                                       "a.wild.example", "A.WILD.example", "192.0.2.1",
                                       "2001:db8::1",    "[2001:db8::1]",  "2001:DB8:0:0::1"};
    static const char *const bad[] = {"other.example",    "a.server.example", "example",     "wild.example",
                                      "a.b.wild.example", "192.0.2.2",        "2001:db8::2", "::1",
                                      "xserver.example"};
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        pki_setup setup;
        wire_pair *pair;

        pki_prepare(&setup, &keys, keys.ec, versions[v]);
        pair = wire_open(&setup.client, &setup.server);
        for (size_t i = 0; i < sizeof good / sizeof *good; i++)
            expect_accepted(pair, good[i]);
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
            expect_refused(pair, bad[i], "the certificate is for DNS:server.example, DNS:*.wild.example, IP:192.0.2.1",
                           "alert bad_certificate");
        wire_close(pair);
    }
}

static void the_words_name_the_certificate_the_host_and_the_names(void **state)
{
    pki_setup setup;
    wire_pair *pair;

    (void)state;
    pki_prepare(&setup, &keys, keys.ec, FIRTH_TLS_1_3);
    pair = wire_open(&setup.client, &setup.server);
    assert_int_equal(wire_establish(pair, "bar.example"), FIRTH_ERR_TLS_CERTIFICATE);
    assert_string_equal(
        pair->client.detail,
        "certificate 0 of the chain, CN=Server, O=Tests: the host is bar.example, the certificate is for "
        "DNS:server.example, DNS:*.wild.example, IP:192.0.2.1, IP:2001:db8::1");
    assert_string_equal(pair->client.failure.step, "certificate");
    wire_close(pair);
}

static void a_wildcard_is_one_whole_label_above_two_others(void **state)
{
    static const struct {
        const char *pattern, *host;
        bool matches;
    } rows[] = {
        {"*.example.com", "a.example.com", true},
        {"*.example.com", "A.EXAMPLE.COM", true},
        {"*.example.com", "example.com", false},
        {"*.example.com", "a.b.example.com", false},
        {"*.example.com", ".example.com", false},
        {"*.com", "example.com", false},
        {"*", "localhost", false},
        {"*", "example.com", false},
        {"*.", "example.", false},
        {"*.*.example.com", "a.b.example.com", false},
        {"f*.example.com", "foo.example.com", false},
        {"*o.example.com", "foo.example.com", false},
        {"foo.*.com", "foo.example.com", false},
        {"*.example.com", "xexample.com", false},
        {"example.com", "example.com", true},
        {"example.com", "example.org", false},
        {"localhost", "LocalHost", true},
        {"", "a", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const unsigned char *pattern = (const unsigned char *)rows[i].pattern;

        if (fth_tls_name_matches(pattern, strlen(rows[i].pattern), rows[i].host) != rows[i].matches)
            print_error("%s for %s\n", rows[i].pattern, rows[i].host);
        assert_int_equal(fth_tls_name_matches(pattern, strlen(rows[i].pattern), rows[i].host), rows[i].matches);
    }
    assert_false(fth_tls_name_matches((const unsigned char *)"a.example\0.evil", 15, "a.example"));
}

/* A certificate of its own for each, since the rest of the engine has its say too. */
static void names_that_are_too_wide_are_refused(void **state)
{
    static const struct {
        const char *names, *host;
    } rows[] = {
        {"DNS:*.com", "example.com"},
        {"DNS:*", "localhost"},
        {"DNS:*.*.example.com", "a.b.example.com"},
        {"DNS:f*.example.com", "foo.example.com"},
        {"URI:server.example", "server.example"},
        {"DNS:192.0.2.1", "192.0.2.1"},
        {"URI:192.0.2.1", "192.0.2.1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        certificate_wish wish = {.subject = "CN=wide", .names = rows[i].names, .issuer = keys.root};
        certificate *shown = certificate_make(&wish);
        pki_setup setup;
        wire_pair *pair;

        pki_prepare(&setup, &keys, shown, 0);
        pair = wire_open(&setup.client, &setup.server);
        expect_refused(pair, rows[i].host, "the host is", "alert bad_certificate");
        wire_close(pair);
        certificate_free(shown);
    }
}

static void a_common_name_is_no_name(void **state)
{
    certificate_wish wish = {.subject = "CN=server.example", .issuer = keys.root};
    certificate *shown = certificate_make(&wish);

    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        pki_setup setup;
        wire_pair *pair;

        pki_prepare(&setup, &keys, shown, versions[v]);
        pair = wire_open(&setup.client, &setup.server);
        expect_refused(pair, "server.example", "the certificate has no subject alternative names",
                       "alert bad_certificate");
        wire_close(pair);
    }
    certificate_free(shown);
}

static void a_client_needs_a_name_that_can_be_one(void **state)
{
    static const char *const bad[] = {
        "", ".", "a..b", ".a", "a b", "a/b", "a\n", "b\xfc.example", "192.0.2.1:443", "*.example"};
    char much[400];
    pki_setup setup;
    wire_pair *pair;

    (void)state;
    pki_prepare(&setup, &keys, keys.ec, 0);
    pair = wire_open(&setup.client, &setup.server);
    assert_int_equal(wire_connect(pair, NULL), FIRTH_ERR_TLS_NO_NAME);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(wire_connect(pair, bad[i]), FIRTH_ERR_ARGUMENT);
        assert_string_equal(pair->client.failure.step, "server name");
    }
    memset(much, 'a', sizeof much);
    much[sizeof much - 1] = '\0';
    assert_int_equal(wire_connect(pair, much), FIRTH_ERR_ARGUMENT);
    wire_close(pair);
    setup.client.server_name = PKI_HOST;
    pair = wire_open(&setup.client, &setup.server);
    expect_accepted(pair, NULL);
    expect_refused(pair, "other.example", "the host is other.example", "alert bad_certificate");
    wire_close(pair);
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
        cmocka_unit_test_setup_teardown(the_host_must_be_among_the_names, setup_group, teardown_group),
        cmocka_unit_test_setup_teardown(the_words_name_the_certificate_the_host_and_the_names, setup_group,
                                        teardown_group),
        cmocka_unit_test_setup_teardown(a_wildcard_is_one_whole_label_above_two_others, setup_group, teardown_group),
        cmocka_unit_test_setup_teardown(names_that_are_too_wide_are_refused, setup_group, teardown_group),
        cmocka_unit_test_setup_teardown(a_common_name_is_no_name, setup_group, teardown_group),
        cmocka_unit_test_setup_teardown(a_client_needs_a_name_that_can_be_one, setup_group, teardown_group),
    };

    return support_main(argc, argv, "tls names", tests, sizeof tests / sizeof *tests);
}
