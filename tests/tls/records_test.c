/* SPDX-License-Identifier: Apache-2.0 */
/* What comes after the handshake: ends, empty and broken records, alerts, messages that mbedTLS does not know. */
#include "tests/support/support.h"
#include "tests/tls/expect.h"
#include "tests/tls/inject.h"
#include "tests/tls/pki.h"

static pki keys;

static const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};

enum { VERSION_COUNT = sizeof versions / sizeof *versions };

static const fth_tls_engine *const engine = &fth_tls_mbedtls;

static wire_pair *open_version(size_t v)
{
    return expect_agreed(&keys, versions[v]);
}

static int64_t read_some(wire_end *end)
{
    unsigned char bytes[100];

    return wire_read(end, bytes, sizeof bytes);
}

static void an_end_with_close_notify_is_clean_and_stays(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        wire_pair *pair = open_version(v);

        assert_int_equal(engine->write(pair->client.session, "bye", 3), 3);
        assert_int_equal(engine->end(pair->client.session), FIRTH_OK);
        assert_int_equal(engine->end(pair->client.session), FIRTH_OK);
        pair->to_server.is_ended = true;
        assert_int_equal(read_some(&pair->server), 3);
        assert_int_equal(read_some(&pair->server), FIRTH_EOF);
        assert_int_equal(read_some(&pair->server), FIRTH_EOF);
        assert_int_equal(engine->write(pair->client.session, "x", 1), FIRTH_ERR_CLOSED);
        /* the other direction is still there */
        assert_int_equal(wire_carry(&pair->server, &pair->client, 1000, 1000), FIRTH_OK);
        wire_close(pair);
    }
}

static void an_end_without_close_notify_is_truncated_and_stays(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        wire_pair *pair = open_version(v);

        assert_int_equal(engine->write(pair->client.session, "bye", 3), 3);
        pair->to_server.is_ended = true;
        assert_int_equal(read_some(&pair->server), 3);
        assert_int_equal(read_some(&pair->server), FIRTH_ERR_TLS_TRUNCATED);
        assert_int_equal(read_some(&pair->server), FIRTH_ERR_TLS_TRUNCATED);
        assert_int_equal(wire_carry(&pair->server, &pair->client, 1000, 1000), FIRTH_OK);
        wire_close(pair);
    }
}

static void half_a_record_is_truncated_wherever_it_ends(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++)
        for (size_t lost = 1; lost < 100; lost++) {
            wire_pair *pair = open_version(v);

            while (read_some(&pair->server) >= 0)
                continue;
            assert_int_equal(engine->write(pair->client.session, "0123456789", 10), 10);
            if (lost >= pair->to_server.written - pair->to_server.read)
                lost = 100;
            else
                pair->to_server.written -= lost;
            pair->to_server.is_ended = true;
            assert_int_equal(read_some(&pair->server), lost == 100 ? 10 : FIRTH_ERR_TLS_TRUNCATED);
            wire_close(pair);
        }
}

/* mbedTLS says 0 for them, as it does for the end. */
static void two_empty_records_are_no_end(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++)
        for (size_t count = 1; count <= 3; count++) {
            wire_pair *pair = open_version(v);

            for (size_t i = 0; i < count; i++)
                inject_record(&pair->client, MBEDTLS_SSL_MSG_APPLICATION_DATA, "", 0);
            assert_int_equal(read_some(&pair->server), FIRTH_ERR_WOULD_BLOCK);
            assert_int_equal(wire_carry(&pair->client, &pair->server, 5, 5), FIRTH_OK);
            wire_close(pair);
        }
}

static void a_flood_of_empty_records_is_an_error_of_its_own(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        wire_pair *pair = open_version(v);

        for (size_t i = 0; i < 4; i++)
            inject_record(&pair->client, MBEDTLS_SSL_MSG_APPLICATION_DATA, "", 0);
        assert_int_equal(read_some(&pair->server), FIRTH_ERR_TLS_PROTOCOL);
        expect_text(pair->server.detail, "empty records in a row");
        assert_int_equal(read_some(&pair->client), FIRTH_ERR_TLS_ALERT);
        wire_close(pair);
    }
}

static void a_changed_record_is_an_error_that_stays_and_the_peer_hears_of_it(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        wire_pair *pair = open_version(v);

        assert_int_equal(engine->write(pair->client.session, "0123456789", 10), 10);
        pair->to_server.bytes[pair->to_server.written - 1] ^= 1;
        for (int i = 0; i < 3; i++) {
            assert_int_equal(read_some(&pair->server), FIRTH_ERR_TLS_PROTOCOL);
            assert_int_equal(pair->server.failure.os_code, MBEDTLS_ERR_SSL_INVALID_MAC);
            expect_text(pair->server.detail, "does not decrypt");
        }
        assert_int_equal(engine->write(pair->server.session, "x", 1), FIRTH_ERR_TLS_PROTOCOL);
        assert_int_equal(engine->flush(pair->server.session), FIRTH_ERR_TLS_PROTOCOL);
        assert_int_equal(engine->end(pair->server.session), FIRTH_ERR_TLS_PROTOCOL);
        assert_int_equal(engine->handshake(pair->server.session), FIRTH_ERR_TLS_PROTOCOL);
        assert_int_equal(engine->readable(pair->server.session), 0);
        assert_int_equal(read_some(&pair->client), FIRTH_ERR_TLS_ALERT);
        assert_string_equal(pair->client.failure.step, "alert bad_record_mac");
        assert_int_equal(pair->client.failure.os_code, 20);
        wire_close(pair);
    }
}

/* What the other side must be told of records that are wrong, each of a way of its own. */
static void wrong_records_are_answered_with_their_alert(void **state)
{
    static const struct {
        unsigned char header[5];
        const char *alert, *words;
    } rows[] = {
        {{'H', 'T', 'T', 'P', '/'}, "alert unexpected_message", "what came is no record of TLS"},
        {{23, 3, 3, 0xff, 0xff}, "alert record_overflow", "longer than TLS permits"},
        {{23, 3, 3, 0x48, 0x01}, "alert record_overflow", "longer than TLS permits"},
        {{23, 7, 3, 0, 100}, "alert protocol_version", "of a version of TLS that there is none of"},
        {{23, 3, 3, 0, 0}, "alert unexpected_message", "not made as TLS says"},
    };

    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            wire_pair *pair = open_version(v);
            wire *to = &pair->to_server;

            memcpy(to->bytes + to->written, rows[i].header, sizeof rows[i].header);
            to->written += sizeof rows[i].header + 0x4900; /* with a body, as far as it is looked at */
            assert_int_equal(read_some(&pair->server), FIRTH_ERR_TLS_PROTOCOL);
            expect_text(pair->server.detail, rows[i].words);
            assert_int_equal(read_some(&pair->client), FIRTH_ERR_TLS_ALERT);
            assert_string_equal(pair->client.failure.step, rows[i].alert);
            wire_close(pair);
        }
}

static void a_fatal_alert_is_named_whatever_its_number(void **state)
{
    static const struct {
        int number;
        const char *step;
    } rows[] = {{40, "alert handshake_failure"},
                {80, "alert internal_error"},
                {116, "alert certificate_required"},
                {255, "alert unknown"},
                {10, "alert unexpected_message"}};

    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            wire_pair *pair = open_version(v);
            size_t sent;

            inject_alert(&pair->client, MBEDTLS_SSL_ALERT_LEVEL_FATAL, rows[i].number);
            sent = pair->to_client.written;
            for (int again = 0; again < 2; again++) {
                assert_int_equal(read_some(&pair->server), FIRTH_ERR_TLS_ALERT);
                assert_string_equal(pair->server.failure.step, rows[i].step);
                assert_int_equal(pair->server.failure.os_code, rows[i].number);
            }
            assert_int_equal(pair->to_client.written, sent); /* an alert is not answered */
            wire_close(pair);
        }
}

static void a_warning_is_passed_over(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        wire_pair *pair = open_version(v);

        for (int i = 0; i < 3; i++)
            inject_alert(&pair->client, MBEDTLS_SSL_ALERT_LEVEL_WARNING, MBEDTLS_SSL_ALERT_MSG_USER_CANCELED);
        assert_int_equal(wire_carry(&pair->client, &pair->server, 5, 5), FIRTH_OK);
        wire_close(pair);
    }
}

static void warnings_without_end_are_an_attack(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        wire_pair *pair = open_version(v);

        for (int i = 0; i < 20000; i++) /* more than is passed over at once */
            inject_alert(&pair->client, MBEDTLS_SSL_ALERT_LEVEL_WARNING, MBEDTLS_SSL_ALERT_MSG_USER_CANCELED);
        assert_int_equal(read_some(&pair->server), FIRTH_ERR_TLS_PROTOCOL);
        assert_int_equal(read_some(&pair->client), FIRTH_ERR_TLS_ALERT);
        assert_string_equal(pair->client.failure.step, "alert unexpected_message");
        wire_close(pair);
    }
}

static void a_key_update_is_an_error_that_says_so(void **state)
{
    static const unsigned char update[] = {24, 0, 0, 1, 0}, request[] = {13, 0, 0, 3, 0, 0, 0};
    wire_pair *pair = open_version(1);

    (void)state;
    inject_record(&pair->client, MBEDTLS_SSL_MSG_HANDSHAKE, update, sizeof update);
    assert_int_equal(read_some(&pair->server), FIRTH_ERR_TLS_PROTOCOL);
    assert_string_equal(pair->server.detail, "the peer sent a KeyUpdate, which mbedTLS cannot follow");
    assert_int_equal(read_some(&pair->client), FIRTH_ERR_TLS_ALERT);
    assert_string_equal(pair->client.failure.step, "alert unexpected_message");
    wire_close(pair);
    pair = open_version(1);
    inject_record(&pair->server, MBEDTLS_SSL_MSG_HANDSHAKE, request, sizeof request);
    assert_int_equal(read_some(&pair->client), FIRTH_ERR_TLS_PROTOCOL);
    expect_text(pair->client.detail, "asked for a certificate after the handshake");
    wire_close(pair);
}

/* RFC 5246 §7.4.1.1: a client that does not renegotiate says so, and everything goes on. */
static void a_renegotiation_is_refused_and_the_connection_stays(void **state)
{
    static const unsigned char hello_request[] = {0, 0, 0, 0};
    wire_pair *pair = open_version(0);

    (void)state;
    inject_record(&pair->server, MBEDTLS_SSL_MSG_HANDSHAKE, hello_request, sizeof hello_request);
    assert_int_equal(read_some(&pair->client), FIRTH_ERR_WOULD_BLOCK);
    assert_int_equal(wire_carry(&pair->server, &pair->client, 5000, 5000), FIRTH_OK);
    assert_int_equal(wire_carry(&pair->client, &pair->server, 5000, 5000), FIRTH_OK);
    wire_close(pair);
}

static void a_transport_that_fails_ends_its_own_direction(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        wire_pair *pair = open_version(v);

        assert_int_equal(engine->write(pair->server.session, "last words", 10), 10);
        pair->to_server.send_error = FIRTH_ERR_RESET;
        for (int i = 0; i < 2; i++)
            assert_int_equal(engine->write(pair->client.session, "x", 1), FIRTH_ERR_RESET);
        while (read_some(&pair->client) == FIRTH_ERR_WOULD_BLOCK)
            continue;
        pair->to_client.receive_error = FIRTH_ERR_TIMED_OUT;
        for (int i = 0; i < 2; i++)
            assert_int_equal(read_some(&pair->client), FIRTH_ERR_TIMED_OUT);
        assert_string_equal(pair->client.failure.step, "receive");
        wire_close(pair);
    }
}

static void what_is_decrypted_can_be_read_without_the_transport(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        wire_pair *pair = open_version(v);
        unsigned char byte;

        assert_int_equal(engine->readable(pair->server.session), 0);
        assert_int_equal(engine->write(pair->client.session, "0123456789", 10), 10);
        assert_int_equal(wire_read(&pair->server, &byte, 1), 1);
        assert_int_equal(engine->readable(pair->server.session), 9);
        pair->to_server.is_ended = true;
        assert_int_equal(read_some(&pair->server), 9);
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
        TEST(an_end_with_close_notify_is_clean_and_stays),
        TEST(an_end_without_close_notify_is_truncated_and_stays),
        TEST(half_a_record_is_truncated_wherever_it_ends),
        TEST(two_empty_records_are_no_end),
        TEST(a_flood_of_empty_records_is_an_error_of_its_own),
        TEST(a_changed_record_is_an_error_that_stays_and_the_peer_hears_of_it),
        TEST(wrong_records_are_answered_with_their_alert),
        TEST(a_fatal_alert_is_named_whatever_its_number),
        TEST(a_warning_is_passed_over),
        TEST(warnings_without_end_are_an_attack),
        TEST(a_key_update_is_an_error_that_says_so),
        TEST(a_renegotiation_is_refused_and_the_connection_stays),
        TEST(a_transport_that_fails_ends_its_own_direction),
        TEST(what_is_decrypted_can_be_read_without_the_transport),
    };

    return support_main(argc, argv, "tls records", tests, sizeof tests / sizeof *tests);
}
