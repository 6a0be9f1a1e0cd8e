/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tls/builder.h"
#include "core/tls/mbedtls/verify.h"
#include <firth/backend.h>
#include <string.h>

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

int fth_tls_host_set(fth_tls_session *session, const char *name)
{
    size_t size = strlen(name);
    char *host;

    if (size > 1 && name[size - 1] == '.')
        size--;
    if (size >= FTH_TLS_HOST_SIZE)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "server name");
    host = mbedtls_calloc(1, size + 1);
    if (host == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "server name");
    memcpy(host, name, size);
    session->host = host;
    if (firth_address_make(&session->host_number, host, 0) == FIRTH_OK)
        return FIRTH_OK;
    session->host_number.family = FIRTH_FAMILY_NONE;
    return fth_tls_is_name(host, size) ? FIRTH_OK : firth_fail(FIRTH_ERR_ARGUMENT, 0, "server name");
}

static bool is_equal(const unsigned char *a, const char *b, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (lower((char)a[i]) != lower(b[i]))
            return false;
    return true;
}

bool fth_tls_name_matches(const unsigned char *pattern, size_t size, const char *host)
{
    const char *rest = strchr(host, '.');
    size_t host_size = strlen(host);

    if (size == host_size && is_equal(pattern, host, size))
        return true;
    if (size < 2 || pattern[0] != '*' || pattern[1] != '.' || rest == NULL || rest == host)
        return false;
    if (strchr(rest + 1, '.') == NULL)
        return false;
    return size - 1 == strlen(rest) && is_equal(pattern + 1, rest, size - 1);
}

static bool is_for_host(const mbedtls_x509_buf *name, const fth_tls_session *session)
{
    const firth_address *number = &session->host_number;

    switch (name->tag & MBEDTLS_ASN1_TAG_VALUE_MASK) {
    case MBEDTLS_X509_SAN_DNS_NAME:
        return number->family == FIRTH_FAMILY_NONE && fth_tls_name_matches(name->p, name->len, session->host);
    case MBEDTLS_X509_SAN_IP_ADDRESS:
        return (number->family == FIRTH_FAMILY_IPV4 && name->len == 4 && memcmp(name->p, number->ip, 4) == 0) ||
               (number->family == FIRTH_FAMILY_IPV6 && name->len == 16 && memcmp(name->p, number->ip, 16) == 0);
    default:
        return false;
    }
}

bool fth_tls_is_for_host(const mbedtls_x509_crt *certificate, const fth_tls_session *session)
{
    for (const mbedtls_x509_sequence *name = &certificate->subject_alt_names; name != NULL; name = name->next)
        if (name->buf.p != NULL && is_for_host(&name->buf, session))
            return true;
    return false;
}
