/* SPDX-License-Identifier: Apache-2.0 */
/* Each cause of a failing handshake, and the alert that the other side sees for it (RFC 8446 §6.2, RFC 5246 §7.2.2). What
 * is wrong with a server's certificate is in verify_test.c, with a client's in client_certificate_test.c. */
#include "core/tls/mbedtls/alerts.h"
#include "tests/support/support.h"
#include "tests/tls/expect.h"
#include "tests/tls/pki.h"

static pki keys;

static const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};

static const fth_tls_engine *const engine = &fth_tls_mbedtls;

/* ---- two ends that do not agree ---------------------------------------------------------------------------------- */

static size_t find_key(void *argument, const char *identity, unsigned char *key, size_t capacity)
{
    (void)argument;
    if (strcmp(identity, "alice") != 0 || capacity < 16)
        return 0;
    memset(key, 7, 16);
    return 16;
}

static void have_other_versions(pki_setup *setup)
{
    const firth_tls_version client = setup->server.min_version == FIRTH_TLS_1_2 ? FIRTH_TLS_1_3 : FIRTH_TLS_1_2;

    setup->client.min_version = setup->client.max_version = client;
}

static void have_other_suites(pki_setup *setup)
{
    static const uint16_t some[] = {0x1301, 0xc02b}, others[] = {0x1303, 0xc02c};

    setup->client.cipher_suites = some;
    setup->server.cipher_suites = others;
    setup->client.cipher_suite_count = setup->server.cipher_suite_count = 2;
}

static void have_other_protocols(pki_setup *setup)
{
    static const char *const http[] = {"h2"}, *const mail[] = {"imap"};

    setup->client.alpn = http;
    setup->server.alpn = mail;
    setup->client.alpn_count = setup->server.alpn_count = 1;
}

static void have_keys(pki_setup *setup, const char *identity, const char *key)
{
    const firth_tls_version version = setup->server.min_version;

    setup->server = firth_tls_server();
    setup->server.psk_find = find_key;
    setup->client = firth_tls_client();
    setup->client.psk_identity = identity;
    setup->client.psk = (const unsigned char *)key;
    setup->client.psk_size = 16;
    setup->server.min_version = setup->server.max_version = version;
    setup->client.min_version = setup->client.max_version = version;
}

static void have_another_key(pki_setup *setup)
{
    have_keys(setup, "alice", "0123456789abcdef");
}

static void have_no_such_key(pki_setup *setup)
{
    have_keys(setup, "mallory", "\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a\a");
}

static void have_other_groups(wire_pair *pair)
{
    static const uint16_t client[] = {MBEDTLS_SSL_IANA_TLS_GROUP_X25519, MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, 0};
    static const uint16_t server[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, 0};

    mbedtls_ssl_conf_groups(&pair->client.context->config, client);
    mbedtls_ssl_conf_groups(&pair->server.context->config, server);
}

static void have_other_signatures(wire_pair *pair)
{
    static const uint16_t client[] = {MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256, MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
                                      MBEDTLS_TLS1_3_SIG_NONE};

    mbedtls_ssl_conf_sig_algs(&pair->client.context->config, client);
}

/* The server finds it, and the client sees that alert, in TLS 1.2 and 1.3. */
static const struct {
    const char *name;
    void (*arrange)(pki_setup *setup);
    void (*change)(wire_pair *pair);
    const char *alerts[2];
} disagreements[] = {
    {"versions", have_other_versions, NULL, {"alert protocol_version", "alert protocol_version"}},
    {"suites", have_other_suites, NULL, {"alert handshake_failure", "alert handshake_failure"}},
    {"groups", NULL, have_other_groups, {"alert handshake_failure", "alert handshake_failure"}},
    {"signatures", NULL, have_other_signatures, {"alert handshake_failure", "alert handshake_failure"}},
    {"protocols", have_other_protocols, NULL, {"alert no_application_protocol", "alert no_application_protocol"}},
    {"identity of a key", have_no_such_key, NULL, {"alert unknown_psk_identity", "alert unknown_psk_identity"}},
    {"key", have_another_key, NULL, {"alert bad_record_mac", "alert decrypt_error"}},
};

static void a_client_is_told_what_there_is_not_in_common(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof disagreements / sizeof *disagreements; i++)
        for (size_t v = 0; v < 2; v++) {
            pki_setup setup;
            wire_pair *pair;

            pki_prepare(&setup, &keys, keys.ec, versions[v]);
            if (disagreements[i].arrange != NULL)
                disagreements[i].arrange(&setup);
            pair = wire_open(&setup.client, &setup.server);
            if (disagreements[i].change != NULL)
                disagreements[i].change(pair);
            (void)wire_establish(pair, PKI_HOST);
            if (wire_outcome(&pair->client) != FIRTH_ERR_TLS_ALERT)
                print_error("%s: client %d %s %s, server %d %s %s\n", disagreements[i].name, pair->client.result,
                            pair->client.failure.step, pair->client.detail, pair->server.result,
                            pair->server.failure.step, pair->server.detail);
            assert_true(wire_outcome(&pair->server) < 0);
            assert_int_equal(wire_outcome(&pair->client), FIRTH_ERR_TLS_ALERT);
            if (strcmp(pair->client.failure.step, disagreements[i].alerts[v]) != 0)
                print_error("%s: %s\n", disagreements[i].name, pair->server.detail);
            assert_string_equal(pair->client.failure.step, disagreements[i].alerts[v]);
            wire_close(pair);
        }
}

/* ---- a hello that is not one ------------------------------------------------------------------------------------- */

enum { RECORD = 5, VERSION = RECORD + 4, SESSION_ID = VERSION + 2 + 32 };

static size_t number_at(const unsigned char *bytes)
{
    return (size_t)(bytes[0] << 8 | bytes[1]);
}

static unsigned char *suites_of(unsigned char *hello)
{
    return hello + SESSION_ID + 1 + hello[SESSION_ID];
}

static unsigned char *compression_of(unsigned char *hello)
{
    return suites_of(hello) + 2 + number_at(suites_of(hello));
}

static unsigned char *extensions_of(unsigned char *hello)
{
    return compression_of(hello) + 2;
}

/* The extension of that type; NULL: the hello has none. */
static unsigned char *extension_of(unsigned char *hello, unsigned type)
{
    unsigned char *at = extensions_of(hello) + 2, *end = at + number_at(at - 2);

    while (at < end && number_at(at) != type)
        at += 4 + number_at(at + 2);
    return at < end ? at : NULL;
}

static void hide_extension(unsigned char *hello, unsigned type)
{
    unsigned char *at = extension_of(hello, type);

    if (at != NULL)
        at[0] = at[1] = 0xfa; /* nobody's */
}

static void be_of_another_type(unsigned char *hello)
{
    hello[RECORD] = MBEDTLS_SSL_HS_SERVER_HELLO;
}

static void be_application_data(unsigned char *hello)
{
    hello[0] = MBEDTLS_SSL_MSG_APPLICATION_DATA;
}

static void be_of_tls_1_0(unsigned char *hello)
{
    hello[VERSION + 1] = 1;
    hide_extension(hello, MBEDTLS_TLS_EXT_SUPPORTED_VERSIONS);
}

static void have_a_long_session_id(unsigned char *hello)
{
    hello[SESSION_ID] = 255;
}

static void have_half_a_suite(unsigned char *hello)
{
    suites_of(hello)[1]++;
}

static void have_too_long_extensions(unsigned char *hello)
{
    extensions_of(hello)[1]++;
}

static void have_too_long_an_extension(unsigned char *hello)
{
    extension_of(hello, MBEDTLS_TLS_EXT_SUPPORTED_GROUPS)[4]++;
}

static void have_no_compression(unsigned char *hello)
{
    compression_of(hello)[1] = 1;
}

static void have_no_signatures(unsigned char *hello)
{
    hide_extension(hello, MBEDTLS_TLS_EXT_SIG_ALG);
}

static void have_no_groups(unsigned char *hello)
{
    hide_extension(hello, MBEDTLS_TLS_EXT_SUPPORTED_GROUPS);
}

static void have_no_key_share(unsigned char *hello)
{
    hide_extension(hello, MBEDTLS_TLS_EXT_KEY_SHARE);
}

static void have_a_key_of_zeros(unsigned char *hello)
{
    unsigned char *at = extension_of(hello, MBEDTLS_TLS_EXT_KEY_SHARE);

    memset(at + 10, 0, number_at(at + 8));
}

/* NULL: of no meaning in that version. */
static const struct {
    const char *name;
    void (*change)(unsigned char *hello);
    const char *alerts[2];
} bad_hellos[] = {
    {"type", be_of_another_type, {"alert unexpected_message", "alert unexpected_message"}},
    {"application data", be_application_data, {"alert unexpected_message", "alert unexpected_message"}},
    {"version", be_of_tls_1_0, {"alert protocol_version", "alert protocol_version"}},
    {"session id", have_a_long_session_id, {"alert decode_error", "alert decode_error"}},
    {"suites", have_half_a_suite, {"alert decode_error", "alert decode_error"}},
    {"extensions", have_too_long_extensions, {"alert decode_error", "alert decode_error"}},
    {"extension", have_too_long_an_extension, {"alert decode_error", "alert decode_error"}},
    {"compression", have_no_compression, {NULL, "alert illegal_parameter"}},
    {"no signatures", have_no_signatures, {NULL, "alert missing_extension"}},
    {"no groups", have_no_groups, {NULL, "alert missing_extension"}},
    {"no key share", have_no_key_share, {NULL, "alert missing_extension"}},
    {"key of zeros", have_a_key_of_zeros, {NULL, "alert illegal_parameter"}},
};

/* The last record, of no key's. */
static const char *alert_in(const wire *w)
{
    const unsigned char *record = w->bytes + w->written - 7;

    if (w->written < 7 || record[0] != MBEDTLS_SSL_MSG_ALERT || record[5] != MBEDTLS_SSL_ALERT_LEVEL_FATAL)
        return "no alert";
    return fth_tls_alert_name(record[6]);
}

static void a_client_is_told_what_is_wrong_with_its_hello(void **state)
{
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof bad_hellos / sizeof *bad_hellos; i++)
        for (size_t v = 0; v < 2; v++) {
            pki_setup setup;
            wire_pair *pair;
            const char *seen;

            if (bad_hellos[i].alerts[v] == NULL)
                continue;
            pki_prepare(&setup, &keys, keys.ec, versions[v]);
            pair = wire_open(&setup.client, &setup.server);
            assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
            assert_int_equal(engine->handshake(pair->client.session), FTH_TLS_WANT_READ);
            bad_hellos[i].change(pair->to_server.bytes);
            assert_true(engine->handshake(pair->server.session) < 0);
            seen = alert_in(&pair->to_client);
            if (strcmp(seen, bad_hellos[i].alerts[v]) != 0) {
                print_error("%s in TLS %s: %s, %s\n", bad_hellos[i].name, v == 0 ? "1.2" : "1.3", seen,
                            firth_last_failure()->detail);
                wrong++;
            }
            wire_close(pair);
        }
    assert_int_equal(wrong, 0);
}

/* Up to where the client has said hello again, of all versions. Returns where that hello is. */
static unsigned char *second_hello(wire_pair *pair)
{
    static const uint16_t p384_alone[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, 0};
    unsigned char *at;

    mbedtls_ssl_conf_groups(&pair->server.context->config, p384_alone);
    assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
    assert_int_equal(engine->handshake(pair->client.session), FTH_TLS_WANT_READ);
    assert_int_equal(engine->handshake(pair->server.session), FTH_TLS_WANT_READ);
    at = pair->to_server.bytes + pair->to_server.written;
    assert_int_equal(engine->handshake(pair->client.session), FTH_TLS_WANT_READ);
    while (at[0] == MBEDTLS_SSL_MSG_CHANGE_CIPHER_SPEC)
        at += RECORD + number_at(at + 3);
    assert_int_equal(at[0], MBEDTLS_SSL_MSG_HANDSHAKE);
    return at;
}

/* In a hello, no one can tell who changed it on its way. */
static void a_client_that_was_asked_for_tls_1_3_cannot_come_back_with_1_2(void **state)
{
    pki_setup setup;
    wire_pair *pair;

    (void)state;
    pki_prepare(&setup, &keys, keys.ec, 0);
    pair = wire_open(&setup.client, &setup.server);
    hide_extension(second_hello(pair), MBEDTLS_TLS_EXT_SUPPORTED_VERSIONS);
    assert_int_equal(engine->handshake(pair->server.session), FIRTH_ERR_TLS_PROTOCOL);
    assert_string_equal(alert_in(&pair->to_client), "alert illegal_parameter");
    wire_close(pair);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_is_told_what_there_is_not_in_common),
        cmocka_unit_test(a_client_is_told_what_is_wrong_with_its_hello),
        cmocka_unit_test(a_client_that_was_asked_for_tls_1_3_cannot_come_back_with_1_2),
    };
    int result;

    pki_open(&keys);
    result = support_main(argc, argv, "tls_alerts", tests, sizeof tests / sizeof *tests);
    pki_close(&keys);
    return result;
}
