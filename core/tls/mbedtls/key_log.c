/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of draft-ietf-tls-keylogfile, which Wireshark reads. */
#include "core/tls/mbedtls/parts.h"
#include <string.h>

/* NULL: a secret that has no line of its own. */
static const char *label_of(mbedtls_ssl_key_export_type type)
{
    switch (type) {
    case MBEDTLS_SSL_KEY_EXPORT_TLS12_MASTER_SECRET:
        return "CLIENT_RANDOM";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_CLIENT_HANDSHAKE_TRAFFIC_SECRET:
        return "CLIENT_HANDSHAKE_TRAFFIC_SECRET";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_SERVER_HANDSHAKE_TRAFFIC_SECRET:
        return "SERVER_HANDSHAKE_TRAFFIC_SECRET";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_CLIENT_APPLICATION_TRAFFIC_SECRET:
        return "CLIENT_TRAFFIC_SECRET_0";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_SERVER_APPLICATION_TRAFFIC_SECRET:
        return "SERVER_TRAFFIC_SECRET_0";
    default:
        return NULL;
    }
}

static char *write_hex(char *to, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";

    while (size-- > 0) {
        *to++ = digits[*bytes >> 4];
        *to++ = digits[*bytes++ & 15];
    }
    return to;
}

void fth_tls_key_log(void *argument, mbedtls_ssl_key_export_type type, const unsigned char *secret, size_t secret_len,
                     const unsigned char client_random[32], const unsigned char server_random[32],
                     mbedtls_tls_prf_types tls_prf_type)
{
    enum { MOST_SECRET = 64, MOST_LABEL = 40 };
    const fth_tls_context *context = argument;
    const char *label = label_of(type);
    char line[MOST_LABEL + 1 + 64 + 1 + 2 * MOST_SECRET + 1];
    char *to = line;

    (void)server_random;
    (void)tls_prf_type;
    if (label == NULL || secret_len > MOST_SECRET)
        return;
    memcpy(to, label, strlen(label));
    to += strlen(label);
    *to++ = ' ';
    to = write_hex(to, client_random, 32);
    *to++ = ' ';
    to = write_hex(to, secret, secret_len);
    *to = '\0';
    context->key_log(context->key_log_argument, line);
    fth_tls_wipe(line, sizeof line);
}
