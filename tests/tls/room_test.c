/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be sent after the handshake while the transport has no room for it. */
#include "tests/support/support.h"
#include "tests/tls/expect.h"
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

static void what_was_taken_goes_out_though_the_transport_was_full(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        wire_pair *pair = open_version(v);
        unsigned char bytes[20000];
        int64_t first, rest;
        size_t waiting = pair->to_server.written - pair->to_server.read;

        support_fill(bytes, sizeof bytes, 0);
        assert_int_equal(engine->flush(pair->client.session), FIRTH_OK);
        pair->to_server.room = waiting + 50;
        /* with TLS 1.3 mbedTLS keeps one byte of the 16384 for the content type */
        first = engine->write(pair->client.session, bytes, sizeof bytes);
        assert_in_range(first, 16383, 16384);
        assert_int_equal(engine->write(pair->client.session, bytes, 1), FIRTH_ERR_WOULD_BLOCK);
        assert_int_equal(engine->flush(pair->client.session), FTH_TLS_WANT_WRITE);
        assert_int_equal(engine->end(pair->client.session), FTH_TLS_WANT_WRITE);
        pair->to_server.room = 0;
        assert_int_equal(engine->flush(pair->client.session), FIRTH_OK);
        rest = (int64_t)sizeof bytes - first;
        assert_int_equal(engine->write(pair->client.session, bytes + first, (size_t)rest), rest);
        assert_int_equal(engine->end(pair->client.session), FIRTH_OK);
        for (size_t got = 0; got < sizeof bytes;) {
            int64_t n = wire_read(&pair->server, bytes, 1000);

            assert_true(n > 0);
            assert_true(support_is_filled(bytes, (size_t)n, got));
            got += (size_t)n;
        }
        assert_int_equal(read_some(&pair->server), FIRTH_EOF);
        wire_close(pair);
    }
}

/* Up to where the client of TLS 1.3 is done, and the server has its Finished and its tickets to come. */
static wire_pair *open_before_tickets(void)
{
    pki_setup setup;
    wire_pair *pair;
    int client;

    pki_prepare(&setup, &keys, keys.ec, FIRTH_TLS_1_3);
    pair = wire_open(&setup.client, &setup.server);
    assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
    while ((client = engine->handshake(pair->client.session)) > 0)
        assert_true(engine->handshake(pair->server.session) > 0);
    assert_int_equal(client, FIRTH_OK);
    return pair;
}

/* Nobody's writing may keep the reader from what the peer says: mbedTLS by itself would. */
static void a_ticket_that_comes_while_a_record_waits_for_room_is_read(void **state)
{
    wire_pair *pair = open_before_tickets();
    unsigned char bytes[16000];
    firth_tls_info info;

    (void)state;
    support_fill(bytes, sizeof bytes, 0);
    pair->to_server.room = pair->to_server.written - pair->to_server.read + 50;
    assert_int_equal(engine->write(pair->client.session, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(engine->handshake(pair->server.session), FIRTH_OK);
    assert_int_equal(engine->write(pair->server.session, "answer", 6), 6);
    pair->to_server.room = 1; /* as much as nothing: some waits already */
    assert_int_equal(read_some(&pair->client), 6);
    assert_int_equal(engine->write(pair->client.session, bytes, 1), FIRTH_ERR_WOULD_BLOCK);
    assert_int_equal(engine->end(pair->client.session), FTH_TLS_WANT_WRITE);
    pair->to_server.room = 0;
    assert_int_equal(engine->end(pair->client.session), FIRTH_OK);
    for (size_t got = 0; got < sizeof bytes;) {
        int64_t n = wire_read(&pair->server, bytes, 1000);

        assert_true(n > 0);
        assert_true(support_is_filled(bytes, (size_t)n, got));
        got += (size_t)n;
    }
    assert_int_equal(read_some(&pair->server), FIRTH_EOF);
    expect_accepted(pair, PKI_HOST); /* anew, with the ticket */
    fth_tls_mbedtls_facts.info(pair->client.session, &info);
    assert_true(info.is_resumed);
    wire_close(pair);
}

static void close_notify_waits_for_room_and_is_sent_once(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        wire_pair *pair = open_version(v);
        size_t all;

        pair->to_server.room = pair->to_server.written - pair->to_server.read + 3;
        assert_int_equal(engine->end(pair->client.session), FTH_TLS_WANT_WRITE);
        assert_int_equal(engine->end(pair->client.session), FTH_TLS_WANT_WRITE);
        pair->to_server.room = 0;
        assert_int_equal(engine->end(pair->client.session), FIRTH_OK);
        all = pair->to_server.written;
        assert_int_equal(engine->end(pair->client.session), FIRTH_OK);
        assert_int_equal(pair->to_server.written, all);
        assert_int_equal(read_some(&pair->server), FIRTH_EOF);
        wire_close(pair);
    }
}

/* The handshake is somebody else's affair: its keys are to be seen to before each message. */
static void a_flush_in_a_handshake_sends_what_is_left_and_does_nothing_else(void **state)
{
    (void)state;
    for (size_t v = 0; v < VERSION_COUNT; v++) {
        pki_setup setup;
        wire_pair *pair;

        pki_prepare(&setup, &keys, keys.ec, versions[v]);
        pair = wire_open(&setup.client, &setup.server);
        assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
        assert_int_equal(engine->handshake(pair->client.session), FTH_TLS_WANT_READ);
        pair->to_client.room = 50;
        assert_int_equal(engine->handshake(pair->server.session), FTH_TLS_WANT_WRITE);
        assert_int_equal(engine->flush(pair->server.session), FTH_TLS_WANT_WRITE);
        pair->to_client.room = 0;
        assert_int_equal(engine->flush(pair->server.session), FIRTH_OK);
        assert_int_equal(wire_handshake(pair), FIRTH_OK);
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
        TEST(what_was_taken_goes_out_though_the_transport_was_full),
        TEST(a_ticket_that_comes_while_a_record_waits_for_room_is_read),
        TEST(close_notify_waits_for_room_and_is_sent_once),
        TEST(a_flush_in_a_handshake_sends_what_is_left_and_does_nothing_else),
    };

    return support_main(argc, argv, "tls room", tests, sizeof tests / sizeof *tests);
}
