/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes that must fail, and what each side says of them. */
#include "tests/support/skip.h"
#include "tests/support/support.h"
#include "tests/tls/expect.h"
#include "tests/tls/inject.h"
#include "tests/tls/pki.h"

static pki keys;

/* One side finds the fault and the other is told by that alert. */
static void expect_told(const wire_end *finder, int code, const char *words, const wire_end *other, const char *alert)
{
    assert_int_equal(wire_outcome(finder), code);
    expect_text(finder->detail, words);
    assert_int_equal(wire_outcome(other), FIRTH_ERR_TLS_ALERT);
    assert_string_equal(other->failure.step, alert);
}

static void versions_without_overlap_have_nothing_in_common(void **state)
{
    pki_setup setup;
    wire_pair *pair;

    (void)state;
    pki_prepare(&setup, &keys, keys.ec, FIRTH_TLS_1_2);
    setup.client.min_version = setup.client.max_version = FIRTH_TLS_1_3;
    pair = wire_open(&setup.client, &setup.server);
    (void)wire_establish(pair, PKI_HOST);
    expect_told(&pair->server, FIRTH_ERR_TLS_HANDSHAKE, "no version of TLS in common", &pair->client,
                "alert protocol_version");
    wire_close(pair);
    pki_prepare(&setup, &keys, keys.ec, FIRTH_TLS_1_3);
    setup.client.min_version = setup.client.max_version = FIRTH_TLS_1_2;
    pair = wire_open(&setup.client, &setup.server);
    (void)wire_establish(pair, PKI_HOST);
    expect_told(&pair->server, FIRTH_ERR_TLS_HANDSHAKE, "no version of TLS in common", &pair->client,
                "alert protocol_version");
    wire_close(pair);
}

static void suites_without_overlap_have_nothing_in_common(void **state)
{
    static const uint16_t some[] = {0x1301, 0xc02b}, others[] = {0x1303, 0xc02c};
    static const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};

    (void)state;
    for (size_t v = 0; v < 2; v++) {
        pki_setup setup;
        wire_pair *pair;

        pki_prepare(&setup, &keys, keys.ec, versions[v]);
        setup.client.cipher_suites = some;
        setup.server.cipher_suites = others;
        setup.client.cipher_suite_count = setup.server.cipher_suite_count = 2;
        pair = wire_open(&setup.client, &setup.server);
        (void)wire_establish(pair, PKI_HOST);
        expect_told(&pair->server, FIRTH_ERR_TLS_HANDSHAKE, "in common with the peer", &pair->client,
                    "alert handshake_failure");
        wire_close(pair);
    }
}

static void protocols_without_overlap_have_nothing_in_common(void **state)
{
    static const char *const http[] = {"h2", "http/1.1"}, *const mail[] = {"imap"};
    static const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};

    (void)state;
    for (size_t v = 0; v < 2; v++) {
        pki_setup setup;
        wire_pair *pair;

        pki_prepare(&setup, &keys, keys.ec, versions[v]);
        setup.client.alpn = http;
        setup.client.alpn_count = 2;
        setup.server.alpn = mail;
        setup.server.alpn_count = 1;
        pair = wire_open(&setup.client, &setup.server);
        (void)wire_establish(pair, PKI_HOST);
        expect_told(&pair->server, FIRTH_ERR_TLS_HANDSHAKE, "no application protocol (ALPN) in common", &pair->client,
                    "alert no_application_protocol");
        wire_close(pair);
    }
}

static void the_protocol_that_both_speak_is_agreed_on(void **state)
{
    static const char *const wishes[] = {"h2", "http/1.1"}, *const others[] = {"spdy", "http/1.1"};
    static const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};

    (void)state;
    for (size_t v = 0; v < 2; v++) {
        pki_setup setup;
        wire_pair *pair;
        firth_tls_info info;

        pki_prepare(&setup, &keys, keys.ec, versions[v]);
        setup.client.alpn = wishes;
        setup.server.alpn = others;
        setup.client.alpn_count = setup.server.alpn_count = 2;
        pair = wire_open(&setup.client, &setup.server);
        expect_accepted(pair, PKI_HOST);
        fth_tls_mbedtls_facts.info(pair->client.session, &info);
        assert_string_equal(info.alpn, "http/1.1");
        fth_tls_mbedtls_facts.info(pair->server.session, &info);
        assert_string_equal(info.alpn, "http/1.1");
        wire_close(pair);
    }
}

static void put_bytes(wire *w, const char *text)
{
    memcpy(w->bytes + w->written, text, strlen(text));
    w->written += strlen(text);
}

static void a_peer_that_does_not_speak_tls_is_told_from_one_that_does(void **state)
{
    pki_setup setup;
    wire_pair *pair;

    (void)state;
    pki_prepare(&setup, &keys, keys.ec, 0);
    pair = wire_open(&setup.client, &setup.server);
    assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
    put_bytes(&pair->to_server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    put_bytes(&pair->to_client, "HTTP/1.1 400 Bad Request\r\n\r\n");
    (void)wire_handshake(pair);
    assert_int_equal(pair->server.result, FIRTH_ERR_TLS_PROTOCOL);
    assert_string_equal(pair->server.detail, "the peer does not speak TLS");
    assert_int_equal(pair->client.result, FIRTH_ERR_TLS_PROTOCOL);
    assert_string_equal(pair->client.detail, "the peer does not speak TLS");
    wire_close(pair);
}

static void a_peer_that_leaves_in_the_handshake_is_no_clean_end(void **state)
{
    pki_setup setup;
    wire_pair *pair;

    (void)state;
    pki_prepare(&setup, &keys, keys.ec, 0);
    pair = wire_open(&setup.client, &setup.server);
    pair->to_client.cut_at = 0;
    (void)wire_establish(pair, PKI_HOST);
    assert_int_equal(pair->client.result, FIRTH_ERR_TLS_TRUNCATED);
    expect_text(pair->client.detail, "in the handshake");
    assert_string_equal(pair->client.failure.step, "handshake");
    wire_close(pair);
}

static void a_transport_that_fails_ends_the_handshake_with_its_error(void **state)
{
    pki_setup setup;
    wire_pair *pair;

    (void)state;
    pki_prepare(&setup, &keys, keys.ec, 0);
    pair = wire_open(&setup.client, &setup.server);
    pair->to_server.send_error = FIRTH_ERR_RESET;
    (void)wire_establish(pair, PKI_HOST);
    assert_int_equal(pair->client.result, FIRTH_ERR_RESET);
    assert_string_equal(pair->client.failure.step, "send");
    pair->to_server.send_error = FIRTH_OK;
    pair->to_client.receive_error = FIRTH_ERR_TIMED_OUT;
    (void)wire_establish(pair, PKI_HOST);
    assert_int_equal(pair->client.result, FIRTH_ERR_TIMED_OUT);
    assert_string_equal(pair->client.failure.step, "receive");
    wire_close(pair);
}

static void an_alert_in_the_handshake_is_named_and_not_answered(void **state)
{
    pki_setup setup;
    wire_pair *pair;

    (void)state;
    pki_prepare(&setup, &keys, keys.ec, 0);
    pair = wire_open(&setup.client, &setup.server);
    for (int closes = 0; closes < 2; closes++) {
        assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
        inject_alert(&pair->server, closes ? 1 : 2, closes ? 0 : 112);
        (void)wire_handshake(pair);
        assert_int_equal(pair->client.result, FIRTH_ERR_TLS_ALERT);
        assert_string_equal(pair->client.failure.step, closes ? "alert close_notify" : "alert unrecognized_name");
        assert_int_equal(pair->client.failure.os_code, closes ? 0 : 112);
    }
    wire_close(pair);
}

/* A long chain of certificates: legal, and more than mbedTLS's buffer holds. */
static const char too_long[] = "handshake message of the peer's (a long chain of certificates?) is longer than the";

static void a_plain_message_that_is_too_long_is_said_to_be(void **state)
{
    enum { PIECE = 16000 };
    static const unsigned char records[2][9] = {
        {22, 3, 3, PIECE >> 8, PIECE & 0xff, 1, 0, 2 * PIECE >> 8, (2 * PIECE) & 0xff},
        {22, 3, 3, PIECE >> 8, PIECE & 0xff}};
    pki_setup setup;
    wire_pair *pair;

    (void)state;
    if (!FTH_TLS_JOINS_MESSAGES)
        SKIP("this mbedTLS joins no messages");
    pki_prepare(&setup, &keys, keys.ec, 0);
    pair = wire_open(&setup.client, &setup.server);
    assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
    for (size_t i = 0; i < 2; i++) {
        memcpy(pair->to_server.bytes + pair->to_server.written, records[i], sizeof records[i]);
        pair->to_server.written += 5 + PIECE;
    }
    assert_int_equal(fth_tls_mbedtls.handshake(pair->server.session), FIRTH_ERR_TLS_HANDSHAKE);
    expect_text(firth_last_failure()->detail, too_long);
    assert_int_equal(fth_tls_mbedtls.handshake(pair->client.session), FIRTH_ERR_TLS_ALERT);
    assert_string_equal(firth_last_failure()->step, "alert internal_error");
    wire_close(pair);
}

/* A sealed record may be longer than what is in it: RFC 8446 §5.2. */
static void a_sealed_message_that_is_too_long_is_said_to_be(void **state)
{
    static unsigned char piece[16383] = {4, 0, 0xff, 0};
    pki_setup setup;
    wire_pair *pair;

    (void)state;
    if (!FTH_TLS_JOINS_MESSAGES)
        SKIP("this mbedTLS joins no messages");
    pki_prepare(&setup, &keys, keys.ec, FIRTH_TLS_1_3);
    pair = wire_open(&setup.client, &setup.server);
    expect_accepted(pair, PKI_HOST);
    for (size_t i = 0; i < 2; i++)
        inject_record(&pair->server, MBEDTLS_SSL_MSG_HANDSHAKE, piece, sizeof piece);
    assert_int_equal(wire_read(&pair->client, piece, 1), FIRTH_ERR_TLS_HANDSHAKE);
    expect_text(pair->client.detail, too_long);
    assert_int_equal(wire_read(&pair->server, piece, 1), FIRTH_ERR_TLS_ALERT);
    assert_string_equal(pair->server.failure.step, "alert internal_error");
    wire_close(pair);
}

/* Legal in TLS 1.2 (RFC 5246 §7.4.1.2), and refused in any case, without an extended master secret. Of a server that has TLS
 * 1.3 as well mbedTLS reads it as a hello of that, which has extensions. */
static void a_hello_without_extensions_is_refused(void **state)
{
    static const unsigned char hello[5 + 47] = {22, 3, 1,        0,    47,   1,    0,    0, 43,
                                                3,  3, [45] = 4, 0xc0, 0x2b, 0xc0, 0x2f, 1};
    static const struct {
        firth_tls_version version;
        int code;
        const char *alert;
    } answers[] = {{FIRTH_TLS_1_2, FIRTH_ERR_TLS_HANDSHAKE, "alert handshake_failure"},
                   {0, FIRTH_ERR_TLS_PROTOCOL, "alert decode_error"}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        pki_setup setup;
        wire_pair *pair;

        pki_prepare(&setup, &keys, keys.ec, answers[i].version);
        pair = wire_open(&setup.client, &setup.server);
        assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
        memcpy(pair->to_server.bytes, hello, sizeof hello);
        pair->to_server.written = sizeof hello;
        assert_int_equal(fth_tls_mbedtls.handshake(pair->server.session), answers[i].code);
        assert_int_equal(fth_tls_mbedtls.handshake(pair->client.session), FIRTH_ERR_TLS_ALERT);
        assert_string_equal(firth_last_failure()->step, answers[i].alert);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_group, teardown_group)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(versions_without_overlap_have_nothing_in_common),
        TEST(suites_without_overlap_have_nothing_in_common),
        TEST(protocols_without_overlap_have_nothing_in_common),
        TEST(the_protocol_that_both_speak_is_agreed_on),
        TEST(a_peer_that_does_not_speak_tls_is_told_from_one_that_does),
        TEST(a_peer_that_leaves_in_the_handshake_is_no_clean_end),
        TEST(a_transport_that_fails_ends_the_handshake_with_its_error),
        TEST(an_alert_in_the_handshake_is_named_and_not_answered),
        TEST(a_plain_message_that_is_too_long_is_said_to_be),
        TEST(a_sealed_message_that_is_too_long_is_said_to_be),
        TEST(a_hello_without_extensions_is_refused),
    };

    return support_main(argc, argv, "tls disagreement", tests, sizeof tests / sizeof *tests);
}
