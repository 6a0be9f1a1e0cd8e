/* SPDX-License-Identifier: Apache-2.0 */
/* What may be agreed on: versions, suites, groups, signatures. */
#include "core/base/failure.h"
#include "core/base/words.h"
#include "core/tls/left_out.h"
#include "core/tls/mbedtls/parts.h"
#include <firth/backend.h>
#include <string.h>

/* How a server proves itself. */
typedef enum proof { BY_ANY, BY_PSK, BY_ECDSA, BY_RSA } proof;

typedef struct suite {
    uint16_t number;
    uint16_t version;
    proof by;
} suite;

/* All that have forward secrecy and authenticated encryption. ChaCha20-Poly1305 is the first because without the
 * processor's help it is the fastest in mbedTLS, and takes no time that depends on the key; AES-128 before AES-256
 * because it is faster and as far from being broken. */
static const suite suites[] = {
    {0x1303, FIRTH_TLS_1_3, BY_ANY},   /* TLS_CHACHA20_POLY1305_SHA256 */
    {0x1301, FIRTH_TLS_1_3, BY_ANY},   /* TLS_AES_128_GCM_SHA256 */
    {0x1302, FIRTH_TLS_1_3, BY_ANY},   /* TLS_AES_256_GCM_SHA384 */
    {0xCCAC, FIRTH_TLS_1_2, BY_PSK},   /* TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, mbedTLS's only one of its kind */
    {0xCCA9, FIRTH_TLS_1_2, BY_ECDSA}, /* TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 */
    {0xCCA8, FIRTH_TLS_1_2, BY_RSA},   /* TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 */
    {0xC02B, FIRTH_TLS_1_2, BY_ECDSA}, /* TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 */
    {0xC02F, FIRTH_TLS_1_2, BY_RSA},   /* TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 */
    {0xC02C, FIRTH_TLS_1_2, BY_ECDSA}, /* TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 */
    {0xC030, FIRTH_TLS_1_2, BY_RSA},   /* TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 */
};

enum { SUITE_COUNT = sizeof suites / sizeof suites[0] };

/* In TLS 1.2 also the curves of the certificates that a peer may show, which is what secp521r1 is there for. */
static const uint16_t groups[] = {
    MBEDTLS_SSL_IANA_TLS_GROUP_X25519,    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
};

/* No SHA-1. rsa_pkcs1 is for certificates and TLS 1.2; it goes before rsa_pss where a client that offers PSS in TLS 1.2
 * cannot do it: most servers take the client's order. */
#define ECDSA                                                                                                          \
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256, MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,                              \
        MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512
#define RSA_PSS                                                                                                        \
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256, MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,                                    \
        MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512
#define RSA_PKCS1                                                                                                      \
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256, MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384, MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512

/* mbedTLS keeps the list, not a copy of it. */
static const uint16_t *signatures(void)
{
#if FTH_TLS_HAS_RSA
    static const uint16_t with_fault[] = {ECDSA, RSA_PKCS1, RSA_PSS, MBEDTLS_TLS1_3_SIG_NONE};
    static const uint16_t all[] = {ECDSA, RSA_PSS, RSA_PKCS1, MBEDTLS_TLS1_3_SIG_NONE};

    return fth_tls_has_pss_fault() ? with_fault : all;
#else
    static const uint16_t all[] = {ECDSA, MBEDTLS_TLS1_3_SIG_NONE};

    return all;
#endif
}

static bool has_psk(const firth_tls_builder *tls)
{
    return FTH_TLS_HAS_PSK && (tls->psk != NULL || tls->psk_find != NULL);
}

/* Whether certificates prove anybody here. */
static bool has_certificates(const fth_tls_context *context)
{
    return context->role == FIRTH_TLS_SERVER ? context->own_count > 0 : context->wants_certificate;
}

static const suite *find_suite(uint16_t number)
{
    size_t i;

    for (i = 0; i < SUITE_COUNT; i++)
        if (suites[i].number == number)
            return mbedtls_ssl_ciphersuite_from_id(number) != NULL ? &suites[i] : NULL;
    return NULL;
}

/* Whether it can come to be agreed on: a suite of TLS 1.2 says how the peer proves itself. */
static bool is_usable(const fth_tls_context *context, const firth_tls_builder *tls, const suite *one)
{
    if (one == NULL || one->version < tls->min_version || one->version > tls->max_version)
        return false;
    return one->version == FIRTH_TLS_1_3 || (one->by == BY_PSK ? has_psk(tls) : has_certificates(context));
}

static int refuse_suite(uint16_t number)
{
    return firth_fail_in_words(
        FIRTH_ERR_ARGUMENT, 0, FTH_OPTION("cipher_suites"), "0x%04X%s%s: %s", number,
        mbedtls_ssl_ciphersuite_from_id(number) != NULL ? " " : "",
        mbedtls_ssl_ciphersuite_from_id(number) != NULL ? mbedtls_ssl_get_ciphersuite_name(number) : "",
        mbedtls_ssl_ciphersuite_from_id(number) != NULL ? "without forward secrecy or authenticated encryption"
                                                        : "not a suite that mbedTLS has");
}

/* A version none of whose suites was named would be agreed on and then fail, so it is not offered. */
static int build_versions(fth_tls_context *context, const firth_tls_builder *tls, bool has_1_2, bool has_1_3)
{
    if (!has_1_2 && !has_1_3)
        return firth_fail_in_words(FIRTH_ERR_ARGUMENT, 0, FTH_OPTION("cipher_suites"), "none for the versions%s",
                                   has_psk(tls) ? " and pre-shared keys" : "");
    context->offers_1_3 = has_1_3;
    mbedtls_ssl_conf_min_tls_version(&context->config,
                                     has_1_2 ? MBEDTLS_SSL_VERSION_TLS1_2 : MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_max_tls_version(&context->config,
                                     has_1_3 ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2);
    return FIRTH_OK;
}

static int build_suites(fth_tls_context *context, const firth_tls_builder *tls)
{
    const size_t count = tls->cipher_suite_count > 0 ? tls->cipher_suite_count : SUITE_COUNT;
    bool has_1_2 = false, has_1_3 = false;
    size_t i, at = 0;

    context->suites = firth_port_allocate((count + 1) * sizeof *context->suites);
    if (context->suites == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, FTH_OPTION("cipher_suites"));
    for (i = 0; i < count; i++) {
        const uint16_t number = tls->cipher_suite_count > 0 ? tls->cipher_suites[i] : suites[i].number;
        const suite *one = find_suite(number);

        if (one == NULL && tls->cipher_suite_count > 0)
            return refuse_suite(number);
        if (!is_usable(context, tls, one))
            continue;
        context->suites[at++] = one->number;
        has_1_2 = has_1_2 || one->version == FIRTH_TLS_1_2;
        has_1_3 = has_1_3 || one->version == FIRTH_TLS_1_3;
    }
    context->suites[at] = 0;
    mbedtls_ssl_conf_ciphersuites(&context->config, context->suites);
    return build_versions(context, tls, has_1_2, has_1_3);
}

/* ---- identities that no handshake could use ---------------------------------------------------------------------- */

/* Whether there is a suite with which it can be shown; a client is asked for one with each that is not for keys. */
static bool has_suite(const fth_tls_context *context, proof by, bool is_for_1_3)
{
    const int *at;

    for (at = context->suites; *at != 0; at++) {
        const suite *one = find_suite((uint16_t)*at);

        if (one->by == BY_ANY ? is_for_1_3 : one->by == by || context->role == FIRTH_TLS_CLIENT)
            return true;
    }
    return false;
}

/* NULL: nothing. TLS 1.3 has a signature for each of three curves, and TLS 1.2 takes any that the peer offers. */
static const char *what_is_wrong(const fth_tls_context *context, const mbedtls_pk_context *key)
{
    const bool is_rsa = FTH_TLS_HAS_RSA && fth_tls_is_rsa(key);
    const bool is_for_1_3 = is_rsa || fth_tls_has_curve_of_1_3(key);

    if (is_rsa && mbedtls_pk_get_bitlen(key) < 2048)
        return FTH_WORDS("an RSA key of fewer than 2048 bits");
    if (has_suite(context, is_rsa ? BY_RSA : BY_ECDSA, is_for_1_3))
        return NULL;
    return is_for_1_3
               ? FTH_WORDS("none of cipher_suites is for a key of its kind")
               : FTH_WORDS("TLS 1.3 does not have the curve of the key, and there is no suite of TLS 1.2 for it");
}

static int check_identities(const fth_tls_context *context, const firth_tls_builder *tls)
{
    size_t i;

    for (i = 0; i < context->own_count; i++) {
        const char *words = what_is_wrong(context, &context->own[i].key);
        const fth_tls_material material = {.name = fth_tls_material_name(&tls->identities[i].key, "key"),
                                           .option = FTH_OPTION("identities")};

        if (words != NULL)
            return fth_tls_material_fail(&material, 0, words);
    }
    return FIRTH_OK;
}

/* Never a pre-shared key or a ticket alone, which would have no forward secrecy. */
static int exchange_modes(const fth_tls_context *context, const firth_tls_builder *tls)
{
    unsigned modes = 0;

    if (has_certificates(context))
        modes |= MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL;
    if (has_psk(tls) || tls->session_tickets)
        modes |= MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL;
    return (int)modes;
}

int fth_tls_versions_build(fth_tls_context *context, const firth_tls_builder *tls)
{
    int rc;

    mbedtls_ssl_conf_sig_algs(&context->config, signatures());
    mbedtls_ssl_conf_groups(&context->config, groups);
    mbedtls_ssl_conf_tls13_key_exchange_modes(&context->config, exchange_modes(context, tls));
    mbedtls_ssl_conf_extended_master_secret(&context->config, MBEDTLS_SSL_EXTENDED_MS_ENABLED);
    mbedtls_ssl_conf_legacy_renegotiation(&context->config, MBEDTLS_SSL_LEGACY_BREAK_HANDSHAKE);
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(&context->config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
    rc = build_suites(context, tls);
    return rc >= 0 && (FTH_TLS_HAS_RSA || FTH_TLS_HAS_OTHER_CURVES) ? check_identities(context, tls) : rc;
}
