/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a server's certificates is shown: by the name that the client asks for, and by what the client can verify. */
#include "core/tls/left_out.h"
#include "core/tls/mbedtls/parts.h"
#include "core/tls/mbedtls/private.h"
#include <string.h>

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

/* RFC 6066 §3. For a terminal or a log it is harmless, and it is no address in numbers: letters have 0x40, and digits do
 * not. */
static bool is_host_name(const unsigned char *name, size_t size)
{
    unsigned char all = 0;
    size_t i;

    for (i = 0; i < size && name[i] > ' ' && name[i] < 0x7f && name[i] != ':'; i++)
        all |= name[i];
    return i == size && (all & 0x40) != 0;
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
 * it either way): the client knows best whether it minds. What is no host's name is none. */
int fth_tls_choose(mbedtls_ssl_context *ssl)
{
    fth_tls_link *link = mbedtls_ssl_get_user_data_p(ssl);
    bool is_shown = false;
    size_t size;
    const unsigned char *name = mbedtls_ssl_get_hs_sni(ssl, &size);
    int error = 0, how;

    if (!link->context->offers_1_3 && !fth_tls_client_has_1_2(ssl))
        return MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION;
    if (name != NULL && !is_host_name(name, size))
        name = NULL;
    if (name != NULL && link->server_name == NULL) { /* the second ClientHello of TLS 1.3 has it, too */
        error = note_name(link, name, size);
        if (error != 0)
            return error;
    }
    if (!FTH_TLS_HAS_IDENTITIES || link->context->own_count < 2)
        return 0;
    for (how = BY_NAME; how <= ANY && error == 0 && !is_shown; how++)
        error = show_those(link->context, ssl, name, size, (fit)how, &is_shown);
    return error;
}
