/* SPDX-License-Identifier: Apache-2.0 */
/* Handshake messages in pieces of any size (RFC 8446 §5.1): what is legal is read, what is not is told. */
#include "tests/support/support.h"
#include "tests/tls/expect.h"
#include "tests/tls/inject.h"
#include "tests/tls/pki.h"

static pki keys;

static const fth_tls_engine *const engine = &fth_tls_mbedtls;

static const size_t sizes[] = {1, 2, 3, 4, 5, 7, 100, 16384};

enum { SIZE_COUNT = sizeof sizes / sizeof *sizes };

static const struct {
    firth_tls_version version;
    bool is_rsa, has_client_certificate, has_client_both;
} kinds[] = {
    {FIRTH_TLS_1_2, false, false, false},
    {FIRTH_TLS_1_3, false, false, false},
    {FIRTH_TLS_1_2, true, true, false},
    {FIRTH_TLS_1_3, true, true, false},
    {0, false, true, false},
    {FIRTH_TLS_1_2, true, true, true},
};

enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

static wire_pair *open_kind(size_t kind)
{
    pki_setup setup;
    wire_pair *pair;

    pki_prepare(&setup, &keys, kinds[kind].is_rsa ? keys.rsa : keys.ec, kinds[kind].version);
    if (kinds[kind].has_client_certificate)
        pki_prepare_client(&setup, &keys, FIRTH_TLS_CLIENT_REQUIRED);
    if (kinds[kind].has_client_both)
        setup.client.max_version = FIRTH_TLS_1_3;
    pair = wire_open(&setup.client, &setup.server);
    pair->to_client.cut.is_1_2 = pair->to_server.cut.is_1_2 = kinds[kind].version == FIRTH_TLS_1_2;
    return pair;
}

static void cut_into(wire_pair *pair, size_t to_server, size_t to_client)
{
    pair->to_server.cut.piece = to_server;
    pair->to_client.cut.piece = to_client;
}

static void expect_carried(wire_pair *pair)
{
    assert_int_equal(wire_carry(&pair->client, &pair->server, 20000, 20000), FIRTH_OK);
    assert_int_equal(wire_carry(&pair->server, &pair->client, 20000, 20000), FIRTH_OK);
}

/* ---- what is legal ----------------------------------------------------------------------------------------------- */

static void handshakes_in_pieces_of_any_size_are_read(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KIND_COUNT; kind++)
        for (size_t i = 0; i < SIZE_COUNT; i++) {
            wire_pair *pair = open_kind(kind);

            cut_into(pair, sizes[i], sizes[SIZE_COUNT - 1 - i]);
            expect_accepted(pair, PKI_HOST);
            expect_carried(pair);
            wire_close(pair);
        }
}

/* Pieces of records in pieces: as much as the transport likes to give, and nothing every second time. */
static void pieces_that_come_in_pieces_are_read(void **state)
{
    static const size_t mosts[] = {1, 3, 0};

    (void)state;
    for (size_t kind = 0; kind < KIND_COUNT; kind++)
        for (size_t i = 0; i < sizeof mosts / sizeof *mosts; i++) {
            wire_pair *pair = open_kind(kind);

            cut_into(pair, 3, 1);
            pair->to_client.most = pair->to_server.most = mosts[i];
            pair->to_client.is_reluctant = pair->to_server.is_reluctant = true;
            expect_accepted(pair, PKI_HOST);
            pair->to_client.is_reluctant = pair->to_server.is_reluctant = false;
            expect_carried(pair);
            wire_close(pair);
        }
}

static const uint16_t p384_alone[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, 0};

/* The server has the client say hello again, by a group that it gave no key for. */
static void a_hello_that_is_asked_for_again_may_be_in_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZE_COUNT; i++) {
        wire_pair *pair = open_kind(1);
        size_t hellos = 0;

        mbedtls_ssl_conf_groups(&pair->server.context->config, p384_alone);
        cut_into(pair, 0, 0);
        expect_accepted(pair, PKI_HOST);
        for (size_t at = 0; at < pair->to_client.written;
             at += 5 + (size_t)(pair->to_client.bytes[at + 3] << 8 | pair->to_client.bytes[at + 4]))
            hellos += pair->to_client.bytes[at] == MBEDTLS_SSL_MSG_HANDSHAKE;
        assert_int_equal(hellos, 2);
        cut_into(pair, sizes[i], sizes[i]);
        expect_accepted(pair, PKI_HOST);
        expect_carried(pair);
        wire_close(pair);
    }
}

static void a_resumed_handshake_may_be_in_pieces(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < 2; kind++)
        for (size_t i = 0; i < SIZE_COUNT; i++) {
            wire_pair *pair = open_kind(kind);
            firth_tls_info info;

            for (int turn = 0; turn < 2; turn++) {
                cut_into(pair, sizes[i], sizes[i]);
                expect_accepted(pair, PKI_HOST);
                fth_tls_mbedtls_facts.info(pair->server.session, &info);
                assert_int_equal(info.is_resumed, turn);
            }
            expect_carried(pair);
            wire_close(pair);
        }
}

/* A long message of bytes alone is more than is read in one go, six times. */
static void a_long_chain_may_come_byte_by_byte(void **state)
{
    enum { LENGTH = 30 };
    certificate *const chain[] = {keys.ec};
    const certificate *repeated[LENGTH];
    static char pem[LENGTH * 4096], key[4096];

    (void)state;
    for (size_t i = 0; i < LENGTH; i++)
        repeated[i] = i == 0 ? chain[0] : keys.root;
    for (size_t kind = 0; kind < 2; kind++) {
        pki_setup setup;
        wire_pair *pair;

        pki_prepare(&setup, &keys, keys.ec, kinds[kind].version);
        setup.identity.certificate = firth_tls_memory(pem, certificate_pem(pem, sizeof pem, repeated, LENGTH));
        setup.identity.key = firth_tls_memory(key, certificate_key_pem(key, sizeof key, keys.ec));
        pair = wire_open(&setup.client, &setup.server);
        pair->to_client.cut.is_1_2 = pair->to_server.cut.is_1_2 = kinds[kind].version == FIRTH_TLS_1_2;
        cut_into(pair, 1, 1);
        expect_accepted(pair, PKI_HOST);
        wire_close(pair);
    }
}

/* ---- what is not ------------------------------------------------------------------------------------------------- */

static void put_record(wire *w, int type, const void *bytes, size_t size)
{
    const unsigned char header[] = {(unsigned char)type, 3, 3, (unsigned char)(size >> 8), (unsigned char)size};

    memcpy(w->bytes + w->written, header, sizeof header);
    memcpy(w->bytes + w->written + sizeof header, bytes, size);
    w->written += sizeof header + size;
}

/* The server reads what was put, and fails with these words; the client is told. */
static void expect_fault(wire_pair *pair, const char *words)
{
    assert_int_equal(engine->handshake(pair->server.session), FIRTH_ERR_TLS_PROTOCOL);
    expect_text(firth_last_failure()->detail, words);
    assert_int_equal(engine->handshake(pair->client.session), FIRTH_ERR_TLS_ALERT);
    assert_string_equal(firth_last_failure()->step, "alert unexpected_message");
}

static const unsigned char hello[] = {1, 0, 0, 100, 3, 3, 7, 7, 7};

static void records_of_another_kind_between_pieces_are_unexpected(void **state)
{
    static const struct {
        int type;
        unsigned char bytes[2];
        size_t size;
    } others[] = {{MBEDTLS_SSL_MSG_ALERT, {2, 40}, 2},
                  {MBEDTLS_SSL_MSG_ALERT, {1, 90}, 2},
                  {MBEDTLS_SSL_MSG_CHANGE_CIPHER_SPEC, {1}, 1},
                  {MBEDTLS_SSL_MSG_APPLICATION_DATA, {7, 7}, 2}};

    (void)state;
    for (size_t kind = 0; kind < 2; kind++)
        for (size_t size = 1; size <= sizeof hello; size++)
            for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
                wire_pair *pair = open_kind(kind);

                assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
                put_record(&pair->to_server, MBEDTLS_SSL_MSG_HANDSHAKE, hello, size);
                assert_int_equal(engine->handshake(pair->server.session), FTH_TLS_WANT_READ);
                put_record(&pair->to_server, others[i].type, others[i].bytes, others[i].size);
                expect_fault(pair, "a record of another kind is in the middle of a handshake message");
                wire_close(pair);
            }
}

/* RFC 8446 §5.1: never of a handshake, however little there is before it. */
static void an_empty_record_is_an_error_at_once(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < 2; kind++)
        for (size_t size = 0; size <= sizeof hello; size++) {
            wire_pair *pair = open_kind(kind);

            assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
            if (size > 0)
                put_record(&pair->to_server, MBEDTLS_SSL_MSG_HANDSHAKE, hello, size);
            put_record(&pair->to_server, MBEDTLS_SSL_MSG_HANDSHAKE, "", 0);
            expect_fault(pair, "a record is not made as TLS says");
            wire_close(pair);
        }
}

static void a_record_that_is_too_long_is_refused_behind_a_piece_too(void **state)
{
    static const unsigned char header[] = {22, 3, 3, 0x41, 1}; /* 2^14 + 257 */

    (void)state;
    for (size_t size = 0; size <= sizeof hello; size++) {
        wire_pair *pair = open_kind(1);

        assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
        if (size > 0)
            put_record(&pair->to_server, MBEDTLS_SSL_MSG_HANDSHAKE, hello, size);
        memcpy(pair->to_server.bytes + pair->to_server.written, header, sizeof header);
        pair->to_server.written += sizeof header + 0x4101;
        assert_true(engine->handshake(pair->server.session) < 0);
        assert_int_equal(engine->handshake(pair->client.session), FIRTH_ERR_TLS_ALERT);
        wire_close(pair);
    }
}

static void the_end_within_a_header_is_a_truncation(void **state)
{
    (void)state;
    for (size_t size = 1; size <= sizeof hello; size++) {
        wire_pair *pair = open_kind(1);

        assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
        put_record(&pair->to_server, MBEDTLS_SSL_MSG_HANDSHAKE, hello, size);
        pair->to_server.is_ended = true;
        assert_int_equal(engine->handshake(pair->server.session), FIRTH_ERR_TLS_TRUNCATED);
        wire_close(pair);
    }
}

static const unsigned char behind[] = {8, 0, 0, 2, 0, 0};

/* Has the first record on the wire go on. */
static void lengthen(wire *w, size_t size)
{
    const size_t record = (size_t)(w->bytes[3] << 8 | w->bytes[4]), end = 5 + record;

    memmove(w->bytes + end + size, w->bytes + end, w->written - end);
    memcpy(w->bytes + end, behind, size);
    w->written += size;
    w->bytes[3] = (unsigned char)((record + size) >> 8);
    w->bytes[4] = (unsigned char)(record + size);
}

/* RFC 8446 §5.1: a message before a change of keys ends its record. Else somebody could put something in plain between. */
static void a_record_does_not_go_on_where_the_keys_change(void **state)
{
    (void)state;
    for (size_t size = 1; size <= sizeof behind; size++) {
        wire_pair *pair = open_kind(1);

        assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
        assert_int_equal(engine->handshake(pair->client.session), FTH_TLS_WANT_READ);
        assert_int_equal(engine->handshake(pair->server.session), FTH_TLS_WANT_READ);
        lengthen(&pair->to_client, size);
        assert_int_equal(engine->handshake(pair->client.session), FIRTH_ERR_TLS_PROTOCOL);
        expect_text(firth_last_failure()->detail, "a record in plain goes on where records must be sealed");
        assert_int_equal(engine->handshake(pair->server.session), FIRTH_ERR_TLS_ALERT);
        assert_string_equal(firth_last_failure()->step, "alert unexpected_message");
        wire_close(pair);
    }
}

static void nothing_is_behind_the_hello_of_a_client_of_tls_1_3(void **state)
{
    (void)state;
    for (size_t size = 1; size <= sizeof behind; size++) {
        wire_pair *pair = open_kind(1);

        assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
        assert_int_equal(engine->handshake(pair->client.session), FTH_TLS_WANT_READ);
        lengthen(&pair->to_server, size);
        expect_fault(pair, "a record goes on behind a hello of TLS 1.3");
        assert_int_equal(pair->to_client.written, 7); /* the alert, and no answer before */
        wire_close(pair);
    }
}

static void nothing_is_behind_the_wish_for_another_hello(void **state)
{
    (void)state;
    for (size_t size = 1; size <= sizeof behind; size++) {
        wire_pair *pair = open_kind(1);
        size_t sent;

        mbedtls_ssl_conf_groups(&pair->server.context->config, p384_alone);
        assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
        assert_int_equal(engine->handshake(pair->client.session), FTH_TLS_WANT_READ);
        assert_int_equal(engine->handshake(pair->server.session), FTH_TLS_WANT_READ);
        lengthen(&pair->to_client, size);
        sent = pair->to_server.written;
        assert_int_equal(engine->handshake(pair->client.session), FIRTH_ERR_TLS_PROTOCOL);
        expect_text(firth_last_failure()->detail, "a record goes on behind a hello of TLS 1.3");
        assert_int_equal(pair->to_server.written, sent + 7);
        wire_close(pair);
    }
}

/* Legal, too, and more than mbedTLS can read. */
static void a_short_piece_that_is_sealed_is_said_to_be(void **state)
{
    static const unsigned char ticket[] = {4, 0, 0, 30};

    (void)state;
    for (size_t size = 1; size < sizeof ticket; size++) {
        wire_pair *pair = expect_agreed(&keys, FIRTH_TLS_1_3);
        unsigned char byte;

        inject_record(&pair->server, MBEDTLS_SSL_MSG_HANDSHAKE, ticket, size);
        assert_int_equal(wire_read(&pair->client, &byte, 1), FIRTH_ERR_TLS_HANDSHAKE);
        expect_text(pair->client.detail, "sealed handshake message has less than 4 bytes, which mbedTLS cannot read");
        assert_int_equal(wire_read(&pair->server, &byte, 1), FIRTH_ERR_TLS_ALERT);
        assert_string_equal(pair->server.failure.step, "alert internal_error");
        wire_close(pair);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshakes_in_pieces_of_any_size_are_read),
        cmocka_unit_test(pieces_that_come_in_pieces_are_read),
        cmocka_unit_test(a_hello_that_is_asked_for_again_may_be_in_pieces),
        cmocka_unit_test(a_resumed_handshake_may_be_in_pieces),
        cmocka_unit_test(a_long_chain_may_come_byte_by_byte),
        cmocka_unit_test(records_of_another_kind_between_pieces_are_unexpected),
        cmocka_unit_test(an_empty_record_is_an_error_at_once),
        cmocka_unit_test(a_record_that_is_too_long_is_refused_behind_a_piece_too),
        cmocka_unit_test(the_end_within_a_header_is_a_truncation),
        cmocka_unit_test(a_record_does_not_go_on_where_the_keys_change),
        cmocka_unit_test(nothing_is_behind_the_hello_of_a_client_of_tls_1_3),
        cmocka_unit_test(nothing_is_behind_the_wish_for_another_hello),
        cmocka_unit_test(a_short_piece_that_is_sealed_is_said_to_be),
    };
    int result;

    pki_open(&keys);
    result = support_main(argc, argv, "tls_pieces", tests, sizeof tests / sizeof *tests);
    pki_close(&keys);
    return result;
}
