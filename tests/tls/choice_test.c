/* SPDX-License-Identifier: Apache-2.0 */
/* Which of its certificates a server shows: by the name that the client asks for, then by what the client can verify. */
#include "core/tls/mbedtls/session.h"
#include "tests/support/support.h"
#include "tests/tls/pki.h"
#include "tests/tls/wire.h"

enum { FIRST, ROOT_EC, ROOT_RSA, WILD, DEEP, EXACT, NAMELESS, COUNT };

static certificate *root;
static certificate *shown[COUNT];

static int open_certificates(void **state)
{
    static const struct {
        const char *subject, *names;
        certificate_key key;
    } wanted[COUNT] = {
        [FIRST] = {"CN=first", "DNS:first.example", KEY_P256},
        [ROOT_EC] = {"CN=ec", "DNS:a.example,DNS:www.a.example", KEY_P256},
        [ROOT_RSA] = {"CN=rsa", "DNS:www.a.example,DNS:a.example", KEY_RSA},
        [WILD] = {"CN=wild", "DNS:*.b.example", KEY_P256},
        [DEEP] = {"CN=deep", "DNS:*.c.b.example,IP:192.0.2.1", KEY_P256},
        [EXACT] = {"CN=exact", "DNS:exact.b.example", KEY_P256},
        [NAMELESS] = {"CN=nameless.example", NULL, KEY_P256},
    };
    const certificate_wish authority = {.subject = "CN=Root", .is_authority = true};

    (void)state;
    root = certificate_make(&authority);
    for (size_t i = 0; i < COUNT; i++) {
        const certificate_wish wish = {.subject = wanted[i].subject,
                                       .names = wanted[i].names,
                                       .key = wanted[i].key,
                                       .issuer = root,
                                       .serial = (unsigned char)(i + 1)};

        shown[i] = certificate_make(&wish);
    }
    return 0;
}

static int close_certificates(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        certificate_free(shown[i]);
    certificate_free(root);
    return 0;
}

typedef struct choice {
    firth_tls_data authority;
    firth_tls_identity identities[COUNT];
    firth_tls_builder client, server;
    wire_pair *pair;
} choice;

/* A server that has all of them. The client does not mind which one it gets. */
static void prepare(choice *with, firth_tls_version version)
{
    with->authority = certificate_data(root);
    with->client = firth_tls_client();
    with->client.trust = FIRTH_TLS_TRUST_AUTHORITIES;
    with->client.authorities = &with->authority;
    with->client.authority_count = 1;
    with->client.insecure_any_name = true;
    with->client.session_tickets = false;
    with->server = firth_tls_server();
    for (size_t i = 0; i < COUNT; i++)
        with->identities[i] = certificate_identity(shown[i]);
    with->server.identities = with->identities;
    with->server.identity_count = COUNT;
    with->client.min_version = with->client.max_version = version;
}

static void is_given(choice *with, const char *name, const char *subject)
{
    const firth_tls_certificate *peer = NULL;
    firth_tls_info info;

    assert_int_equal(wire_establish(with->pair, name), FIRTH_OK);
    assert_int_equal(fth_tls_mbedtls_facts.peer_certificate(with->pair->client.session, &peer), FIRTH_OK);
    assert_string_equal(peer->subject, subject);
    fth_tls_mbedtls_facts.info(with->pair->server.session, &info);
    assert_string_equal(info.server_name, name != NULL ? name : "");
}

static const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};

static void a_server_shows_the_certificate_of_the_name_asked_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        choice with;

        prepare(&with, versions[i]);
        with.pair = wire_open(&with.client, &with.server);
        is_given(&with, "first.example", "CN=first");
        is_given(&with, "www.a.example", "CN=ec");
        is_given(&with, "WWW.A.Example", "CN=ec");
        wire_close(with.pair);
    }
}

static void a_wildcard_stands_for_one_label_and_yields_to_the_exact_name(void **state)
{
    choice with;

    (void)state;
    prepare(&with, FIRTH_TLS_1_3);
    with.pair = wire_open(&with.client, &with.server);
    is_given(&with, "x.b.example", "CN=wild");
    is_given(&with, "exact.b.example", "CN=exact");
    is_given(&with, "x.c.b.example", "CN=deep");
    is_given(&with, "c.b.example", "CN=wild");
    is_given(&with, "b.example", "CN=first");
    is_given(&with, "y.x.c.b.example", "CN=first");
    is_given(&with, "x.b.example.net", "CN=first");
    wire_close(with.pair);
}

/* Ours, and not the client's: GnuTLS's, say, names RSA before ECDSA. */
static void the_order_of_the_certificates_counts_and_not_that_of_the_clients_algorithms(void **state)
{
    static const uint16_t rsa_first[] = {MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,
                                         MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256, MBEDTLS_TLS1_3_SIG_NONE};
    static const uint16_t rsa_alone[] = {MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256, MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
                                         MBEDTLS_TLS1_3_SIG_NONE};
    choice with;

    (void)state;
    prepare(&with, FIRTH_TLS_1_3);
    with.pair = wire_open(&with.client, &with.server);
    mbedtls_ssl_conf_sig_algs(&with.pair->client.context->config, rsa_first);
    is_given(&with, "www.a.example", "CN=ec");
    is_given(&with, "strange.example", "CN=first");
    is_given(&with, NULL, "CN=first");
    mbedtls_ssl_conf_sig_algs(&with.pair->client.context->config, rsa_alone);
    is_given(&with, "www.a.example", "CN=rsa");
    is_given(&with, NULL, "CN=rsa");
    wire_close(with.pair);
}

/* RFC 6066 §3: to go on with another certificate is one of the two answers, and what servers do. */
static void a_name_that_no_certificate_has_gets_the_first(void **state)
{
    choice with;

    (void)state;
    prepare(&with, FIRTH_TLS_1_3);
    with.pair = wire_open(&with.client, &with.server);
    is_given(&with, "strange.example", "CN=first");
    is_given(&with, "nameless.example", "CN=first"); /* only alternative names count */
    is_given(&with, "irst.example", "CN=first");
    is_given(&with, NULL, "CN=first");
    wire_close(with.pair);
}

/* RFC 6066 §3. What else a client may send would go from info.server_name into logs and to terminals. */
static void what_is_no_host_name_is_no_name(void **state)
{
    static const char *const none[] = {"ev\x1b[31mil\nlog forged", "192.0.2.1", "2001:db8::1", "a b.example",
                                       "\xc3\xa9.example"};

    (void)state;
    for (size_t v = 0; v < 2; v++)
        for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
            firth_tls_info info;
            choice with;

            prepare(&with, versions[v]);
            with.pair = wire_open(&with.client, &with.server);
            assert_int_equal(wire_connect(with.pair, "first.example"), FIRTH_OK);
            assert_int_equal(mbedtls_ssl_set_hostname(&with.pair->client.session->ssl, none[i]), 0);
            assert_int_equal(wire_handshake(with.pair), FIRTH_OK);
            fth_tls_mbedtls_facts.info(with.pair->server.session, &info);
            assert_string_equal(info.server_name, "");
            wire_close(with.pair);
        }
}

/* TLS 1.2: the suite says which key; TLS 1.3 has the list of signatures for it. */
static void of_two_for_one_name_the_client_gets_the_one_it_can_verify(void **state)
{
    static const uint16_t rsa_alone[] = {0xC02F}, ecdsa_alone[] = {0xC02B};
    choice with;

    (void)state;
    prepare(&with, FIRTH_TLS_1_2);
    with.client.cipher_suites = rsa_alone;
    with.client.cipher_suite_count = 1;
    with.pair = wire_open(&with.client, &with.server);
    is_given(&with, "a.example", "CN=rsa");
    wire_close(with.pair);
    with.client.cipher_suites = ecdsa_alone;
    with.pair = wire_open(&with.client, &with.server);
    is_given(&with, "a.example", "CN=ec");
    wire_close(with.pair);
}

/* A client of OpenSSL's with "-sigalgs" of RSA alone. */
static void by_signatures_in_tls_1_3(void **state)
{
    static const uint16_t rsa_alone[] = {MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256, MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
                                         MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384, MBEDTLS_TLS1_3_SIG_NONE};
    const firth_tls_certificate *peer = NULL;
    choice with;

    (void)state;
    prepare(&with, FIRTH_TLS_1_3);
    with.client.insecure_any_certificate =
        true; /* the authority's own signature is of a kind that is not in the list */
    with.pair = wire_open(&with.client, &with.server);
    mbedtls_ssl_conf_sig_algs(&with.pair->client.context->config, rsa_alone);
    assert_int_equal(wire_establish(with.pair, "a.example"), FIRTH_OK);
    assert_int_equal(fth_tls_mbedtls_facts.peer_certificate(with.pair->client.session, &peer), FIRTH_OK);
    assert_string_equal(peer->subject, "CN=rsa");
    wire_close(with.pair);
}

static void one_certificate_is_shown_to_all(void **state)
{
    choice with;

    (void)state;
    prepare(&with, FIRTH_TLS_1_2);
    with.server.identities = &with.identities[WILD];
    with.server.identity_count = 1;
    with.pair = wire_open(&with.client, &with.server);
    is_given(&with, "a.example", "CN=wild");
    wire_close(with.pair);
}

static void a_client_shows_its_certificate_when_it_is_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const firth_tls_certificate *peer = NULL;
        firth_tls_identity own;
        choice with;

        prepare(&with, versions[i]);
        own = with.identities[ROOT_RSA];
        with.client.identities = &own;
        with.client.identity_count = 1;
        with.server.trust = FIRTH_TLS_TRUST_AUTHORITIES;
        with.server.authorities = &with.authority;
        with.server.authority_count = 1;
        with.server.client_authentication = FIRTH_TLS_CLIENT_REQUIRED;
        with.pair = wire_open(&with.client, &with.server);
        is_given(&with, "first.example", "CN=first");
        assert_int_equal(fth_tls_mbedtls_facts.peer_certificate(with.pair->server.session, &peer), FIRTH_OK);
        assert_string_equal(peer->subject, "CN=rsa");
        wire_close(with.pair);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_shows_the_certificate_of_the_name_asked_for),
        cmocka_unit_test(a_wildcard_stands_for_one_label_and_yields_to_the_exact_name),
        cmocka_unit_test(a_name_that_no_certificate_has_gets_the_first),
        cmocka_unit_test(the_order_of_the_certificates_counts_and_not_that_of_the_clients_algorithms),
        cmocka_unit_test(what_is_no_host_name_is_no_name),
        cmocka_unit_test(of_two_for_one_name_the_client_gets_the_one_it_can_verify),
        cmocka_unit_test(by_signatures_in_tls_1_3),
        cmocka_unit_test(one_certificate_is_shown_to_all),
        cmocka_unit_test(a_client_shows_its_certificate_when_it_is_asked),
    };
    int result;

    (void)open_certificates(NULL);
    result = support_main(argc, argv, "tls_choice", tests, sizeof tests / sizeof *tests);
    (void)close_certificates(NULL);
    return result;
}
