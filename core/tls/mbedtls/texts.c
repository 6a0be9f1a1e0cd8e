/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tls/mbedtls/texts.h"
#include "core/tls/mbedtls/private.h"
#include <firth/address.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void fth_tls_text_add(fth_tls_text *text, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text->start + text->used, text->size - text->used, format, arguments);
    va_end(arguments);
    if (length > 0)
        text->used += (size_t)length < text->size - text->used ? (size_t)length : text->size - text->used - 1;
}

/* RFC 4514 §2.1: the last part of the certificate's comes first. mbedTLS writes them the other way round, so it is given
 * one at a time; there are few, and finding each from the start costs nothing. */
static const mbedtls_x509_name *part_before(const mbedtls_x509_name *first, const mbedtls_x509_name *end)
{
    while (first->next != end)
        first = first->next;
    return first;
}

static void add_part(fth_tls_text *text, const mbedtls_x509_name *part)
{
    mbedtls_x509_name alone = *part;
    int length;

    alone.next = NULL;
    length = mbedtls_x509_dn_gets(text->start + text->used, text->size - text->used, &alone);
    if (length >= 0)
        text->used += (size_t)length;
    else
        fth_tls_text_add(text, "?");
}

void fth_tls_text_add_name(fth_tls_text *text, const mbedtls_x509_name *name)
{
    const mbedtls_x509_name *end = NULL;

    if (name->oid.p == NULL) {
        fth_tls_text_add(text, "(empty)");
        return;
    }
    while (end != name) {
        const mbedtls_x509_name *part = part_before(name, end);

        if (end != NULL)
            fth_tls_text_add(text, "%s", fth_tls_is_joined(part) ? "+" : ", ");
        add_part(text, part);
        end = part;
    }
}

static void add_plain(fth_tls_text *text, const mbedtls_x509_buf *bytes)
{
    for (size_t i = 0; i < bytes->len; i++)
        fth_tls_text_add(text, "%c", bytes->p[i] > ' ' && bytes->p[i] < 0x7f ? bytes->p[i] : '?');
}

static void add_number(fth_tls_text *text, const mbedtls_x509_buf *bytes)
{
    firth_address address = {.family = bytes->len == 4 ? FIRTH_FAMILY_IPV4 : FIRTH_FAMILY_IPV6};
    firth_address_string whole;
    char *end;

    if (bytes->len != 4 && bytes->len != sizeof address.ip) {
        fth_tls_text_add(text, "?");
        return;
    }
    memcpy(address.ip, bytes->p, bytes->len);
    whole = firth_address_text(&address); /* "192.0.2.1:0", "[2001:db8::1]:0" */
    end = strrchr(whole.text, ':');
    if (end != NULL && end > whole.text)
        end[end[-1] == ']' ? -1 : 0] = '\0';
    fth_tls_text_add(text, "%s", whole.text + (whole.text[0] == '['));
}

bool fth_tls_text_add_alternative(fth_tls_text *text, const char *separator, const mbedtls_x509_buf *name)
{
    int kind = name->tag & MBEDTLS_ASN1_TAG_VALUE_MASK;

    switch (name->p != NULL ? kind : -1) {
    case MBEDTLS_X509_SAN_DNS_NAME:
        fth_tls_text_add(text, "%sDNS:", separator);
        break;
    case MBEDTLS_X509_SAN_IP_ADDRESS:
        fth_tls_text_add(text, "%sIP:", separator);
        add_number(text, name);
        return true;
    case MBEDTLS_X509_SAN_UNIFORM_RESOURCE_IDENTIFIER:
        fth_tls_text_add(text, "%sURI:", separator);
        break;
    case MBEDTLS_X509_SAN_RFC822_NAME:
        fth_tls_text_add(text, "%semail:", separator);
        break;
    default:
        return false;
    }
    add_plain(text, name);
    return true;
}
