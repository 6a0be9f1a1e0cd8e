/* SPDX-License-Identifier: Apache-2.0 */
/* The builder's plain fields: their defaults, and a failure that names the option for each that cannot be. */
#include "core/tls/builder.h"
#include "tests/support/support.h"

static const firth_tls_data some_data = {"/a/file", NULL, 0};
static const firth_tls_identity some_identity = {{"/a/file", NULL, 0}, {"/a/file", NULL, 0}, NULL};
static const firth_tls_pin some_pin;
static const unsigned char some_bytes[300];

static void the_defaults_are_the_documented_ones(void **state)
{
    const firth_tls_builder tls = firth_tls_client();

    (void)state;
    assert_int_equal(tls.struct_bytes, sizeof tls);
    assert_int_equal(tls.role, FIRTH_TLS_CLIENT);
    assert_int_equal(tls.min_version, FIRTH_TLS_1_2);
    assert_int_equal(tls.max_version, FIRTH_TLS_1_3);
    assert_int_equal(tls.trust, FIRTH_TLS_TRUST_SYSTEM);
    assert_false(tls.insecure_any_certificate);
    assert_false(tls.insecure_any_name);
    assert_true(tls.session_tickets);
    assert_int_equal(tls.ticket_lifetime_s, 86400);
    assert_int_equal(tls.handshake_timeout_ms, 10000);
    assert_int_equal(firth_tls_server().role, FIRTH_TLS_SERVER);
    assert_int_equal(firth_tls_server().client_authentication, FIRTH_TLS_CLIENT_NONE);
}

static void what_firth_tls_client_and_server_give_is_good(void **state)
{
    firth_tls_builder client = firth_tls_client(), server = firth_tls_server(), full;

    (void)state;
    assert_int_equal(fth_tls_read(&full, &client), FIRTH_OK);
    assert_int_equal(fth_tls_read(&full, &server), FIRTH_OK);
}

/* A program that was compiled with a longer struct of a later version, and one with none at all. */
static void a_builder_of_another_length_is_read_as_far_as_it_goes(void **state)
{
    struct {
        firth_tls_builder tls;
        char later[64];
    } longer;
    firth_tls_builder full;

    (void)state;
    firth_tls_init(&longer.tls, FIRTH_TLS_CLIENT, sizeof longer);
    longer.tls.handshake_timeout_ms = 77;
    assert_int_equal(fth_tls_read(&full, &longer.tls), FIRTH_OK);
    assert_int_equal(full.struct_bytes, sizeof full);
    assert_int_equal(full.handshake_timeout_ms, 77);
    longer.tls.struct_bytes = offsetof(firth_tls_builder, handshake_timeout_ms);
    assert_int_equal(fth_tls_read(&full, &longer.tls), FIRTH_ERR_ARGUMENT);
    assert_string_equal(firth_last_failure()->step, "option struct_bytes");
    assert_int_equal(fth_tls_read(&full, NULL), FIRTH_ERR_ARGUMENT);
}

static void refuses(const firth_tls_builder *tls, const char *option)
{
    firth_tls_builder full;

    assert_int_equal(fth_tls_read(&full, tls), FIRTH_ERR_ARGUMENT);
    assert_string_equal(firth_last_failure()->step, option);
}

#define CLIENT_REFUSES(field, value, option)                                                                           \
    do {                                                                                                               \
        firth_tls_builder tls_ = firth_tls_client();                                                                   \
        tls_.field = value;                                                                                            \
        refuses(&tls_, option);                                                                                        \
    } while (0)

#define SERVER_REFUSES(field, value, option)                                                                           \
    do {                                                                                                               \
        firth_tls_builder tls_ = firth_tls_server();                                                                   \
        tls_.field = value;                                                                                            \
        refuses(&tls_, option);                                                                                        \
    } while (0)

static void a_number_out_of_its_range_is_named(void **state)
{
    (void)state;
    CLIENT_REFUSES(role, (firth_tls_role)2, "option role");
    CLIENT_REFUSES(role, FIRTH_TLS_SERVER, "option role"); /* the builder has the defaults and checks of a client */
    SERVER_REFUSES(role, FIRTH_TLS_CLIENT, "option role");
    CLIENT_REFUSES(side, NULL, "option role");
    CLIENT_REFUSES(min_version, (firth_tls_version)0x0302, "option min_version");
    CLIENT_REFUSES(max_version, (firth_tls_version)0x0305, "option max_version");
    CLIENT_REFUSES(max_version, (firth_tls_version)0, "option max_version");
    CLIENT_REFUSES(trust, (firth_tls_trust)3, "option trust");
    CLIENT_REFUSES(ticket_lifetime_s, 0, "option ticket_lifetime_s");
    CLIENT_REFUSES(ticket_lifetime_s, 604801, "option ticket_lifetime_s");
    CLIENT_REFUSES(handshake_timeout_ms, -1, "option handshake_timeout_ms");
    SERVER_REFUSES(client_authentication, (firth_tls_client_authentication)3, "option client_authentication");
}

static void the_oldest_version_is_not_newer_than_the_newest(void **state)
{
    firth_tls_builder tls = firth_tls_client();

    (void)state;
    tls.min_version = FIRTH_TLS_1_3;
    tls.max_version = FIRTH_TLS_1_2;
    refuses(&tls, "option max_version");
}

static void a_count_without_its_list_is_named(void **state)
{
    (void)state;
    CLIENT_REFUSES(cipher_suite_count, 1, "option cipher_suites");
    CLIENT_REFUSES(alpn_count, 1, "option alpn");
    CLIENT_REFUSES(identity_count, 1, "option identities");
    CLIENT_REFUSES(authority_count, 1, "option authorities");
    CLIENT_REFUSES(revocation_list_count, 1, "option revocation_lists");
    CLIENT_REFUSES(pin_count, 1, "option pins");
}

static void trust_in_a_list_needs_the_list(void **state)
{
    (void)state;
    CLIENT_REFUSES(trust, FIRTH_TLS_TRUST_AUTHORITIES, "option authorities");
    CLIENT_REFUSES(trust, FIRTH_TLS_TRUST_PINS, "option pins");
}

static void data_is_a_file_or_memory_and_not_nothing(void **state)
{
    const firth_tls_data bad[] = {
        {NULL, NULL, 0}, {NULL, NULL, 7}, {NULL, some_bytes, 0}, {"", NULL, 0}, {"/a/file", some_bytes, 7},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        firth_tls_builder tls = firth_tls_client();
        firth_tls_identity identity = some_identity;

        tls.authorities = &bad[i];
        tls.authority_count = 1;
        refuses(&tls, "option authorities");
        tls = firth_tls_client();
        tls.revocation_lists = &bad[i];
        tls.revocation_list_count = 1;
        refuses(&tls, "option revocation_lists");
        tls = firth_tls_client();
        tls.identities = &identity;
        tls.identity_count = 1;
        identity.key = bad[i];
        refuses(&tls, "option identities");
        identity = some_identity;
        identity.certificate = bad[i];
        refuses(&tls, "option identities");
    }
}

static void a_protocol_of_alpn_has_1_to_255_bytes(void **state)
{
    char longest[257];
    const char *names[] = {"h2", longest};
    firth_tls_builder tls = firth_tls_client(), full;

    (void)state;
    memset(longest, 'x', sizeof longest);
    longest[255] = '\0';
    tls.alpn = names;
    tls.alpn_count = 2;
    assert_int_equal(fth_tls_read(&full, &tls), FIRTH_OK);
    longest[255] = 'x';
    longest[256] = '\0';
    refuses(&tls, "option alpn");
    longest[0] = '\0';
    refuses(&tls, "option alpn");
    names[1] = NULL;
    refuses(&tls, "option alpn");
}

static void a_pre_shared_key_has_an_identity_and_bytes(void **state)
{
    firth_tls_builder tls = firth_tls_client(), full;

    (void)state;
    tls.psk_identity = "me";
    refuses(&tls, "option psk_identity");
    tls.psk = some_bytes;
    refuses(&tls, "option psk_size");
    tls.psk_size = 16;
    assert_int_equal(fth_tls_read(&full, &tls), FIRTH_OK);
    tls.psk = NULL;
    refuses(&tls, "option psk_identity");
    tls.psk_identity = NULL;
    refuses(&tls, "option psk_size");
    tls.psk = some_bytes;
    tls.psk_identity = "";
    refuses(&tls, "option psk_identity");
}

static size_t find_none(void *argument, const char *identity, unsigned char *key, size_t capacity)
{
    (void)argument;
    (void)identity;
    memset(key, 0, capacity);
    return 0;
}

/* No option is silently ignored. */
static void an_option_that_the_role_does_not_have_is_named(void **state)
{
    (void)state;
    CLIENT_REFUSES(psk_find, find_none, "option psk_find");
    CLIENT_REFUSES(client_authentication, FIRTH_TLS_CLIENT_OPTIONAL, "option client_authentication");
    SERVER_REFUSES(server_name, "a.example", "option server_name");
    SERVER_REFUSES(insecure_any_name, true, "option insecure_any_name");
}

static void a_server_that_asks_for_no_certificate_needs_nothing_to_check_it_with(void **state)
{
    firth_tls_builder tls = firth_tls_server(), full;

    (void)state;
    SERVER_REFUSES(insecure_any_certificate, true, "option insecure_any_certificate");
    tls.authorities = &some_data;
    tls.authority_count = 1;
    refuses(&tls, "option authorities");
    tls.client_authentication = FIRTH_TLS_CLIENT_OPTIONAL;
    assert_int_equal(fth_tls_read(&full, &tls), FIRTH_OK);
    tls = firth_tls_server();
    tls.pins = &some_pin;
    tls.pin_count = 1;
    refuses(&tls, "option pins");
    tls = firth_tls_server();
    tls.revocation_lists = &some_data;
    tls.revocation_list_count = 1;
    refuses(&tls, "option revocation_lists");
}

static void refuses_in_words(const firth_tls_builder *tls, const char *option, const char *words)
{
    refuses(tls, option);
    assert_non_null(strstr(firth_last_failure()->detail, words));
}

/* Who pins a certificate and leaves a switch for tests on must hear of it. */
static void what_to_check_a_certificate_by_does_not_go_with_taking_any(void **state)
{
    static const char words[] = "insecure_any_certificate looks at nothing";

    (void)state;
    for (int role = FIRTH_TLS_CLIENT; role <= FIRTH_TLS_SERVER; role++) {
        firth_tls_builder any, tls, full;

        firth_tls_init(&any, (firth_tls_role)role, sizeof any);
        any.client_authentication = role == FIRTH_TLS_SERVER ? FIRTH_TLS_CLIENT_REQUIRED : FIRTH_TLS_CLIENT_NONE;
        any.insecure_any_certificate = true;
        assert_int_equal(fth_tls_read(&full, &any), FIRTH_OK);
        tls = any;
        tls.pins = &some_pin;
        tls.pin_count = 1;
        refuses_in_words(&tls, "option pins", words);
        tls.trust = FIRTH_TLS_TRUST_PINS;
        refuses_in_words(&tls, "option pins", words);
        tls = any;
        tls.authorities = &some_data;
        tls.authority_count = 1;
        refuses_in_words(&tls, "option authorities", words);
        tls = any;
        tls.revocation_lists = &some_data;
        tls.revocation_list_count = 1;
        refuses_in_words(&tls, "option revocation_lists", words);
        tls = any;
        tls.insecure_any_name = true;
        refuses(&tls, "option insecure_any_name");
    }
}

/* It takes a certificate only if it was told whose; nothing of one is looked at else. */
static void a_client_with_a_key_alone_is_given_nothing_to_check_certificates_by(void **state)
{
    static const char words[] = "a client with a pre-shared key takes no certificate";
    firth_tls_builder by_key = firth_tls_client(), tls, full;

    (void)state;
    by_key.psk_identity = "me";
    by_key.psk = some_bytes;
    by_key.psk_size = 16;
    tls = by_key;
    tls.insecure_any_certificate = true;
    refuses_in_words(&tls, "option insecure_any_certificate", words);
    tls = by_key;
    tls.insecure_any_name = true;
    refuses_in_words(&tls, "option insecure_any_name", words);
    tls = by_key;
    tls.revocation_lists = &some_data;
    tls.revocation_list_count = 1;
    refuses_in_words(&tls, "option revocation_lists", words);
    tls.authorities = &some_data;
    tls.authority_count = 1;
    assert_int_equal(fth_tls_read(&full, &tls), FIRTH_OK);
}

static void a_name_is_as_long_as_names_are(void **state)
{
    char name[256];
    firth_tls_builder tls = firth_tls_client(), full;

    (void)state;
    memset(name, 'a', sizeof name);
    name[63] = name[127] = name[191] = '.';
    name[253] = '\0';
    tls.server_name = name;
    assert_int_equal(fth_tls_read(&full, &tls), FIRTH_OK);
    name[253] = '.';
    name[254] = '\0';
    assert_int_equal(fth_tls_read(&full, &tls), FIRTH_OK);
    name[253] = 'a';
    refuses(&tls, "option server_name");
}

static void a_name_is_written_as_names_and_addresses_are(void **state)
{
    static const char *const good[] = {"a", "a.example", "a.example.", "_x.a-b.example", "192.0.2.1", "2001:db8::1"};
    static const char *const bad[] = {"",
                                      ".",
                                      "..",
                                      "bad name!",
                                      "a..example",
                                      ".a",
                                      "a.example..",
                                      "*.example",
                                      "https://a.example",
                                      "a.example:443",
                                      "\xc3\xa4.example"};
    firth_tls_builder tls = firth_tls_client(), full;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        tls.server_name = good[i];
        assert_int_equal(fth_tls_read(&full, &tls), FIRTH_OK);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tls.server_name = bad[i];
        refuses(&tls, "option server_name");
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_the_documented_ones),
        cmocka_unit_test(what_firth_tls_client_and_server_give_is_good),
        cmocka_unit_test(a_builder_of_another_length_is_read_as_far_as_it_goes),
        cmocka_unit_test(a_number_out_of_its_range_is_named),
        cmocka_unit_test(the_oldest_version_is_not_newer_than_the_newest),
        cmocka_unit_test(a_count_without_its_list_is_named),
        cmocka_unit_test(trust_in_a_list_needs_the_list),
        cmocka_unit_test(data_is_a_file_or_memory_and_not_nothing),
        cmocka_unit_test(a_protocol_of_alpn_has_1_to_255_bytes),
        cmocka_unit_test(a_pre_shared_key_has_an_identity_and_bytes),
        cmocka_unit_test(an_option_that_the_role_does_not_have_is_named),
        cmocka_unit_test(a_server_that_asks_for_no_certificate_needs_nothing_to_check_it_with),
        cmocka_unit_test(what_to_check_a_certificate_by_does_not_go_with_taking_any),
        cmocka_unit_test(a_client_with_a_key_alone_is_given_nothing_to_check_certificates_by),
        cmocka_unit_test(a_name_is_as_long_as_names_are),
        cmocka_unit_test(a_name_is_written_as_names_and_addresses_are),
    };

    return support_main(argc, argv, "tls_builder", tests, sizeof tests / sizeof *tests);
}
