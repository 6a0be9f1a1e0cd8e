/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tls/mbedtls/private.h"
#include <string.h>

int fth_tls_state(const mbedtls_ssl_context *ssl)
{
    return ssl->MBEDTLS_PRIVATE(state);
}

size_t fth_tls_unsent(const mbedtls_ssl_context *ssl)
{
    return ssl->MBEDTLS_PRIVATE(out_left);
}

void fth_tls_use_application_keys(mbedtls_ssl_context *ssl)
{
    mbedtls_ssl_transform *keys = ssl->MBEDTLS_PRIVATE(transform_application);

    if (keys == NULL || ssl->MBEDTLS_PRIVATE(transform_out) == keys)
        return;
    ssl->MBEDTLS_PRIVATE(transform_out) = keys;
    memset(ssl->MBEDTLS_PRIVATE(cur_out_ctr), 0, sizeof ssl->MBEDTLS_PRIVATE(cur_out_ctr));
}

int fth_tls_received_alert(const mbedtls_ssl_context *ssl)
{
    return ssl->MBEDTLS_PRIVATE(in_msg)[1];
}

int fth_tls_received_handshake(const mbedtls_ssl_context *ssl)
{
    if (ssl->MBEDTLS_PRIVATE(in_msgtype) != MBEDTLS_SSL_MSG_HANDSHAKE || ssl->MBEDTLS_PRIVATE(in_msglen) == 0)
        return -1;
    return ssl->MBEDTLS_PRIVATE(in_msg)[0];
}

bool fth_tls_is_joining(const mbedtls_ssl_context *ssl)
{
    return ssl->MBEDTLS_PRIVATE(badmac_seen_or_in_hsfraglen) != 0;
}

bool fth_tls_is_short_piece(const mbedtls_ssl_context *ssl)
{
    const size_t size = ssl->MBEDTLS_PRIVATE(in_msglen);

    return !fth_tls_reads_plain(ssl) && ssl->MBEDTLS_PRIVATE(in_msgtype) == MBEDTLS_SSL_MSG_HANDSHAKE && size > 0 &&
           size < 4;
}

bool fth_tls_reads_plain(const mbedtls_ssl_context *ssl)
{
    return ssl->MBEDTLS_PRIVATE(transform_in) == NULL;
}

const unsigned char *fth_tls_received_header(const mbedtls_ssl_context *ssl)
{
    return ssl->MBEDTLS_PRIVATE(in_hdr);
}

bool fth_tls_is_joined(const mbedtls_x509_name *part)
{
    return part->MBEDTLS_PRIVATE(next_merged) != 0;
}

void fth_tls_prepare_alerts(mbedtls_ssl_context *ssl)
{
    switch (ssl->MBEDTLS_PRIVATE(state)) {
    case MBEDTLS_SSL_ENCRYPTED_EXTENSIONS:
    case MBEDTLS_SSL_CERTIFICATE_REQUEST:
    case MBEDTLS_SSL_SERVER_CERTIFICATE:
    case MBEDTLS_SSL_CERTIFICATE_VERIFY:
    case MBEDTLS_SSL_SERVER_FINISHED:
        if (ssl->MBEDTLS_PRIVATE(transform_out) == NULL) {
            ssl->MBEDTLS_PRIVATE(transform_out) = ssl->MBEDTLS_PRIVATE(transform_in);
            memset(ssl->MBEDTLS_PRIVATE(cur_out_ctr), 0, sizeof ssl->MBEDTLS_PRIVATE(cur_out_ctr));
        }
        break;
    case MBEDTLS_SSL_CLIENT_CCS_AFTER_SERVER_FINISHED:
        ssl->MBEDTLS_PRIVATE(transform_out) = NULL;
        break;
    default:
        break;
    }
}
