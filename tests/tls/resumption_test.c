/* SPDX-License-Identifier: Apache-2.0 */
/* A client's kept sessions and a server's tickets. */
#include "tests/support/support.h"
#include "tests/tls/pki.h"
#include "tests/tls/wire.h"

static pki certificates;

static const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};

/* Whether it was resumed, as both sides say. */
static bool says_resumed(const wire_pair *pair)
{
    firth_tls_info client, server;

    fth_tls_mbedtls_facts.info(pair->client.session, &client);
    fth_tls_mbedtls_facts.info(pair->server.session, &server);
    assert_int_equal(client.is_resumed, server.is_resumed);
    return client.is_resumed;
}

/* Connects once and has the server say something, with which a ticket of TLS 1.3 comes. */
static bool is_resumed(wire_pair *pair, const char *name)
{
    assert_int_equal(wire_establish(pair, name), FIRTH_OK);
    assert_int_equal(wire_carry(&pair->server, &pair->client, 100, 100), FIRTH_OK);
    assert_int_equal(wire_carry(&pair->client, &pair->server, 100, 100), FIRTH_OK);
    return says_resumed(pair);
}

static wire_pair *open_pair(firth_tls_version version)
{
    pki_setup setup;

    pki_prepare(&setup, &certificates, certificates.ec, version);
    setup.client.insecure_any_name = true;
    return wire_open(&setup.client, &setup.server);
}

static void the_second_connection_is_resumed_and_shorter(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        wire_pair *pair = open_pair(versions[i]);
        size_t full;

        assert_int_equal(wire_establish(pair, PKI_HOST), FIRTH_OK);
        full = pair->to_client.written;
        assert_int_equal(wire_carry(&pair->server, &pair->client, 100, 100), FIRTH_OK);
        assert_true(is_resumed(pair, PKI_HOST));
        assert_int_equal(wire_establish(pair, PKI_HOST), FIRTH_OK);
        assert_true(pair->to_client.written < full / 2);
        wire_close(pair);
    }
}

static void a_session_is_for_its_name_and_port_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        wire_pair *pair = open_pair(versions[i]);

        assert_false(is_resumed(pair, "a.example"));
        assert_false(is_resumed(pair, "b.example"));
        pair->port = 8443;
        assert_false(is_resumed(pair, "a.example"));
        assert_true(is_resumed(pair, "a.example"));
        pair->port = 443;
        assert_true(is_resumed(pair, "a.example"));
        assert_true(is_resumed(pair, "b.example"));
        wire_close(pair);
    }
}

/* RFC 8446 §C.4: an observer could tell the client by it. What a session was opened with is not there for the next. */
static void a_ticket_of_tls_1_3_is_shown_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        wire_pair *pair = open_pair(versions[i]);

        assert_false(is_resumed(pair, PKI_HOST));
        assert_int_equal(pair->client.context->kept_count, 1);
        assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
        assert_int_equal(pair->client.context->kept_count, versions[i] == FIRTH_TLS_1_3 ? 0 : 1);
        assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK); /* a second one, before the first has a new ticket */
        assert_int_equal(wire_handshake(pair), FIRTH_OK);
        assert_int_equal(says_resumed(pair), versions[i] == FIRTH_TLS_1_2);
        wire_close(pair);
    }
}

static void a_session_older_than_the_lifetime_is_forgotten(void **state)
{
    wire_pair *pair = open_pair(FIRTH_TLS_1_2);

    (void)state;
    pair->client.context->kept_lifetime_ns = 0; /* as if it had passed */
    assert_false(is_resumed(pair, PKI_HOST));
    assert_int_equal(pair->client.context->kept_count, 1);
    assert_false(is_resumed(pair, PKI_HOST));
    assert_int_equal(pair->client.context->kept_count, 1);
    wire_close(pair);
}

static void a_session_that_a_handshake_failed_with_is_forgotten(void **state)
{
    wire_pair *pair = open_pair(FIRTH_TLS_1_2);

    (void)state;
    assert_false(is_resumed(pair, PKI_HOST));
    pair->to_client.flip_at = 5; /* the type of the first message */
    pair->to_client.flip = 0x40;
    assert_true(wire_establish(pair, PKI_HOST) < 0);
    assert_int_equal(pair->client.context->kept_count, 0);
    pair->to_client.flip = 0;
    assert_false(is_resumed(pair, PKI_HOST));
    assert_true(is_resumed(pair, PKI_HOST));
    wire_close(pair);
}

/* A server may be silent because of the session it was offered, and would be so the next time. */
static void a_session_that_a_handshake_was_given_up_with_is_forgotten(void **state)
{
    wire_pair *pair = open_pair(FIRTH_TLS_1_2);

    (void)state;
    assert_false(is_resumed(pair, PKI_HOST));
    assert_int_equal(pair->client.context->kept_count, 1);
    assert_int_equal(wire_connect(pair, PKI_HOST), FIRTH_OK);
    assert_int_equal(fth_tls_mbedtls.handshake(pair->client.session), FTH_TLS_WANT_READ);
    assert_int_equal(fth_tls_mbedtls.cancel(pair->client.session), FIRTH_OK);
    wire_disconnect(pair);
    assert_int_equal(pair->client.context->kept_count, 0);
    assert_false(is_resumed(pair, PKI_HOST));
    wire_close(pair);
}

static void only_so_many_are_kept_and_the_oldest_goes(void **state)
{
    wire_pair *pair = open_pair(FIRTH_TLS_1_2);
    char name[32];

    (void)state;
    for (int i = 0; i < 65; i++) {
        (void)snprintf(name, sizeof name, "h%d.example", i);
        assert_int_equal(wire_establish(pair, name), FIRTH_OK);
    }
    assert_int_equal(pair->client.context->kept_count, 64);
    assert_true(is_resumed(pair, "h1.example"));
    assert_true(is_resumed(pair, "h64.example"));
    assert_false(is_resumed(pair, "h0.example"));
    assert_int_equal(pair->client.context->kept_count, 64);
    wire_close(pair);
}

static void without_session_tickets_nothing_is_issued_or_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (int is_server = 0; is_server < 2; is_server++) {
            pki_setup setup;
            wire_pair *pair;

            pki_prepare(&setup, &certificates, certificates.ec, versions[i]);
            (is_server ? &setup.server : &setup.client)->session_tickets = false;
            pair = wire_open(&setup.client, &setup.server);
            assert_false(is_resumed(pair, PKI_HOST));
            assert_false(is_resumed(pair, PKI_HOST));
            wire_close(pair);
        }
}

/* Another process, or the same after firth_tls_reload: its keys for tickets are new. */
static void another_servers_ticket_leads_to_a_full_handshake(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        wire_pair *pair = open_pair(versions[i]), *other = open_pair(versions[i]);
        fth_tls_context *server = pair->server.context;

        assert_false(is_resumed(pair, PKI_HOST));
        assert_true(is_resumed(pair, PKI_HOST));
        wire_disconnect(pair);
        pair->server.context = other->server.context;
        assert_false(is_resumed(pair, PKI_HOST));
        assert_true(is_resumed(pair, PKI_HOST));
        wire_disconnect(pair);
        pair->server.context = server;
        wire_close(pair);
        wire_close(other);
    }
}

/* Of a client that lets them all come before it reads. */
static int read_after_tickets(uint16_t count)
{
    wire_pair *pair = open_pair(FIRTH_TLS_1_3);
    int rc;

    mbedtls_ssl_conf_new_session_tickets(&pair->server.context->config, count);
    assert_int_equal(wire_establish(pair, PKI_HOST), FIRTH_OK);
    rc = pair->client.read_result;
    if (rc == FIRTH_ERR_WOULD_BLOCK) { /* behind all tickets */
        assert_int_equal(pair->client.context->kept_count, 1);
        assert_true(is_resumed(pair, PKI_HOST));
    }
    wire_close(pair);
    return rc;
}

/* RFC 9149 §3: a client may ask for 255. */
static void many_tickets_at_once_are_taken_and_no_end_of_them_is_an_attack(void **state)
{
    (void)state;
    assert_int_equal(read_after_tickets(1), FIRTH_ERR_WOULD_BLOCK);
    assert_int_equal(read_after_tickets(8), FIRTH_ERR_WOULD_BLOCK);
    assert_int_equal(read_after_tickets(255), FIRTH_ERR_WOULD_BLOCK);
    assert_int_equal(read_after_tickets(300), FIRTH_ERR_TLS_PROTOCOL);
}

/* ---- a session and the versions --------------------------------------------------------------------------------- */

static firth_tls_version version_of(const wire_pair *pair)
{
    firth_tls_info info;

    fth_tls_mbedtls_facts.info(pair->client.session, &info);
    return info.version;
}

/* The server is upgraded, or no longer: with the same keys for tickets. */
static void let_server_have(wire_pair *pair, mbedtls_ssl_protocol_version oldest, mbedtls_ssl_protocol_version newest)
{
    mbedtls_ssl_conf_min_tls_version(&pair->server.context->config, oldest);
    mbedtls_ssl_conf_max_tls_version(&pair->server.context->config, newest);
}

/* RFC 8446 §4.1.3: it says so in its random, when it resumes too. */
static void a_session_of_tls_1_2_ends_when_the_server_says_that_it_has_tls_1_3(void **state)
{
    wire_pair *pair = open_pair(0);

    (void)state;
    let_server_have(pair, MBEDTLS_SSL_VERSION_TLS1_2, MBEDTLS_SSL_VERSION_TLS1_2);
    assert_false(is_resumed(pair, PKI_HOST));
    assert_true(is_resumed(pair, PKI_HOST));
    assert_true(is_resumed(pair, PKI_HOST));
    let_server_have(pair, MBEDTLS_SSL_VERSION_TLS1_2, MBEDTLS_SSL_VERSION_TLS1_3);
    assert_true(is_resumed(pair, PKI_HOST));
    assert_int_equal(version_of(pair), FIRTH_TLS_1_2);
    assert_int_equal(pair->client.context->kept_count, 0);
    assert_false(is_resumed(pair, PKI_HOST));
    assert_int_equal(version_of(pair), FIRTH_TLS_1_3);
    assert_true(is_resumed(pair, PKI_HOST));
    assert_int_equal(version_of(pair), FIRTH_TLS_1_3);
    wire_close(pair);
}

/* Its successor has other keys for tickets, and may be one that says nothing in its random. */
static void a_session_of_tls_1_2_ends_when_the_server_does_not_resume_it(void **state)
{
    wire_pair *pair = open_pair(0), *other = open_pair(0);
    fth_tls_context *server = pair->server.context;

    (void)state;
    let_server_have(pair, MBEDTLS_SSL_VERSION_TLS1_2, MBEDTLS_SSL_VERSION_TLS1_2);
    let_server_have(other, MBEDTLS_SSL_VERSION_TLS1_2, MBEDTLS_SSL_VERSION_TLS1_2);
    assert_false(is_resumed(pair, PKI_HOST));
    wire_disconnect(pair);
    pair->server.context = other->server.context;
    assert_false(is_resumed(pair, PKI_HOST));
    assert_int_equal(pair->client.context->kept_count, 0);
    let_server_have(other, MBEDTLS_SSL_VERSION_TLS1_2, MBEDTLS_SSL_VERSION_TLS1_3);
    assert_false(is_resumed(pair, PKI_HOST));
    assert_int_equal(version_of(pair), FIRTH_TLS_1_3);
    wire_disconnect(pair);
    pair->server.context = server;
    wire_close(pair);
    wire_close(other);
}

/* So that TLS 1.3 is offered once in that time, whatever the server says. */
static void a_session_of_tls_1_2_lasts_no_longer_by_being_resumed(void **state)
{
    (void)state;
    for (int has_1_3 = 0; has_1_3 < 2; has_1_3++) {
        wire_pair *pair = open_pair(has_1_3 ? 0 : FIRTH_TLS_1_2);

        let_server_have(pair, MBEDTLS_SSL_VERSION_TLS1_2, MBEDTLS_SSL_VERSION_TLS1_2);
        assert_false(is_resumed(pair, PKI_HOST));
        pair->client.context->kept_lifetime_ns = 0; /* what is kept now is old at once */
        assert_true(is_resumed(pair, PKI_HOST));
        assert_int_equal(is_resumed(pair, PKI_HOST), has_1_3);
        wire_close(pair);
    }
}

/* mbedTLS offers a session's version alone: one connection fails, the next does not. */
static void a_server_that_no_longer_has_the_sessions_version_refuses_once(void **state)
{
    static const mbedtls_ssl_protocol_version turns[] = {MBEDTLS_SSL_VERSION_TLS1_2, MBEDTLS_SSL_VERSION_TLS1_3,
                                                         MBEDTLS_SSL_VERSION_TLS1_2};
    wire_pair *pair = open_pair(0);

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        let_server_have(pair, turns[i], turns[i]);
        if (i > 0)
            assert_int_equal(wire_establish(pair, PKI_HOST), FIRTH_ERR_TLS_ALERT);
        assert_false(is_resumed(pair, PKI_HOST));
        assert_int_equal(version_of(pair), (firth_tls_version)turns[i]);
    }
    wire_close(pair);
}

/* A server that asks for certificates knows with whom it talks also when it resumes: TLS 1.2's tickets hold the client's
 * certificate; TLS 1.3's would not, and are not issued. */
static void a_client_that_showed_its_certificate_is_never_a_stranger(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        pki_setup setup;
        wire_pair *pair;

        pki_prepare(&setup, &certificates, certificates.ec, versions[i]);
        pki_prepare_client(&setup, &certificates, FIRTH_TLS_CLIENT_REQUIRED);
        pair = wire_open(&setup.client, &setup.server);
        for (int turn = 0; turn < 3; turn++) {
            const firth_tls_certificate *peer = NULL;

            assert_int_equal(is_resumed(pair, PKI_HOST), turn > 0 && versions[i] == FIRTH_TLS_1_2);
            assert_int_equal(fth_tls_mbedtls_facts.peer_certificate(pair->server.session, &peer), FIRTH_OK);
            assert_string_equal(peer->subject, "CN=client");
        }
        wire_close(pair);
    }
}

static void the_servers_certificate_is_known_in_a_resumed_session_of_tls_1_2(void **state)
{
    wire_pair *pair = open_pair(FIRTH_TLS_1_2);
    const firth_tls_certificate *peer = NULL;

    (void)state;
    assert_false(is_resumed(pair, PKI_HOST));
    assert_true(is_resumed(pair, PKI_HOST));
    assert_int_equal(fth_tls_mbedtls_facts.peer_certificate(pair->client.session, &peer), FIRTH_OK);
    assert_string_equal(peer->subject, "CN=Server, O=Tests");
    wire_close(pair);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_connection_is_resumed_and_shorter),
        cmocka_unit_test(a_session_is_for_its_name_and_port_alone),
        cmocka_unit_test(a_ticket_of_tls_1_3_is_shown_once),
        cmocka_unit_test(a_session_older_than_the_lifetime_is_forgotten),
        cmocka_unit_test(a_session_that_a_handshake_failed_with_is_forgotten),
        cmocka_unit_test(a_session_that_a_handshake_was_given_up_with_is_forgotten),
        cmocka_unit_test(only_so_many_are_kept_and_the_oldest_goes),
        cmocka_unit_test(without_session_tickets_nothing_is_issued_or_kept),
        cmocka_unit_test(another_servers_ticket_leads_to_a_full_handshake),
        cmocka_unit_test(many_tickets_at_once_are_taken_and_no_end_of_them_is_an_attack),
        cmocka_unit_test(a_session_of_tls_1_2_ends_when_the_server_says_that_it_has_tls_1_3),
        cmocka_unit_test(a_session_of_tls_1_2_ends_when_the_server_does_not_resume_it),
        cmocka_unit_test(a_session_of_tls_1_2_lasts_no_longer_by_being_resumed),
        cmocka_unit_test(a_server_that_no_longer_has_the_sessions_version_refuses_once),
        cmocka_unit_test(a_client_that_showed_its_certificate_is_never_a_stranger),
        cmocka_unit_test(the_servers_certificate_is_known_in_a_resumed_session_of_tls_1_2),
    };
    int result;

    pki_open(&certificates);
    result = support_main(argc, argv, "tls_resumption", tests, sizeof tests / sizeof *tests);
    pki_close(&certificates);
    return result;
}
