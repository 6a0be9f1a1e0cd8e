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

bool fth_tls_is_short_piece(const mbedtls_ssl_context *ssl)
{
    const size_t size = ssl->MBEDTLS_PRIVATE(in_msglen);

    return !fth_tls_reads_plain(ssl) && ssl->MBEDTLS_PRIVATE(in_msgtype) == MBEDTLS_SSL_MSG_HANDSHAKE && size > 0 &&
           size < 4;
}

bool fth_tls_has_too_many_empty(const mbedtls_ssl_context *ssl)
{
    return ssl->MBEDTLS_PRIVATE(nb_zero) > 3; /* mbedTLS, ssl_msg.c, mbedtls_ssl_decrypt_buf's caller */
}

int fth_tls_own_alert(const mbedtls_ssl_context *ssl)
{
    return ssl->MBEDTLS_PRIVATE(alert_type);
}

void fth_tls_change_alert(mbedtls_ssl_context *ssl, unsigned char from, unsigned char to)
{
    unsigned char *end = ssl->MBEDTLS_PRIVATE(out_hdr); /* where the next record goes */
    enum { RECORD_BYTES = 7 };

    if (ssl->MBEDTLS_PRIVATE(transform_out) == NULL && ssl->MBEDTLS_PRIVATE(out_left) == RECORD_BYTES &&
        end[-RECORD_BYTES] == MBEDTLS_SSL_MSG_ALERT && end[-1] == from)
        end[-1] = to;
}

bool fth_tls_reads_plain(const mbedtls_ssl_context *ssl)
{
    return ssl->MBEDTLS_PRIVATE(transform_in) == NULL;
}

const unsigned char *fth_tls_received_header(const mbedtls_ssl_context *ssl)
{
    return ssl->MBEDTLS_PRIVATE(in_hdr);
}

enum {
    HELLO_FIXED = 4 + 2 + 32,
    SUPPORTED_GROUPS = 10,
    SIGNATURE_ALGORITHMS = 13,
    SUPPORTED_VERSIONS = 43,
    KEY_SHARE = 51
};

/* Passes over a vector whose length is in so many bytes. */
static const unsigned char *skip(const unsigned char *at, const unsigned char *end, size_t length_bytes)
{
    size_t size = 0;

    if ((size_t)(end - at) < length_bytes)
        return end;
    for (size_t i = 0; i < length_bytes; i++)
        size = size << 8 | *at++;
    return (size_t)(end - at) < size ? end : at + size;
}

/* An extension of the ClientHello that has come: where its list, mostly of two-byte numbers, begins, whose length is in so many
 * bytes, and *end where it ends; NULL: it is not there. */
static const unsigned char *find_list(const mbedtls_ssl_context *ssl, unsigned char extension, size_t length_bytes,
                                      const unsigned char **end)
{
    const unsigned char *hello = ssl->MBEDTLS_PRIVATE(in_msg), *at;

    *end = hello + 4 + ((size_t)hello[1] << 16 | (size_t)hello[2] << 8 | hello[3]);
    if (*end - hello < HELLO_FIXED)
        return NULL;
    at = skip(hello + HELLO_FIXED, *end, 1); /* session id */
    at = skip(at, *end, 2);                  /* suites */
    at = skip(at, *end, 1);                  /* compression */
    for (at += *end - at < 2 ? *end - at : 2; *end - at >= 5; at = skip(at + 2, *end, 2))
        if (at[0] == 0 && at[1] == extension) {
            *end = skip(at + 4, *end, length_bytes);
            return at + 4 + length_bytes;
        }
    return NULL;
}

static bool lists(const unsigned char *list, const unsigned char *end, unsigned number)
{
    for (; end - list >= 2; list += 2)
        if ((unsigned)(list[0] << 8 | list[1]) == number)
            return true;
    return false;
}

bool fth_tls_client_has_1_2(const mbedtls_ssl_context *ssl)
{
    const unsigned char *end, *list = find_list(ssl, SUPPORTED_VERSIONS, 1, &end);

    return list == NULL || lists(list, end, 0x0303);
}

/* RFC 8446 §4.2.3: of ECDSA the curve is a part of it. */
bool fth_tls_client_verifies(const mbedtls_ssl_context *ssl, const mbedtls_pk_context *key)
{
    const unsigned char *end, *list = find_list(ssl, SIGNATURE_ALGORITHMS, 2, &end);

    if (list == NULL)
        return false;
    if (FTH_TLS_HAS_RSA && fth_tls_is_rsa(key))
        return lists(list, end, 0x0804) || lists(list, end, 0x0805) || lists(list, end, 0x0806);
    switch (mbedtls_pk_get_bitlen(key)) {
    case 256:
        return lists(list, end, 0x0403);
    case 384:
        return lists(list, end, 0x0503);
    default:
        return lists(list, end, 0x0603);
    }
}

bool fth_tls_client_has_key_share(const mbedtls_ssl_context *ssl)
{
    const unsigned char *end;

    return find_list(ssl, KEY_SHARE, 2, &end) != NULL;
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
