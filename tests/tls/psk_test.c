/* SPDX-License-Identifier: Apache-2.0 */
/* Pre-shared keys, always with ephemeral Diffie-Hellman. And the key log. */
#include "tests/support/support.h"
#include "tests/tls/expect.h"
#include "tests/tls/pki.h"
#include "tests/tls/scratch.h"
#include "tests/tls/wire.h"

static pki certificates;

static const firth_tls_version versions[] = {FIRTH_TLS_1_2, FIRTH_TLS_1_3};
static const unsigned char good_key[] = "0123456789abcdef0123456789abcdef";
enum { KEY_BYTES = 32 };

/* What psk_find was asked for last. */
static char asked[256];

static size_t find(void *argument, const char *identity, unsigned char *key, size_t capacity)
{
    assert_true(capacity >= KEY_BYTES);
    assert_ptr_equal(argument, asked);
    (void)snprintf(asked, sizeof asked, "%s", identity);
    if (strcmp(identity, "alice") != 0)
        return 0;
    memcpy(key, good_key, KEY_BYTES);
    return KEY_BYTES;
}

typedef struct keys {
    pki_setup setup; /* for servers with a certificate, too */
    firth_tls_builder client, server;
} keys;

static void prepare(keys *with, firth_tls_version version)
{
    asked[0] = '\0';
    pki_prepare(&with->setup, &certificates, certificates.ec, version);
    with->client = firth_tls_client();
    with->server = firth_tls_server();
    with->client.psk_identity = "alice";
    with->client.psk = good_key;
    with->client.psk_size = KEY_BYTES;
    with->server.psk_find = find;
    with->server.psk_find_argument = asked;
    with->client.min_version = with->client.max_version = version;
}

static int handshake(const keys *with, firth_tls_info *info)
{
    wire_pair *pair = wire_open(&with->client, &with->server);
    const int rc = wire_establish(pair, NULL);

    if (rc == FIRTH_OK)
        fth_tls_mbedtls_facts.info(pair->client.session, info);
    wire_close(pair);
    return rc;
}

/* And no name is needed: the key proves who the server is. */
static void with_a_key_neither_side_needs_a_certificate(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        firth_tls_info info;
        keys with;

        prepare(&with, versions[i]);
        assert_int_equal(handshake(&with, &info), FIRTH_OK);
        assert_string_equal(asked, "alice");
        assert_int_equal(info.version, versions[i]);
        assert_int_equal(info.cipher_suite, versions[i] == FIRTH_TLS_1_2 ? 0xCCAC : 0x1303);
        assert_false(info.has_peer_certificate);
        assert_false(info.is_resumed);
    }
}

static void an_unknown_identity_and_a_wrong_key_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        firth_tls_info info;
        keys with;

        prepare(&with, versions[i]);
        with.client.psk_identity = "mallory";
        assert_true(handshake(&with, &info) < 0);
        assert_string_equal(asked, "mallory");
        prepare(&with, versions[i]);
        with.client.psk = (const unsigned char *)"another key of 32 bytes of no use";
        assert_true(handshake(&with, &info) < 0);
    }
}

/* In mbedTLS, since the builder takes no identities but text of 128 bytes. */
static void show_identity(wire_pair *pair, const char *identity)
{
    mbedtls_ssl_config *config = &pair->client.context->config;

    mbedtls_free(config->MBEDTLS_PRIVATE(psk_identity));
    config->MBEDTLS_PRIVATE(psk_identity_len) = strlen(identity);
    assert_non_null(config->MBEDTLS_PRIVATE(psk_identity) = mbedtls_calloc(1, strlen(identity)));
    memcpy(config->MBEDTLS_PRIVATE(psk_identity), identity, strlen(identity));
}

static void have_a_control_byte(wire_pair *pair)
{
    show_identity(pair, "ali\001ce");
}

static void have_a_long_identity(wire_pair *pair)
{
    char identity[130];

    memset(identity, 'a', sizeof identity - 1);
    identity[sizeof identity - 1] = '\0';
    show_identity(pair, identity);
}

static void have_no_such_identity(wire_pair *pair)
{
    show_identity(pair, "mallory");
}

static void have_another_key(wire_pair *pair)
{
    pair->client.context->config.MBEDTLS_PRIVATE(psk)[0] ^= 1;
}

/* A server that has keys alone. Alerts are those of TLS 1.2 and of 1.3, and so are the server's words. */
static void what_is_wrong_with_a_clients_key_is_told_to_both(void **state)
{
    static const struct {
        void (*change)(wire_pair *pair); /* NULL: the client has certificates */
        const char *alerts[2];
        int code[2];
        const char *words[2];
    } cases[] = {
        {NULL,
         {"alert handshake_failure", "alert handshake_failure"},
         {FIRTH_ERR_TLS_HANDSHAKE, FIRTH_ERR_TLS_HANDSHAKE},
         {"in common with the peer",
          "the client has no pre-shared key that can be used, and the server has no certif"}},
        {have_a_control_byte,
         {"alert unknown_psk_identity", "alert unknown_psk_identity"},
         {FIRTH_ERR_TLS_HANDSHAKE, FIRTH_ERR_TLS_HANDSHAKE},
         {"the client's pre-shared key is not known", "the client's pre-shared key is not known"}},
        {have_a_long_identity,
         {"alert unknown_psk_identity", "alert unknown_psk_identity"},
         {FIRTH_ERR_TLS_HANDSHAKE, FIRTH_ERR_TLS_HANDSHAKE},
         {"the client's pre-shared key is not known", "the client's pre-shared key is not known"}},
        {have_no_such_identity,
         {"alert unknown_psk_identity", "alert unknown_psk_identity"},
         {FIRTH_ERR_TLS_HANDSHAKE, FIRTH_ERR_TLS_HANDSHAKE},
         {"the client's pre-shared key is not known", "the client's pre-shared key is not known"}},
        {have_another_key,
         {"alert bad_record_mac", "alert decrypt_error"},
         {FIRTH_ERR_TLS_PROTOCOL, FIRTH_ERR_TLS_HANDSHAKE},
         {"or the keys differ", "the client's pre-shared key is wrong"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t v = 0; v < 2; v++) {
            wire_pair *pair;
            keys with;

            prepare(&with, versions[v]);
            pair = wire_open(cases[i].change != NULL ? &with.client : &with.setup.client, &with.server);
            if (cases[i].change != NULL)
                cases[i].change(pair);
            (void)wire_establish(pair, PKI_HOST);
            assert_int_equal(wire_outcome(&pair->client), FIRTH_ERR_TLS_ALERT);
            assert_string_equal(pair->client.failure.step, cases[i].alerts[v]);
            assert_int_equal(wire_outcome(&pair->server), cases[i].code[v]);
            expect_text(pair->server.detail, cases[i].words[v]);
            wire_close(pair);
        }
}

/* A stranger with any certificate must not be taken for the server that knows the key. */
static void a_client_with_a_key_accepts_no_certificate_in_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        firth_tls_info info;
        keys with;

        prepare(&with, versions[i]);
        with.server = with.setup.server;
        with.client.server_name = PKI_HOST;
        assert_true(handshake(&with, &info) < 0);
    }
}

static void a_client_that_is_told_whom_to_trust_takes_either(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        firth_tls_info info;
        keys with;

        prepare(&with, versions[i]);
        with.client.server_name = PKI_HOST;
        with.client.trust = FIRTH_TLS_TRUST_AUTHORITIES;
        with.client.authorities = &with.setup.authority;
        with.client.authority_count = 1;
        assert_int_equal(handshake(&with, &info), FIRTH_OK);
        assert_false(info.has_peer_certificate);
        with.server = with.setup.server;
        assert_int_equal(handshake(&with, &info), FIRTH_OK);
        assert_true(info.has_peer_certificate);
    }
}

static void a_server_may_have_a_certificate_and_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        firth_tls_info info;
        keys with;

        prepare(&with, versions[i]);
        with.server.identities = &with.setup.identity;
        with.server.identity_count = 1;
        assert_int_equal(handshake(&with, &info), FIRTH_OK);
        assert_false(info.has_peer_certificate);
        with.client = with.setup.client;
        with.client.server_name = PKI_HOST;
        assert_int_equal(handshake(&with, &info), FIRTH_OK);
        assert_true(info.has_peer_certificate);
    }
}

/* A ticket of another server is looked for among the identities by one that issues none; no program should see it. */
static void psk_find_is_never_asked_for_a_ticket(void **state)
{
    keys with;
    wire_pair *pair, *other;
    fth_tls_context *first;

    (void)state;
    prepare(&with, FIRTH_TLS_1_3);
    with.server.identities = &with.setup.identity;
    with.server.identity_count = 1;
    with.client = with.setup.client;
    pair = wire_open(&with.client, &with.server);
    with.server.session_tickets = false;
    other = wire_open(&with.client, &with.server);
    assert_int_equal(wire_establish(pair, PKI_HOST), FIRTH_OK);
    assert_int_equal(wire_carry(&pair->server, &pair->client, 10, 10), FIRTH_OK);
    wire_disconnect(pair);
    first = pair->server.context;
    pair->server.context = other->server.context;
    assert_int_equal(pair->client.context->kept_count, 1);
    assert_int_equal(wire_establish(pair, PKI_HOST), FIRTH_OK);
    assert_string_equal(asked, "");
    wire_disconnect(pair);
    pair->server.context = first;
    wire_close(pair);
    wire_close(other);
}

static void a_key_longer_than_mbedtls_takes_is_refused(void **state)
{
    static const unsigned char longer[MBEDTLS_PSK_MAX_LEN + 1] = {1};
    keys with;

    (void)state;
    prepare(&with, FIRTH_TLS_1_3);
    with.client.psk = longer;
    with.client.psk_size = sizeof longer;
    assert_true(context_refused(&with.client, FIRTH_ERR_ARGUMENT, NULL, NULL));
    assert_string_equal(firth_last_failure()->step, "option psk_size");
}

/* ---- key log ----------------------------------------------------------------------------------------------------- */

typedef struct lines {
    char text[8][256];
    size_t count;
} lines;

static void take_line(void *argument, const char *line)
{
    lines *to = argument;

    assert_true(to->count < 8);
    (void)snprintf(to->text[to->count++], sizeof to->text[0], "%s", line);
}

/* LABEL, 32 bytes of the client's random, the secret: 48 bytes of TLS 1.2, a hash of TLS 1.3. */
static void has_line(const lines *in, const char *label, size_t secret_bytes)
{
    const size_t size = strlen(label);

    for (size_t i = 0; i < in->count; i++)
        if (strncmp(in->text[i], label, size) == 0 && in->text[i][size] == ' ') {
            assert_int_equal(strspn(in->text[i] + size + 1, "0123456789abcdef"), 64);
            assert_int_equal(in->text[i][size + 65], ' ');
            assert_int_equal(strspn(in->text[i] + size + 66, "0123456789abcdef"), 2 * secret_bytes);
            assert_int_equal(strlen(in->text[i]), size + 66 + 2 * secret_bytes);
            return;
        }
    fail_msg("no line %s", label);
}

static void both_sides_log_the_same_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        lines client = {.count = 0}, server = {.count = 0};
        pki_setup setup;
        wire_pair *pair;

        pki_prepare(&setup, &certificates, certificates.ec, versions[i]);
        setup.client.key_log = setup.server.key_log = take_line;
        setup.client.key_log_argument = &client;
        setup.server.key_log_argument = &server;
        pair = wire_open(&setup.client, &setup.server);
        assert_int_equal(wire_establish(pair, PKI_HOST), FIRTH_OK);
        assert_int_equal(client.count, versions[i] == FIRTH_TLS_1_2 ? 1 : 4);
        assert_int_equal(server.count, client.count);
        for (size_t j = 0; j < client.count; j++)
            assert_string_equal(client.text[j], server.text[j]);
        if (versions[i] == FIRTH_TLS_1_2) {
            has_line(&client, "CLIENT_RANDOM", 48);
        } else {
            has_line(&client, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", 32);
            has_line(&client, "SERVER_HANDSHAKE_TRAFFIC_SECRET", 32);
            has_line(&client, "CLIENT_TRAFFIC_SECRET_0", 32);
            has_line(&client, "SERVER_TRAFFIC_SECRET_0", 32);
        }
        wire_close(pair);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_a_key_neither_side_needs_a_certificate),
        cmocka_unit_test(an_unknown_identity_and_a_wrong_key_are_refused),
        cmocka_unit_test(what_is_wrong_with_a_clients_key_is_told_to_both),
        cmocka_unit_test(a_client_with_a_key_accepts_no_certificate_in_its_place),
        cmocka_unit_test(a_client_that_is_told_whom_to_trust_takes_either),
        cmocka_unit_test(a_server_may_have_a_certificate_and_keys),
        cmocka_unit_test(psk_find_is_never_asked_for_a_ticket),
        cmocka_unit_test(a_key_longer_than_mbedtls_takes_is_refused),
        cmocka_unit_test(both_sides_log_the_same_keys),
    };
    int result;

    pki_open(&certificates);
    result = support_main(argc, argv, "tls_psk", tests, sizeof tests / sizeof *tests);
    pki_close(&certificates);
    return result;
}
