/* SPDX-License-Identifier: Apache-2.0 */
/* mbedTLS's verdict is only ever made stricter here, but for two flags that the configuration says do not count:
 * NOT_TRUSTED with pins in the place of authorities, CN_MISMATCH with insecure_any_name. */
#include "core/tls/mbedtls/verify.h"
#include "core/tls/left_out.h"
#include <string.h>

static bool hash_is(const mbedtls_x509_buf *of, const unsigned char expected[32])
{
    unsigned char hash[32];
    size_t size = 0;

    if (psa_hash_compute(PSA_ALG_SHA_256, of->p, of->len, hash, sizeof hash, &size) != PSA_SUCCESS)
        return false;
    return size == sizeof hash && memcmp(hash, expected, sizeof hash) == 0;
}

static bool is_pinned(const fth_tls_context *context, const mbedtls_x509_crt *leaf)
{
    for (size_t i = 0; i < context->pin_count; i++) {
        const firth_tls_pin *pin = &context->pins[i];

        if (hash_is(pin->is_public_key ? &leaf->pk_raw : &leaf->raw, pin->sha256))
            return true;
    }
    return false;
}

static bool is_unpinned(const fth_tls_context *context, const mbedtls_x509_crt *leaf)
{
    return (context->pin_count > 0 || context->trust == FIRTH_TLS_TRUST_PINS) && !is_pinned(context, leaf);
}

/* mbedTLS checks these after its callback; checked here they are among the words. */
static uint32_t usage_faults(const fth_tls_context *context, const mbedtls_x509_crt *leaf)
{
    bool is_client = context->role == FIRTH_TLS_CLIENT;
    const char *purpose = is_client ? MBEDTLS_OID_SERVER_AUTH : MBEDTLS_OID_CLIENT_AUTH;
    size_t size = is_client ? MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH) : MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH);
    uint32_t faults = 0;

    if (mbedtls_x509_crt_check_extended_key_usage(leaf, purpose, size) != 0)
        faults |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
    if (mbedtls_x509_crt_check_key_usage(leaf, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0)
        faults |= MBEDTLS_X509_BADCERT_KEY_USAGE;
    return faults;
}

static void verify_leaf(fth_tls_session *session, const mbedtls_x509_crt *leaf, uint32_t *flags)
{
    const fth_tls_context *context = session->link.context;

    session->has_verified = true;
    *flags |= usage_faults(context, leaf);
    if (FTH_TLS_HAS_PINS && is_unpinned(context, leaf))
        *flags |= MBEDTLS_X509_BADCERT_OTHER;
    if (context->side->check_leaf != NULL)
        context->side->check_leaf(session, leaf, flags);
}

int fth_tls_verify(void *argument, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    fth_tls_session *session = argument;

    if (session->link.context->any_certificate) { /* a server's clients; a client does not come here then */
        *flags = 0;
        return 0;
    }
    if (session->link.context->trust == FIRTH_TLS_TRUST_PINS)
        *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_NOT_TRUSTED;
    if (depth == 0)
        verify_leaf(session, certificate, flags);
    if (*flags != 0)
        fth_tls_verdict_add(session, certificate, depth, *flags);
    if ((*flags & MBEDTLS_X509_BADCERT_FUTURE) != 0) /* certificate_expired stands for both, if not for mbedTLS */
        *flags |= MBEDTLS_X509_BADCERT_EXPIRED;
    return 0;
}
