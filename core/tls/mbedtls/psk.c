/* SPDX-License-Identifier: Apache-2.0 */
/* Pre-shared keys. */
#include "core/base/words.h"
#include "core/tls/mbedtls/parts.h"
#include "core/tls/mbedtls/private.h"
#include <firth/backend.h>
#include <string.h>

/* RFC 4279 §5.3 asks for identities of 128 bytes, of text. In TLS 1.3 the tickets of another server are shown to the same
 * callback, and are not. */
enum { MOST_IDENTITY_BYTES = 128 };

static bool is_text(const unsigned char *bytes, size_t size)
{
    while (size > 0 && *bytes >= 0x20 && *bytes != 0x7F) {
        bytes++;
        size--;
    }
    return size == 0;
}

/* Not 0 stands for a key that is not known, which mbedTLS answers with the alert for that. */
static int find(void *argument, mbedtls_ssl_context *ssl, const unsigned char *identity, size_t size)
{
    const fth_tls_context *context = argument;
    fth_tls_link *link = mbedtls_ssl_get_user_data_p(ssl);
    unsigned char key[MBEDTLS_PSK_MAX_LEN];
    char text[MOST_IDENTITY_BYTES + 1];
    size_t key_size;
    int error = MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY;

    link->has_identity = true;
    if (size == 0 || size > MOST_IDENTITY_BYTES || !is_text(identity, size))
        return error;
    memcpy(text, identity, size);
    text[size] = '\0';
    key_size = context->psk_find(context->psk_find_argument, text, key, sizeof key);
    if (key_size > 0 && key_size <= sizeof key)
        error = mbedtls_ssl_set_hs_psk(ssl, key, key_size);
    link->has_found_key = link->has_found_key || error == 0;
    fth_tls_wipe(key, sizeof key);
    return error;
}

/* With keys alone mbedTLS looks for nothing but a key, and else misses the extensions for certificates, which may all be
 * there: what the client lacks is a key (RFC 8446 §4.1.1 and §6.2). Its share of the other key it needs in any case. */
static void mend_alert(mbedtls_ssl_context *ssl, fth_tls_link *link)
{
    int alert;

    if (fth_tls_own_alert(ssl) != MBEDTLS_SSL_ALERT_MSG_MISSING_EXTENSION)
        return;
    if (link->has_identity && !link->has_found_key)
        alert = MBEDTLS_SSL_ALERT_MSG_UNKNOWN_PSK_IDENTITY;
    else if (link->context->own_count == 0 && fth_tls_client_has_key_share(ssl))
        alert = MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE;
    else
        return;
    link->key_alert = (unsigned char)alert;
    fth_tls_change_alert(ssl, MBEDTLS_SSL_ALERT_MSG_MISSING_EXTENSION, link->key_alert);
}

int fth_tls_psk_build_server(fth_tls_context *context, const firth_tls_builder *tls)
{
    context->psk_find = tls->psk_find;
    context->psk_find_argument = tls->psk_find_argument;
    if (tls->psk_find != NULL) {
        context->mend_alert = mend_alert;
        mbedtls_ssl_conf_psk_cb(&context->config, find, context);
    }
    return FIRTH_OK;
}

int fth_tls_psk_build_client(fth_tls_context *context, const firth_tls_builder *tls)
{
    int error;

    if (tls->psk == NULL)
        return FIRTH_OK;
    if (tls->psk_size > MBEDTLS_PSK_MAX_LEN)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, FTH_OPTION("psk_size"));
    error = mbedtls_ssl_conf_psk(&context->config, tls->psk, tls->psk_size, (const unsigned char *)tls->psk_identity,
                                 strlen(tls->psk_identity));
    return error == 0 ? FIRTH_OK
                      : fth_tls_context_fail(error, FTH_OPTION("psk"), FTH_WORDS("the pre-shared key cannot be used"));
}
