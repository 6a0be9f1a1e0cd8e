/* SPDX-License-Identifier: Apache-2.0 */
/* This end's certificates and keys: the forms they may come in, and in words what is wrong with those that cannot be
 * used. */
#include "tests/support/support.h"
#include "tests/tls/identity.h"
#include "tests/tls/scratch.h"
#include <stdlib.h>

/* mbedTLS has no Ed25519. */
static const char ed25519_key[] = "-----BEGIN PRIVATE KEY-----\n"
                                  "MC4CAQAwBQYDK2VwBCIEIIpgRn3OIZqf0wm2OOGSwiBMHB0XrilHny72RefioKF7\n"
                                  "-----END PRIVATE KEY-----\n";

static const char ed25519_certificate[] = "-----BEGIN CERTIFICATE-----\n"
                                          "MIIBMDCB46ADAgECAhQYbiJMURh8EFjWcq2LpKta2C6ewjAFBgMrZXAwDTELMAkG\n"
                                          "A1UEAwwCZWQwIBcNMjYxMTI1MjE0MTA5WhgPMjA4MTA4MjgyMTQxMDlaMA0xCzAJ\n"
                                          "BgNVBAMMAmVkMCowBQYDK2VwAyEA7JNN851wX5gqhznLnuKPkwlqXVj1VbVhZG+I\n"
                                          "Tb3gOyWjUzBRMB0GA1UdDgQWBBS6EXutXkUu1ky/A7JnYoZj3RNIIjAfBgNVHSME\n"
                                          "GDAWgBS6EXutXkUu1ky/A7JnYoZj3RNIIjAPBgNVHRMBAf8EBTADAQH/MAUGAytl\n"
                                          "cANBACokcCzHs2R6SN0etEBz+s3dbHAtuifyjKS11smM/dwUwV2nZ5jSWDy/sY6n\n"
                                          "jTxpAnU80ykecZHHFpX9cnWO1g8=\n"
                                          "-----END CERTIFICATE-----\n";

/* ---- helpers ----------------------------------------------------------------------------------------------------- */

static certificate *make(const char *subject, certificate_key key)
{
    const certificate_wish wish = {.subject = subject, .names = "DNS:a.example", .key = key};

    return certificate_make(&wish);
}

/* ---- forms ------------------------------------------------------------------------------------------------------- */

static void der_and_pem_in_memory_and_in_files_are_told_apart(void **state)
{
    static const certificate_key kinds[] = {KEY_P256, KEY_P384, KEY_RSA};
    char pem[4096], key[4096];

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        certificate *one = make("CN=a", kinds[i]);
        const certificate *const chain[] = {one};
        const firth_tls_identity der = certificate_identity(one);
        const size_t pem_size = certificate_pem(pem, sizeof pem, chain, 1);
        const size_t key_size = certificate_key_pem(key, sizeof key, one);

        identity_built(der.certificate, der.key, NULL);
        identity_built(firth_tls_memory(pem, pem_size), firth_tls_memory(key, key_size), NULL);
        identity_built(firth_tls_memory(pem, pem_size + 1), firth_tls_memory(key, key_size + 1),
                       NULL); /* with the NUL */
        identity_built(firth_tls_memory(pem, pem_size), der.key, NULL);
        identity_built(firth_tls_file(scratch_file("a.pem", pem, pem_size)),
                       firth_tls_file(scratch_file("k.pem", key, key_size)), NULL);
        identity_built(firth_tls_file(scratch_file("a.der", one->der, one->der_size)),
                       firth_tls_file(scratch_file("k.der", one->key_der, one->key_der_size)), NULL);
        certificate_free(one);
    }
}

static void one_file_may_hold_the_certificate_the_key_and_words(void **state)
{
    certificate *one = make("CN=a", KEY_P256);
    const certificate *const chain[] = {one};
    char all[8192] = "This is the server's.\n";
    size_t size = strlen(all);

    (void)state;
    size += certificate_key_pem(all + size, sizeof all - size, one);
    size += certificate_pem(all + size, sizeof all - size, chain, 1);
    (void)scratch_file("all.pem", all, size);
    identity_built(firth_tls_file(scratch_path("all.pem")), firth_tls_file(scratch_path("all.pem")), NULL);
    certificate_free(one);
}

/* "openssl storeutl" begins so, and 0x30 is the first byte of DER, too. */
static void a_text_that_begins_with_a_zero_is_not_taken_for_der(void **state)
{
    static const char begin[] = "0: Certificate\n";
    certificate *one = make("CN=a", KEY_P256);
    const certificate *const chain[] = {one};
    char pem[4096], key[4096];

    (void)state;
    memcpy(pem, begin, sizeof begin);
    memcpy(key, begin, sizeof begin);
    (void)certificate_pem(pem + sizeof begin - 1, sizeof pem - sizeof begin, chain, 1);
    (void)certificate_key_pem(key + sizeof begin - 1, sizeof key - sizeof begin, one);
    identity_built(identity_text(pem), identity_text(key), NULL);
    identity_refused(identity_text("0"), identity_text(key), NULL, "certificate in memory", "not a certificate");
    certificate_free(one);
}

/* ---- what is wrong ----------------------------------------------------------------------------------------------- */

static void a_file_that_cannot_be_read_is_named_with_the_reason(void **state)
{
    certificate *one = make("CN=a", KEY_P256);
    const firth_tls_identity der = certificate_identity(one);
    const char *missing = scratch_path("missing.pem");

    (void)state;
    identity_refused(firth_tls_file(missing), der.key, NULL, missing, "no such file");
    identity_refused(der.certificate, firth_tls_file(missing), NULL, missing, "no such file");
    identity_refused(firth_tls_file("/"), der.key, NULL, "/", "a folder, not a file");
    certificate_free(one);
}

/* The detail has 255 bytes, and the reason must be among them. */
static void the_reason_is_there_after_a_path_of_any_length(void **state)
{
    certificate *one = make("CN=a", KEY_P256);
    char path[900];

    (void)state;
    memset(path, 'd', sizeof path);
    for (size_t i = 0; i < sizeof path; i += 60)
        path[i] = '/';
    memcpy(path + sizeof path - 8, "end.pem", 8);
    identity_refused(firth_tls_file(path), certificate_identity(one).key, NULL, "end.pem: no such file", "...");
    certificate_free(one);
}

static void what_is_not_a_certificate_or_a_key_is_said(void **state)
{
    certificate *one = make("CN=a", KEY_P256);
    const firth_tls_identity der = certificate_identity(one);
    const char *empty = scratch_text("empty.pem", ""), *words = scratch_text("words.pem", "good morning\n");
    char pem[4096], broken[4096];
    const certificate *const chain[] = {one};

    (void)state;
    (void)certificate_pem(pem, sizeof pem, chain, 1);
    identity_refused(firth_tls_file(empty), der.key, NULL, empty, "no certificate in it");
    identity_refused(firth_tls_file(words), der.key, NULL, words, "not a certificate");
    identity_refused(der.key, der.key, NULL, "certificate in memory", "not a certificate");
    identity_refused(identity_text(ed25519_key), der.key, NULL, "certificate in memory", "no certificate in it");
    identity_refused(der.certificate, firth_tls_file(empty), NULL, empty, "no private key in it");
    identity_refused(der.certificate, firth_tls_file(words), NULL, words, "not a private key");
    identity_refused(der.certificate, identity_text(pem), NULL, "key in memory", "no private key in it");
    identity_refused(der.certificate, der.certificate, NULL, "key in memory", "not a private key");
    memcpy(broken, pem, sizeof pem);
    broken[60] = '!';
    identity_refused(identity_text(broken), der.key, NULL, "certificate in memory",
                     "a certificate in it cannot be read");
    memcpy(broken, pem, sizeof pem);
    broken[strlen(pem) / 2] = '\0'; /* cut off */
    identity_refused(identity_text(broken), der.key, NULL, "certificate in memory",
                     "a certificate in it cannot be read");
    certificate_free(one);
}

static void a_kind_of_key_that_is_not_supported_is_named(void **state)
{
    static const char words[] = "the kind of key Ed25519 is not supported: use ECDSA or RSA";
    certificate *one = make("CN=a", KEY_P256);
    const firth_tls_identity good = certificate_identity(one);
    unsigned char der[1024];
    size_t size;

    (void)state;
    identity_refused(identity_text(ed25519_certificate), identity_text(ed25519_key), NULL, "certificate in memory",
                     words);
    identity_refused(good.certificate, identity_text(ed25519_key), NULL, "key in memory", words);
    size = identity_decode(der, sizeof der, ed25519_certificate);
    identity_refused(firth_tls_memory(der, size), good.key, NULL, "certificate in memory", words);
    size = identity_decode(der, sizeof der, ed25519_key);
    identity_refused(good.certificate, firth_tls_memory(der, size), NULL, "key in memory", words);
    certificate_free(one);
}

/* Each handshake would fail. */
static void a_chain_that_no_message_holds_is_refused(void **state)
{
    enum { MOST = MBEDTLS_SSL_OUT_CONTENT_LEN, CAPACITY = 2 * MOST, CERTIFICATES = MOST / 128 };
    certificate *leaf = make("CN=a", KEY_P256);
    const size_t fits = (MOST - 8) / (leaf->der_size + 5);
    const certificate *chain[CERTIFICATES];
    char *pem = malloc(CAPACITY);
    size_t size;

    (void)state;
    assert_non_null(pem);
    assert_true(fits < CERTIFICATES);
    for (size_t i = 0; i <= fits; i++)
        chain[i] = leaf;
    size = certificate_pem(pem, CAPACITY, chain, fits);
    identity_built(firth_tls_memory(pem, size), certificate_identity(leaf).key, NULL);
    size = certificate_pem(pem, CAPACITY, chain, fits + 1);
    identity_refused(firth_tls_memory(pem, size), certificate_identity(leaf).key, NULL, "certificate in memory",
                     "the chain of certificates is longer than");
    free(pem);
    certificate_free(leaf);
}

/* A bad intermediate would only be noticed by clients. */
static void every_certificate_of_a_chain_must_be_readable(void **state)
{
    certificate *leaf = make("CN=a", KEY_P256), *root = make("CN=root", KEY_P256);
    const certificate *const chain[] = {leaf, root};
    const size_t capacity = 8192;
    char *pem = malloc(capacity), *second;
    const size_t size = certificate_pem(pem, capacity, chain, 2);

    (void)state;
    identity_built(firth_tls_memory(pem, size), certificate_identity(leaf).key, NULL);
    second = strstr(pem + 1, "-----BEGIN");
    second[40] = '!';
    identity_refused(firth_tls_memory(pem, size), certificate_identity(leaf).key, NULL, "certificate in memory",
                     "a certificate in it cannot be read");
    free(pem);
    certificate_free(root);
    certificate_free(leaf);
}

static void a_key_of_another_certificate_is_refused(void **state)
{
    certificate *a = make("CN=a", KEY_P256), *b = make("CN=b", KEY_P256), *rsa = make("CN=c", KEY_RSA);
    const char *path = scratch_file("b.der", b->key_der, b->key_der_size);

    (void)state;
    identity_refused(certificate_data(a), firth_tls_file(path), NULL, path,
                     "the key does not belong to the certificate");
    identity_refused(certificate_data(a), certificate_identity(rsa).key, NULL, "key in memory",
                     "the key does not belong to the certificate");
    identity_refused(certificate_data(rsa), certificate_identity(a).key, NULL, "key in memory",
                     "the key does not belong to the certificate");
    certificate_free(rsa);
    certificate_free(b);
    certificate_free(a);
}

static void a_server_needs_a_certificate_or_pre_shared_keys(void **state)
{
    const firth_tls_builder tls = firth_tls_server();

    (void)state;
    assert_true(context_refused(&tls, FIRTH_ERR_TLS_CONFIG, "a server needs a certificate or pre-shared keys", NULL));
}

static void the_second_of_several_is_checked_as_the_first(void **state)
{
    certificate *a = make("CN=a", KEY_P256), *b = make("CN=b", KEY_RSA);
    const firth_tls_identity both[] = {certificate_identity(a),
                                       identity_of(certificate_data(b), certificate_identity(a).key, NULL)};
    firth_tls_builder tls = identity_server(both);

    (void)state;
    tls.identity_count = 2;
    assert_true(context_refused(&tls, FIRTH_ERR_TLS_CONFIG, "does not belong", NULL));
    certificate_free(b);
    certificate_free(a);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(der_and_pem_in_memory_and_in_files_are_told_apart, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(one_file_may_hold_the_certificate_the_key_and_words, scratch_open,
                                        scratch_close),
        cmocka_unit_test(a_text_that_begins_with_a_zero_is_not_taken_for_der),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_read_is_named_with_the_reason, scratch_open,
                                        scratch_close),
        cmocka_unit_test(the_reason_is_there_after_a_path_of_any_length),
        cmocka_unit_test_setup_teardown(what_is_not_a_certificate_or_a_key_is_said, scratch_open, scratch_close),
        cmocka_unit_test(a_kind_of_key_that_is_not_supported_is_named),
        cmocka_unit_test(a_chain_that_no_message_holds_is_refused),
        cmocka_unit_test(every_certificate_of_a_chain_must_be_readable),
        cmocka_unit_test_setup_teardown(a_key_of_another_certificate_is_refused, scratch_open, scratch_close),
        cmocka_unit_test(a_server_needs_a_certificate_or_pre_shared_keys),
        cmocka_unit_test(the_second_of_several_is_checked_as_the_first),
    };

    return support_main(argc, argv, "tls_identities", tests, sizeof tests / sizeof *tests);
}
