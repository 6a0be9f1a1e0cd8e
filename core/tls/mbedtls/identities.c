/* SPDX-License-Identifier: Apache-2.0 */
/* This end's certificates: read, and checked against their keys. */
#include "core/base/words.h"
#include "core/tls/mbedtls/parts.h"
#include <firth/backend.h>
#include <string.h>

static const char option[] = FTH_OPTION("identities");

#ifdef FIRTH_NO_WORDS
static const char *kind_words(const fth_tls_material *material, const unsigned char *bytes, size_t size, bool is_key)
{
    (void)material, (void)bytes, (void)size, (void)is_key;
    return NULL;
}

static const char *key_words(int error, const char *password, const fth_tls_material *material,
                             const unsigned char *bytes)
{
    (void)error, (void)password, (void)material, (void)bytes;
    return "";
}
#else

/* Of keys on Edwards curves, which mbedTLS does not have: 1.3.101.112 and 1.3.101.113 (RFC 8410 §3). NULL: of none. */
static const char *edwards_words(const unsigned char *der, size_t size)
{
    static const unsigned char prefix[] = {MBEDTLS_ASN1_OID, 3, 0x2B, 0x65};

    for (size_t i = 0; i + sizeof prefix < size; i++)
        if (memcmp(der + i, prefix, sizeof prefix) == 0) {
            if (der[i + sizeof prefix] == 0x70)
                return "the kind of key Ed25519 is not supported: use ECDSA or RSA";
            if (der[i + sizeof prefix] == 0x71)
                return "the kind of key Ed448 is not supported: use ECDSA or RSA";
        }
    return NULL;
}

/* Why mbedTLS does not take a block, if that can be seen. */
static const char *kind_words(const fth_tls_material *material, const unsigned char *bytes, size_t size, bool is_key)
{
    const char *words = NULL;
    mbedtls_pem_context pem;
    size_t used;

    if (!material->is_pem)
        return edwards_words(bytes, size);
    mbedtls_pem_init(&pem);
    if (mbedtls_pem_read_buffer(&pem, is_key ? "-----BEGIN PRIVATE KEY-----" : "-----BEGIN CERTIFICATE-----",
                                is_key ? "-----END PRIVATE KEY-----" : "-----END CERTIFICATE-----", bytes, NULL, 0,
                                &used) == 0) {
        const unsigned char *der = mbedtls_pem_get_buffer(&pem, &used);

        words = edwards_words(der, used);
    }
    mbedtls_pem_free(&pem);
    return words;
}

/* Of PEM both kinds have the word in their first lines. EncryptedPrivateKeyInfo (RFC 5958 §3) is a SEQUENCE of an algorithm
 * and an OCTET STRING, and a key that is open begins with its version. */
static bool is_encrypted(const fth_tls_material *material, const unsigned char *bytes)
{
    const int sequence = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE;
    unsigned char *at = material->bytes;
    const unsigned char *last = at + material->size;
    size_t size;

    if (material->is_pem)
        return strstr((const char *)bytes, "ENCRYPTED") != NULL;
    if (mbedtls_asn1_get_tag(&at, last, &size, sequence) != 0)
        return false;
    return mbedtls_asn1_get_tag(&at, last, &size, sequence) == 0 && at + size < last &&
           at[size] == MBEDTLS_ASN1_OCTET_STRING;
}

/* A wrong password may well decrypt to what looks like a key until it is parsed. With DER mbedTLS goes on to other formats
 * then, and returns what the last of them says. */
static const char *key_words(int error, const char *password, const fth_tls_material *material,
                             const unsigned char *bytes)
{
    if (!is_encrypted(material, bytes))
        return "not a private key of a kind that can be used";
    if (password == NULL || password[0] == '\0')
        return "the key is encrypted and no password was given";
    if (fth_tls_lacks_encryption(error))
        return "the key is encrypted in a way that this build of mbedTLS does not have";
    return material->is_pem || error == MBEDTLS_ERR_PK_PASSWORD_MISMATCH
               ? "the password is wrong"
               : "the password is wrong, or the key is encrypted in a way that this build of mbedTLS does "
                 "not have";
}

#endif

/* With a header, the request's context, and for each a length and that of its extensions (RFC 8446 §4.4.2); in TLS 1.2
 * it is less. */
static size_t message_bytes(const mbedtls_x509_crt *chain)
{
    size_t bytes = 4 + 1 + 3;

    for (; chain != NULL; chain = chain->next)
        bytes += 3 + chain->raw.len + 2;
    return bytes;
}

static int refuse_certificate(const fth_tls_material *material, const unsigned char *bytes, size_t size, int error)
{
    const char *words = kind_words(material, bytes, size, false);

    if (words != NULL && !fth_tls_is_no_memory(error))
        return fth_tls_material_fail(material, 0, words);
    return fth_tls_material_fail(material, error,
                                 material->is_pem ? FTH_WORDS("a certificate in it cannot be read")
                                                  : FTH_WORDS("not a certificate"));
}

static int read_chain(fth_tls_own *own, const firth_tls_data *data)
{
    fth_tls_material material;
    const unsigned char *bytes;
    size_t size, count = 0;
    int rc = fth_tls_material_load(&material, data, option, "certificate");

    if (rc < 0)
        return rc;
    for (; rc >= 0 && (bytes = fth_tls_material_next(&material, "CERTIFICATE", &size)) != NULL; count++) {
        const int error = mbedtls_x509_crt_parse(&own->chain, bytes, size);

        if (error != 0)
            rc = refuse_certificate(&material, bytes, size, error);
    }
    if (rc >= 0 && count == 0)
        rc = fth_tls_material_fail(&material, 0, FTH_WORDS("no certificate in it"));
    if (rc >= 0 && message_bytes(&own->chain) > MBEDTLS_SSL_OUT_CONTENT_LEN)
        rc = fth_tls_material_fail(&material, 0,
                                   FTH_WORDS("the chain of certificates is longer than the " FTH_TLS_MOST_SENT_IN_WORDS
                                             " bytes that this build of mbedTLS sends"));
    fth_tls_material_free(&material);
    return rc;
}

/* PKCS #8 of both kinds, RSA and EC keys of their own formats. A file may hold other things beside the key: parameters of
 * the curve, the certificate. */
static const unsigned char *find_key(fth_tls_material *material, size_t *size)
{
    static const char *const labels[] = {"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"};
    const unsigned char *bytes = NULL;
    size_t i;

    for (i = 0; i < sizeof labels / sizeof labels[0] && bytes == NULL; i++)
        bytes = fth_tls_material_next(material, labels[i], size);
    return bytes;
}

static int refuse_key(const fth_tls_material *material, const unsigned char *bytes, size_t size, int error,
                      const char *words)
{
    const char *kind = kind_words(material, bytes, size, true);

    if (kind != NULL && !fth_tls_is_no_memory(error))
        return fth_tls_material_fail(material, 0, kind);
    return fth_tls_material_fail(material, error, words);
}

static int read_key(fth_tls_own *own, const firth_tls_identity *identity)
{
    fth_tls_material material;
    const unsigned char *bytes;
    size_t size;
    int rc = fth_tls_material_load(&material, &identity->key, option, "key");

    if (rc < 0)
        return rc;
    bytes = find_key(&material, &size);
    if (bytes == NULL) {
        rc = fth_tls_material_fail(&material, 0, FTH_WORDS("no private key in it"));
    } else {
        int error = fth_tls_parse_key(&own->key, bytes, size, identity->password);

        if (error != 0) {
            rc = refuse_key(&material, bytes, size, error, key_words(error, identity->password, &material, bytes));
        } else {
            error = fth_tls_check_pair(&own->chain.pk, &own->key);
            if (error != 0)
                rc = fth_tls_material_fail(&material, fth_tls_is_no_memory(error) ? error : 0,
                                           FTH_WORDS("the key does not belong to the certificate"));
        }
    }
    fth_tls_material_free(&material);
    return rc;
}

static int read_identity(fth_tls_context *context, const firth_tls_identity *identity)
{
    fth_tls_own *own = &context->own[context->own_count++];
    int error, rc;

    mbedtls_x509_crt_init(&own->chain);
    mbedtls_pk_init(&own->key);
    rc = read_chain(own, &identity->certificate);
    if (rc >= 0)
        rc = read_key(own, identity);
    if (rc < 0)
        return rc;
    error = mbedtls_ssl_conf_own_cert(&context->config, &own->chain, &own->key);
    return error == 0 ? FIRTH_OK : fth_tls_context_fail(error, option, FTH_WORDS("the certificate cannot be used"));
}

void fth_tls_identities_free(fth_tls_context *context)
{
    size_t i;

    for (i = 0; i < context->own_count; i++) {
        mbedtls_x509_crt_free(&context->own[i].chain);
        mbedtls_pk_free(&context->own[i].key);
    }
    firth_port_release(context->own);
}

int fth_tls_identities_build(fth_tls_context *context, const firth_tls_builder *tls)
{
    size_t i;
    int rc = FIRTH_OK;

    if (tls->identity_count == 0)
        return FIRTH_OK;
    context->own = firth_port_allocate(tls->identity_count * sizeof *context->own);
    if (context->own == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, option);
    for (i = 0; i < tls->identity_count && rc >= 0; i++)
        rc = read_identity(context, &tls->identities[i]);
    return rc;
}
