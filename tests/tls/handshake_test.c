/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's two roles back to back, over transports that give and take as little as they can. */
#include "tests/support/support.h"
#include "tests/tls/pki.h"
#include "tests/tls/wire.h"

static pki keys;

static const struct {
    firth_tls_version version;
    bool is_rsa;
} kinds[] = {{FIRTH_TLS_1_2, false}, {FIRTH_TLS_1_2, true}, {FIRTH_TLS_1_3, false}, {FIRTH_TLS_1_3, true}};

enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

static wire_pair *open_kind(size_t kind)
{
    pki_setup setup;

    pki_prepare(&setup, &keys, kinds[kind].is_rsa ? keys.rsa : keys.ec, kinds[kind].version);
    return wire_open(&setup.client, &setup.server);
}

static void establish(wire_pair *pair)
{
    int rc = wire_establish(pair, PKI_HOST);

    if (rc != FIRTH_OK)
        print_error("client %s, server %s: %s %s\n", firth_error_name(pair->client.result),
                    firth_error_name(pair->server.result), pair->client.detail, pair->server.detail);
    assert_int_equal(rc, FIRTH_OK);
}

/* Both ways, at sizes about a record's. */
static void carry(wire_pair *pair)
{
    static const size_t sizes[] = {1, 100, 16383, 16384, 16385, 70000};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(wire_carry(&pair->client, &pair->server, sizes[i], sizes[i]), FIRTH_OK);
        assert_int_equal(wire_carry(&pair->server, &pair->client, sizes[i], sizes[i]), FIRTH_OK);
    }
}

static void both_versions_and_kinds_of_key_carry_bytes_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        wire_pair *pair = open_kind(i);

        establish(pair);
        carry(pair);
        wire_close(pair);
    }
}

static void info_says_what_was_agreed_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        wire_pair *pair = open_kind(i);
        firth_tls_info client, server;

        establish(pair);
        fth_tls_mbedtls_facts.info(pair->client.session, &client);
        fth_tls_mbedtls_facts.info(pair->server.session, &server);
        assert_int_equal(client.version, kinds[i].version);
        assert_int_equal(server.version, kinds[i].version);
        assert_int_equal(client.cipher_suite, server.cipher_suite);
        assert_int_equal(strncmp(client.cipher_suite_name, "TLS_", 4), 0);
        assert_null(strchr(client.cipher_suite_name, '-'));
        assert_string_equal(client.server_name, PKI_HOST);
        assert_string_equal(server.server_name, PKI_HOST);
        assert_string_equal(client.alpn, "");
        assert_false(client.is_resumed || server.is_resumed);
        assert_true(client.has_peer_certificate);
        assert_false(server.has_peer_certificate);
        wire_close(pair);
    }
}

static void set_both(wire_pair *pair, size_t most, size_t room, bool is_reluctant)
{
    pair->to_client.most = pair->to_server.most = most;
    pair->to_client.room = pair->to_server.room = room;
    pair->to_client.is_reluctant = pair->to_server.is_reluctant = is_reluctant;
}

static void a_transport_of_one_byte_at_a_time_is_enough(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        wire_pair *pair = open_kind(i);

        set_both(pair, 1, 1, false);
        establish(pair);
        assert_int_equal(wire_carry(&pair->client, &pair->server, 5000, 5000), FIRTH_OK);
        assert_int_equal(wire_carry(&pair->server, &pair->client, 5000, 100), FIRTH_OK);
        wire_close(pair);
    }
}

static void a_transport_that_would_block_every_second_time_is_enough(void **state)
{
    static const size_t pieces[] = {1, 7, 1000, 0};

    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++)
        for (size_t j = 0; j < sizeof pieces / sizeof *pieces; j++) {
            wire_pair *pair = open_kind(i);

            set_both(pair, pieces[j], 0, true);
            establish(pair);
            assert_int_equal(wire_carry(&pair->client, &pair->server, 40000, 16384), FIRTH_OK);
            assert_int_equal(wire_carry(&pair->server, &pair->client, 40000, 16384), FIRTH_OK);
            wire_close(pair);
        }
}

static void client_certificates_are_shown_and_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++)
        for (int how = FIRTH_TLS_CLIENT_OPTIONAL; how <= FIRTH_TLS_CLIENT_REQUIRED; how++) {
            pki_setup setup;
            wire_pair *pair;
            const firth_tls_certificate *shown;

            pki_prepare(&setup, &keys, kinds[i].is_rsa ? keys.rsa : keys.ec, kinds[i].version);
            pki_prepare_client(&setup, &keys, (firth_tls_client_authentication)how);
            pair = wire_open(&setup.client, &setup.server);
            establish(pair);
            assert_int_equal(fth_tls_mbedtls_facts.peer_certificate(pair->server.session, &shown), FIRTH_OK);
            assert_string_equal(shown->subject, "CN=client");
            carry(pair);
            wire_close(pair);
        }
}

static void an_optional_certificate_may_be_missing(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        pki_setup setup;
        wire_pair *pair;
        const firth_tls_certificate *shown;

        pki_prepare(&setup, &keys, keys.ec, kinds[i].version);
        pki_prepare_client(&setup, &keys, FIRTH_TLS_CLIENT_OPTIONAL);
        setup.client.identity_count = 0;
        pair = wire_open(&setup.client, &setup.server);
        establish(pair);
        assert_int_equal(fth_tls_mbedtls_facts.peer_certificate(pair->server.session, &shown), FIRTH_ERR_NOT_SUPPORTED);
        wire_close(pair);
    }
}

static void the_peers_certificate_is_told_in_full(void **state)
{
    wire_pair *pair = open_kind(2);
    const firth_tls_certificate *shown, *again;
    firth_tls_pin pin = certificate_pin(keys.ec, false), key_pin = certificate_pin(keys.ec, true);

    (void)state;
    establish(pair);
    assert_int_equal(fth_tls_mbedtls_facts.peer_certificate(pair->client.session, &shown), FIRTH_OK);
    assert_string_equal(shown->subject, "CN=Server, O=Tests");
    assert_string_equal(shown->issuer, "CN=Root, O=Tests, C=CH");
    assert_string_equal(shown->serial, "02");
    assert_int_equal(shown->name_count, 4);
    assert_string_equal(shown->names[0], "DNS:" PKI_HOST);
    assert_string_equal(shown->names[1], "DNS:*.wild.example");
    assert_string_equal(shown->names[2], "IP:192.0.2.1");
    assert_string_equal(shown->names[3], "IP:2001:db8::1");
    assert_int_equal(shown->not_before_s, 1577836800);
    assert_int_equal(shown->not_after_s, 3786912000);
    assert_int_equal(shown->der_size, keys.ec->der_size);
    assert_memory_equal(shown->der, keys.ec->der, keys.ec->der_size);
    assert_memory_equal(shown->sha256, pin.sha256, 32);
    assert_memory_equal(shown->public_key_sha256, key_pin.sha256, 32);
    assert_int_equal(fth_tls_mbedtls_facts.peer_certificate(pair->client.session, &again), FIRTH_OK);
    assert_ptr_equal(shown, again);
    wire_close(pair);
}

/* With room for everything no side waits for the transport in the middle of a flight. */
static void a_handshake_moves_a_flight_at_a_time(void **state)
{
    wire_pair *pair = open_kind(2);

    (void)state;
    establish(pair);
    assert_true(pair->to_client.sends <= 8);
    assert_true(pair->to_server.sends <= 4);
    wire_close(pair);
}

static int setup(void **state)
{
    (void)state;
    pki_open(&keys);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pki_close(&keys);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_versions_and_kinds_of_key_carry_bytes_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(info_says_what_was_agreed_on, setup, teardown),
        cmocka_unit_test_setup_teardown(a_transport_of_one_byte_at_a_time_is_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(a_transport_that_would_block_every_second_time_is_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(client_certificates_are_shown_and_read, setup, teardown),
        cmocka_unit_test_setup_teardown(an_optional_certificate_may_be_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(the_peers_certificate_is_told_in_full, setup, teardown),
        cmocka_unit_test_setup_teardown(a_handshake_moves_a_flight_at_a_time, setup, teardown),
    };

    return support_main(argc, argv, "tls handshake", tests, sizeof tests / sizeof *tests);
}
