/* SPDX-License-Identifier: Apache-2.0 */
/* Files of DER with several certificates, and with what is none. */
#include "core/tls/mbedtls/context.h"
#include "tests/support/support.h"
#include "tests/tls/identity.h"
#include "tests/tls/scratch.h"

static certificate *make(const char *subject)
{
    const certificate_wish wish = {.subject = subject, .names = "DNS:a.example", .key = KEY_P256};

    return certificate_make(&wish);
}

static size_t append(unsigned char *der, size_t size, const void *bytes, size_t more)
{
    memcpy(der + size, bytes, more);
    return size + more;
}

static size_t chain_length(firth_tls_data chain, firth_tls_data key)
{
    const firth_tls_identity identity = identity_of(chain, key, NULL);
    const firth_tls_builder tls = identity_server(&identity);
    fth_tls_context *context = context_of(&tls);
    size_t length = 0;

    assert_non_null(context);
    for (const mbedtls_x509_crt *at = &context->own[0].chain; at != NULL; at = at->next)
        length++;
    fth_tls_mbedtls.context_free(context);
    return length;
}

/* "cat leaf.der intermediate.der": who gets the leaf alone cannot verify it. */
static void certificates_in_der_may_be_several(void **state)
{
    certificate *leaf = make("CN=a"), *root = make("CN=root");
    const firth_tls_data key = certificate_identity(leaf).key;
    unsigned char der[8192];
    size_t size;

    (void)state;
    size = append(der, 0, leaf->der, leaf->der_size);
    assert_int_equal(chain_length(firth_tls_memory(der, size), key), 1);
    size = append(der, size, root->der, root->der_size);
    assert_int_equal(chain_length(firth_tls_memory(der, size), key), 2);
    size = append(der, size, root->der, root->der_size);
    assert_int_equal(chain_length(firth_tls_file(scratch_file("chain.der", der, size)), key), 3);
    size = append(der, size, leaf->key_der, leaf->key_der_size);
    identity_refused(firth_tls_memory(der, size), key, NULL, "certificate in memory", "not a certificate");
    certificate_free(root);
    certificate_free(leaf);
}

static void der_with_something_else_behind_it_is_refused(void **state)
{
    static const char words[] = "what is behind the first DER in it is none, or was cut off";
    certificate *leaf = make("CN=a");
    const firth_tls_identity good = certificate_identity(leaf);
    unsigned char der[8192];
    const size_t whole = append(der, 0, leaf->der, leaf->der_size), cut = leaf->der_size - 1;
    const char *path;

    (void)state;
    identity_refused(firth_tls_memory(der, append(der, whole, "", 1)), good.key, NULL, "certificate in memory", words);
    identity_refused(firth_tls_memory(der, append(der, whole, "0", 1)), good.key, NULL, "certificate in memory", words);
    identity_refused(firth_tls_memory(der, append(der, whole, leaf->der, cut)), good.key, NULL, "certificate in memory",
                     words);
    path = scratch_file("behind.der", der, append(der, whole, "-----BEGIN CERTIFICATE-----", 27));
    identity_refused(firth_tls_file(path), good.key, NULL, path, words);
    identity_refused(firth_tls_memory(der, cut), good.key, NULL, "certificate in memory", "not a certificate");
    (void)append(der, 0, leaf->key_der, leaf->key_der_size);
    identity_refused(good.certificate, firth_tls_memory(der, append(der, leaf->key_der_size, "\n", 1)), NULL,
                     "key in memory", words);
    certificate_free(leaf);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(certificates_in_der_may_be_several, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(der_with_something_else_behind_it_is_refused, scratch_open, scratch_close),
    };

    return support_main(argc, argv, "tls_der", tests, sizeof tests / sizeof *tests);
}
