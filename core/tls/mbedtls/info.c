/* SPDX-License-Identifier: Apache-2.0 */
/* What was agreed on. */
#include "core/tls/mbedtls/private.h"
#include "core/tls/mbedtls/session.h"

/* IANA's names; mbedTLS has names of its own. */
static const struct {
    uint16_t number;
    const char *name;
} suites[] = {
    {0x1301, "TLS_AES_128_GCM_SHA256"},
    {0x1302, "TLS_AES_256_GCM_SHA384"},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
    {0x1304, "TLS_AES_128_CCM_SHA256"},
    {0x1305, "TLS_AES_128_CCM_8_SHA256"},
    {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
    {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"},
    {0xc0ad, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM"},
    {0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"},
    {0xc0af, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8"},
    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xccac, "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256"},
};

static const char *suite_name(uint16_t number)
{
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        if (suites[i].number == number)
            return suites[i].name;
    return mbedtls_ssl_get_ciphersuite_name(number);
}

static const char *name_of(const fth_tls_session *session)
{
    if (session->link.context->role == FIRTH_TLS_SERVER)
        return session->link.server_name;
    return session->host_number.family == FIRTH_FAMILY_NONE ? session->host : NULL;
}

/* A handshake that had no place for a certificate is resumed, or was made with a pre-shared key of TLS 1.3. A client keeps
 * no sessions when it has such a key. */
static bool is_resumed(const fth_tls_session *session)
{
    const fth_tls_context *context = session->link.context;

    if (session->has_certificate_step)
        return false;
    return context->role == FIRTH_TLS_CLIENT ? context->kept_lock != NULL : !session->link.has_found_key;
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

void fth_tls_session_info(const fth_tls_session *session, firth_tls_info *info)
{
    const mbedtls_ssl_context *ssl = &session->ssl;
    bool is_1_3 = mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_3;

    *info = (firth_tls_info){
        .version = is_1_3 ? FIRTH_TLS_1_3 : FIRTH_TLS_1_2,
        .cipher_suite = (uint16_t)mbedtls_ssl_get_ciphersuite_id_from_ssl(ssl),
        .alpn = or_empty(mbedtls_ssl_get_alpn_protocol(ssl)),
        .server_name = or_empty(name_of(session)),
        .is_resumed = is_resumed(session),
        .has_peer_certificate = mbedtls_ssl_get_peer_cert(ssl) != NULL,
    };
    info->cipher_suite_name = suite_name(info->cipher_suite);
}
