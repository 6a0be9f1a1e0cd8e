/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tls/inject.h"
#include "tests/tls/certificate_parts.h"
#include <string.h>

/* Of mbedTLS's internal ssl_misc.h: encrypts what is in out_msg and sends it. */
int mbedtls_ssl_write_record(mbedtls_ssl_context *ssl, int force_flush);

void inject_record(wire_end *from, int type, const void *bytes, size_t size)
{
    mbedtls_ssl_context *ssl = &from->session->ssl;

    if (size > 0)
        memcpy(ssl->MBEDTLS_PRIVATE(out_msg), bytes, size);
    ssl->MBEDTLS_PRIVATE(out_msgtype) = type;
    ssl->MBEDTLS_PRIVATE(out_msglen) = size;
    certificate_check(mbedtls_ssl_write_record(ssl, 1) == 0, "mbedtls_ssl_write_record");
}

void inject_alert(wire_end *from, int level, int number)
{
    unsigned char alert[] = {(unsigned char)level, (unsigned char)number};

    inject_record(from, MBEDTLS_SSL_MSG_ALERT, alert, sizeof alert);
}
