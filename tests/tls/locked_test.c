/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are encrypted: opened with a password, and in words why not. */
#include "tests/support/support.h"
#include "tests/tls/identity.h"
#include "tests/tls/scratch.h"
#include <stdio.h>

/* A key that guards nothing, locked with "secret" by OpenSSL in both of its formats, and its certificate. */
static const char locked_certificate[] = "-----BEGIN CERTIFICATE-----\n"
                                         "MIIBeDCCAR+gAwIBAgIUc/nBC5AARH+d39zE4iI838CFCBcwCgYIKoZIzj0EAwIw\n"
                                         "ETEPMA0GA1UEAwwGbG9ja2VkMCAXDTI2MTEyNTE5NTI0MVoYDzIwODkxMTE0MTk1\n"
                                         "MjQxWjARMQ8wDQYDVQQDDAZsb2NrZWQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
                                         "AATVDkxXlpuh98QWZYEOIn8s6ktU15x12X7Qy9luIF1EJjn1TCyKRouiI/Hj9Q5R\n"
                                         "F1Wcz7gLAKIdW0NSlNhpCrrpo1MwUTAdBgNVHQ4EFgQUGaNfv3QLEBsLkpu4DAj9\n"
                                         "TX1Z1egwHwYDVR0jBBgwFoAUGaNfv3QLEBsLkpu4DAj9TX1Z1egwDwYDVR0TAQH/\n"
                                         "BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiAkALJTjjkOayq1spmHFUDjJtrrB7tm\n"
                                         "J0ZOUugnNuDNQwIgTxTsHyUqdgUrkeCtZvNaJKDbmvhiEjRzN1c7ZGm83Nk=\n"
                                         "-----END CERTIFICATE-----\n";
static const char locked_pkcs8[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                                   "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiyyk9bX8GRlgICCAAw\n"
                                   "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEBLpyTpsihKno6Tz4diabxgEgZCB\n"
                                   "a1GTwAaEb3dsxHj410fcVSNtY/MM0rMoWRfP55IC/oKTlLCjXV4Ra5gsI6fveL52\n"
                                   "xcfjFMk67ZcoWpw4pd1WLaCmk/VokOxlA58Tr/I6WRcgCWdTHJsKcPnI8HHpfezF\n"
                                   "5WVCCZv5WS1+y/nFiTUJKedA72ANYE9urHFi5RZi0T09QEI7CcDNr9kzVZYWaUw=\n"
                                   "-----END ENCRYPTED PRIVATE KEY-----\n";
static const char locked_old_format[] = "-----BEGIN EC PRIVATE KEY-----\n"
                                        "Proc-Type: 4,ENCRYPTED\n"
                                        "DEK-Info: AES-256-CBC,16750D812A07A3348F7BBF0C344346F0\n"
                                        "\n"
                                        "vt9gcZ+batZpq8MWzyB4s7BE5lfTa97iUH7n2yB95+ETpZvv6djXNrFOymk+/6lv\n"
                                        "WAd161m5TjdEbv0k8z26NNBSOoW2lPgbbRJjdc59ZBOM/GoN5T85SOSPbImulpUA\n"
                                        "6alUBblTy3hVo5TA8yqkDdN9q3WGJBXQEs7s5/UCWcM=\n"
                                        "-----END EC PRIVATE KEY-----\n";

/* The same key and password, with a derivation that mbedTLS does not have. */
static const char locked_by_scrypt[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                                       "MIHjME4GCSqGSIb3DQEFDTBBMCAGCSsGAQQB2kcECzATBAjJyYp8QIBTRgIBAgIB\n"
                                       "CAIBATAdBglghkgBZQMEASoEEA1b30Y19k9FssQ1fPB7hNYEgZDaM2gqEXtNndoZ\n"
                                       "QHWM71Cw0F5NK3z7b1F93yQPWj1t6pdM2U7RlW1/fSlsh+xTMwuuo7GEKLXSgef1\n"
                                       "UTA1My5Oi+vlaBrTo2APHTZzQ5uUBhZCvDfM/YUcy2rg8fcBjbbRwotHFAMlQ2Xn\n"
                                       "VK/T1XaEnYgUFTwNWwwGI1zpRTtZ+lbHhck3RjmVNDmJZ09XnYs=\n"
                                       "-----END ENCRYPTED PRIVATE KEY-----\n";

static void an_encrypted_key_opens_with_its_password(void **state)
{
    unsigned char der[512];
    size_t size;

    (void)state;
    identity_built(identity_text(locked_certificate), identity_text(locked_pkcs8), "secret");
    identity_built(identity_text(locked_certificate), identity_text(locked_old_format), "secret");
    size = identity_decode(der, sizeof der, locked_pkcs8);
    identity_built(identity_text(locked_certificate), firth_tls_memory(der, size), "secret");
    identity_refused(identity_text(locked_certificate), firth_tls_memory(der, size), "wrong", "key in memory",
                     "the password is wrong");
}

static void a_password_that_is_missing_or_wrong_is_said(void **state)
{
    const char *const keys[] = {locked_pkcs8, locked_old_format};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const char *path = scratch_text("locked.pem", keys[i]);

        identity_refused(identity_text(locked_certificate), firth_tls_file(path), NULL, path,
                         "the key is encrypted and no password was given");
        identity_refused(identity_text(locked_certificate), identity_text(keys[i]), "", "key in memory",
                         "the key is encrypted and no password was given");
        identity_refused(identity_text(locked_certificate), firth_tls_file(path), "wrong", path,
                         "the password is wrong");
        identity_refused(identity_text(locked_certificate), identity_text(keys[i]), "secret and more", "key in memory",
                         "the password is wrong");
    }
}

/* Of DER mbedTLS does not tell which it was. */
static void a_key_encrypted_as_mbedtls_cannot_is_not_called_a_wrong_password(void **state)
{
    static const char lacks[] = "the key is encrypted in a way that this build of mbedTLS does not have";
    static const char either[] = "the password is wrong, or the key is encrypted in a way that";
    const char *at = strstr(locked_old_format, "AES-256") + strlen("AES");
    unsigned char der[512];
    char camellia[1024];
    size_t size;

    (void)state;
    identity_refused(identity_text(locked_certificate), identity_text(locked_by_scrypt), "secret", "key in memory",
                     lacks);
    identity_refused(identity_text(locked_certificate), identity_text(locked_by_scrypt), NULL, "key in memory",
                     "the key is encrypted and no password was given");
    (void)snprintf(camellia, sizeof camellia, "%.*sCAMELLIA%s", (int)(at - strlen("AES") - locked_old_format),
                   locked_old_format, at);
    identity_refused(identity_text(locked_certificate), identity_text(camellia), "secret", "key in memory", lacks);
    size = identity_decode(der, sizeof der, locked_by_scrypt);
    identity_refused(identity_text(locked_certificate), firth_tls_memory(der, size), "secret", "key in memory", either);
}

static void an_encrypted_key_in_der_is_known_for_one_without_its_password(void **state)
{
    static const char words[] = "the key is encrypted and no password was given";
    const char *const keys[] = {locked_pkcs8, locked_by_scrypt};
    const certificate_wish wish = {.subject = "CN=a", .key = KEY_P256};
    certificate *one = certificate_make(&wish);
    unsigned char der[512];
    int size;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const firth_tls_data key = firth_tls_memory(der, identity_decode(der, sizeof der, keys[i]));

        identity_refused(identity_text(locked_certificate), key, NULL, "key in memory", words);
        identity_refused(identity_text(locked_certificate), key, "", "key in memory", words);
    }
    size = mbedtls_pk_write_pubkey_der(&one->key, der, sizeof der); /* at the end; it has algorithms in front, too */
    assert_true(size > 0);
    identity_refused(certificate_data(one), firth_tls_memory(der + sizeof der - size, (size_t)size), NULL,
                     "key in memory", "not a private key");
    certificate_free(one);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_encrypted_key_opens_with_its_password),
        cmocka_unit_test_setup_teardown(a_password_that_is_missing_or_wrong_is_said, scratch_open, scratch_close),
        cmocka_unit_test(a_key_encrypted_as_mbedtls_cannot_is_not_called_a_wrong_password),
        cmocka_unit_test(an_encrypted_key_in_der_is_known_for_one_without_its_password),
    };

    return support_main(argc, argv, "tls_locked", tests, sizeof tests / sizeof *tests);
}
