/* SPDX-License-Identifier: Apache-2.0 */
/* This end's certificates: read, checked against their keys, and chosen for the name that a client asks for. */
#include "core/base/words.h"
#include "core/tls/mbedtls/parts.h"
#include "core/tls/mbedtls/private.h"
#include <firth/backend.h>
#include <string.h>

static const char option[] = "option identities";

/* ---- reading ----------------------------------------------------------------------------------------------------- */

#ifdef FIRTH_NO_WORDS
static const char *kind_words(const fth_tls_material *material, const unsigned char *bytes, size_t size, bool is_key)
{
    (void)material, (void)bytes, (void)size, (void)is_key;
    return NULL;
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

/* A wrong password may well decrypt to what looks like a key until it is parsed. */
static const char *key_words(int error, const char *password, bool is_encrypted)
{
    if (error == MBEDTLS_ERR_PK_PASSWORD_REQUIRED || (is_encrypted && (password == NULL || password[0] == '\0')))
        return FTH_WORDS("the key is encrypted and no password was given");
    if (error == MBEDTLS_ERR_PK_PASSWORD_MISMATCH || is_encrypted)
        return FTH_WORDS("the password is wrong");
    return FTH_WORDS("not a private key of a kind that can be used");
}

/* PKCS #8 of both kinds, RSA and EC keys of their own formats. A file may hold other things beside the key: parameters of
 * the curve, the certificate. */
static const unsigned char *find_key(fth_tls_material *material, size_t *size, bool *is_encrypted)
{
    static const char *const labels[] = {"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"};
    const unsigned char *bytes = NULL;
    size_t i;

    for (i = 0; i < sizeof labels / sizeof labels[0] && bytes == NULL; i++) {
        bytes = fth_tls_material_next(material, labels[i], size);
        *is_encrypted = i == 3 && material->is_pem;
    }
    if (bytes != NULL && material->is_pem && strstr((const char *)bytes, "Proc-Type: 4,ENCRYPTED") != NULL)
        *is_encrypted = true;
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
    bool is_encrypted = false;
    size_t size;
    int rc = fth_tls_material_load(&material, &identity->key, option, "key");

    if (rc < 0)
        return rc;
    bytes = find_key(&material, &size, &is_encrypted);
    if (bytes == NULL) {
        rc = fth_tls_material_fail(&material, 0, FTH_WORDS("no private key in it"));
    } else {
        int error = fth_tls_parse_key(&own->key, bytes, size, identity->password);

        if (error != 0) {
            rc = refuse_key(&material, bytes, size, error, key_words(error, identity->password, is_encrypted));
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

/* ---- choosing ---------------------------------------------------------------------------------------------------- */

static unsigned char lower(unsigned char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (unsigned char)(letter | 0x20) : letter;
}

static bool is_same(const unsigned char *a, const unsigned char *b, size_t size)
{
    while (size > 0 && lower(*a) == lower(*b)) {
        a++;
        b++;
        size--;
    }
    return size == 0;
}

/* RFC 6125 §6.4.3: "*" stands for one whole label, the first. */
static bool matches(const mbedtls_x509_buf *pattern, const unsigned char *name, size_t size, bool by_wildcard)
{
    const unsigned char *dot = memchr(name, '.', size);

    if (!by_wildcard)
        return pattern->len == size && is_same(pattern->p, name, size);
    if (pattern->len < 3 || pattern->p[0] != '*' || pattern->p[1] != '.' || dot == NULL || dot == name)
        return false;
    return pattern->len - 1 == size - (size_t)(dot - name) && is_same(pattern->p + 1, dot, pattern->len - 1);
}

static bool is_for(const fth_tls_own *own, const unsigned char *name, size_t size, bool by_wildcard)
{
    const mbedtls_x509_sequence *at = &own->chain.subject_alt_names;

    for (; at != NULL && at->buf.p != NULL; at = at->next)
        if ((at->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) == MBEDTLS_X509_SAN_DNS_NAME &&
            matches(&at->buf, name, size, by_wildcard))
            return true;
    return false;
}

typedef enum fit { BY_NAME, BY_WILDCARD, ANY } fit;

static bool fits(const fth_tls_own *own, const unsigned char *name, size_t size, fit how)
{
    return how == ANY || (name != NULL && is_for(own, name, size, how == BY_WILDCARD));
}

/* Those that fit, for in TLS 1.2 mbedTLS decides by what the client can verify. In TLS 1.3 it would take the client's order
 * of algorithms, and not that of the certificates; so there it is given the first that will do. */
static int show_those(const fth_tls_context *context, mbedtls_ssl_context *ssl, const unsigned char *name, size_t size,
                      fit how, bool *is_shown)
{
    const bool is_1_3 = mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_3;
    size_t i;
    int error = 0;

    for (i = 0; i < context->own_count && error == 0 && !(is_1_3 && *is_shown); i++) {
        fth_tls_own *own = &context->own[i];

        if (fits(own, name, size, how) && (!is_1_3 || fth_tls_client_verifies(ssl, &own->key))) {
            error = mbedtls_ssl_set_hs_own_cert(ssl, &own->chain, &own->key);
            *is_shown = true;
        }
    }
    return error;
}

static int note_name(fth_tls_link *link, const unsigned char *name, size_t size)
{
    link->server_name = mbedtls_calloc(1, size + 1);
    if (link->server_name == NULL)
        return MBEDTLS_ERR_SSL_ALLOC_FAILED;
    memcpy(link->server_name, name, size);
    return 0;
}

/* After the whole ClientHello. A name that no certificate has gets the first, as one with no name does (RFC 6066 §3 has
 * it either way): the client knows best whether it minds. */
static int choose(mbedtls_ssl_context *ssl)
{
    fth_tls_link *link = mbedtls_ssl_get_user_data_p(ssl);
    bool is_shown = false;
    size_t size;
    const unsigned char *name = mbedtls_ssl_get_hs_sni(ssl, &size);
    int error = 0, how;

    if (!link->context->offers_1_3 && !fth_tls_client_has_1_2(ssl))
        return MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION;
    if (name != NULL && (size == 0 || memchr(name, '\0', size) != NULL))
        name = NULL;
    if (name != NULL && link->server_name == NULL) { /* the second ClientHello of TLS 1.3 has it, too */
        error = note_name(link, name, size);
        if (error != 0)
            return error;
    }
    if (link->context->own_count < 2)
        return 0;
    for (how = BY_NAME; how <= ANY && error == 0 && !is_shown; how++)
        error = show_those(link->context, ssl, name, size, (fit)how, &is_shown);
    return error;
}

int fth_tls_identities_build(fth_tls_context *context, const firth_tls_builder *tls)
{
    size_t i;
    int rc = FIRTH_OK;

    if (context->role == FIRTH_TLS_SERVER)
        mbedtls_ssl_conf_cert_cb(&context->config, choose);
    if (tls->identity_count == 0)
        return FIRTH_OK;
    context->own = firth_port_allocate(tls->identity_count * sizeof *context->own);
    if (context->own == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, option);
    for (i = 0; i < tls->identity_count && rc >= 0; i++)
        rc = read_identity(context, &tls->identities[i]);
    return rc;
}
