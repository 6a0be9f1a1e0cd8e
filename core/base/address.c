/* SPDX-License-Identifier: Apache-2.0 */
/* Numeric addresses from text and to text. */
#include "core/base/format.h"
#include <firth/address.h>
#include <firth/backend.h>
#include <string.h>

/* A text without its end. */
typedef struct span {
    const char *at;
    const char *end;
} span;

static bool is_done(const span *text)
{
    return text->at == text->end;
}

static bool take(span *text, char c)
{
    if (is_done(text) || *text->at != c)
        return false;
    text->at++;
    return true;
}

static int digit_of(char c, unsigned base)
{
    int digit = -1;

    if (c >= '0' && c <= '9')
        digit = c - '0';
    else if (c >= 'a' && c <= 'f')
        digit = c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
        digit = c - 'A' + 10;
    return digit < (int)base ? digit : -1;
}

/* A number of 1 to most_digits digits and at most most; false if there is none. */
static bool take_number(span *text, unsigned base, unsigned most_digits, uint32_t most, uint32_t *value)
{
    uint64_t number = 0;
    unsigned digits = 0;

    while (!is_done(text) && digits < most_digits && digit_of(*text->at, base) >= 0) {
        number = number * base + (unsigned)digit_of(*text->at++, base);
        digits++;
    }
    *value = (uint32_t)number;
    return digits > 0 && number <= most;
}

/* ---- IPv4: four decimal numbers without leading zeros ------------------------------------------------------------ */

static bool take_ipv4(span *text, uint8_t *ip)
{
    int i;

    for (i = 0; i < 4; i++) {
        const char *first;
        uint32_t part;

        if (i > 0 && !take(text, '.'))
            return false;
        first = text->at;
        if (!take_number(text, 10, 3, 255, &part) || (*first == '0' && text->at - first > 1))
            return false;
        ip[i] = (uint8_t)part;
    }
    return true;
}

/* ---- IPv6, RFC 4291 §2.2 ----------------------------------------------------------------------------------------- */

/* Moves the bytes behind "::" to the end. */
static bool fill_gap(uint8_t *ip, int filled, int gap)
{
    int behind;

    if (gap < 0)
        return filled == 16;
    if (filled > 14)
        return false;
    behind = filled - gap;
    memmove(ip + 16 - behind, ip + gap, (size_t)behind);
    memset(ip + gap, 0, (size_t)(16 - filled));
    return true;
}

static bool take_ipv6(span *text, uint8_t *ip)
{
    int filled = 0, gap = -1;

    if (text->end - text->at >= 2 && text->at[0] == ':' && text->at[1] == ':') {
        text->at += 2;
        gap = 0;
    }
    while (filled < 16 && !is_done(text) && *text->at != '%') {
        span dotted = *text;
        uint32_t group;

        if (filled <= 12 && take_ipv4(&dotted, ip + filled)) {
            *text = dotted;
            filled += 4;
            break;
        }
        if (!take_number(text, 16, 4, 0xffff, &group))
            return false;
        ip[filled++] = (uint8_t)(group >> 8);
        ip[filled++] = (uint8_t)(group & 0xff);
        if (is_done(text) || *text->at == '%')
            break;
        if (!take(text, ':') || is_done(text))
            return false;
        if (*text->at == ':') {
            if (gap >= 0)
                return false;
            text->at++;
            gap = filled;
        } else if (filled == 16) {
            return false;
        }
    }
    return fill_gap(ip, filled, gap);
}

/* ---- parsing ----------------------------------------------------------------------------------------------------- */

static bool parse_ip(firth_address *address, span text)
{
    span again = text;

    if (take_ipv4(&text, address->ip) && is_done(&text)) {
        address->family = FIRTH_FAMILY_IPV4;
        return true;
    }
    memset(address->ip, 0, sizeof address->ip);
    if (!take_ipv6(&again, address->ip))
        return false;
    if (take(&again, '%') && !take_number(&again, 10, 10, UINT32_MAX, &address->scope_id))
        return false;
    address->family = FIRTH_FAMILY_IPV6;
    return is_done(&again);
}

static int make(firth_address *address, span ip, int port)
{
    memset(address, 0, sizeof *address);
    if (!parse_ip(address, ip)) {
        memset(address, 0, sizeof *address);
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "address");
    }
    if (port < 0 || port > 65535) {
        memset(address, 0, sizeof *address);
        return firth_fail(FIRTH_ERR_PORT_RANGE, 0, "port");
    }
    address->port = (uint16_t)port;
    return FIRTH_OK;
}

int firth_address_make(firth_address *address, const char *ip, int port)
{
    span text = {ip, ip != NULL ? ip + strlen(ip) : ip};

    if (ip == NULL)
        text.at = text.end = "";
    if (text.end - text.at > 2 && *text.at == '[' && text.end[-1] == ']') {
        text.at++;
        text.end--;
        /* Brackets are for IPv6 alone. */
        if (memchr(text.at, ':', (size_t)(text.end - text.at)) == NULL)
            text.at = text.end;
    }
    return make(address, text, port);
}

/* All of text as a port; a number that is none, 65536, for any beyond the range; -1 for something else. */
static int parse_port(span text)
{
    int port = 0;

    if (is_done(&text))
        return -1;
    for (; !is_done(&text); text.at++) {
        if (digit_of(*text.at, 10) < 0)
            return -1;
        port = port * 10 + digit_of(*text.at, 10);
        if (port > 65536)
            port = 65536;
    }
    return port;
}

int firth_address_parse(firth_address *address, const char *text)
{
    const char *colon = text != NULL ? strrchr(text, ':') : NULL;
    span ip;
    int port;

    memset(address, 0, sizeof *address);
    if (colon == NULL)
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "address");
    ip = (span){text, colon};
    port = parse_port((span){colon + 1, text + strlen(text)});
    if (port < 0)
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "port");
    if (take(&ip, '[')) {
        if (is_done(&ip) || ip.end[-1] != ']' || memchr(ip.at, ':', (size_t)(ip.end - ip.at)) == NULL)
            return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "address");
        ip.end--;
    } else if (memchr(ip.at, ':', (size_t)(ip.end - ip.at)) != NULL) {
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "address");
    }
    return make(address, ip, port);
}

/* ---- printing, RFC 5952 ------------------------------------------------------------------------------------------ */

static unsigned group_of(const uint8_t *ip, int i)
{
    return (unsigned)ip[2 * i] << 8 | ip[2 * i + 1];
}

/* The first longest run of two or more zero groups; *length 0 if there is none. */
static int find_gap(const uint8_t *ip, int *length)
{
    int best = 0, i;

    *length = 0;
    for (i = 0; i < 8; i++) {
        int n = 0;

        while (i + n < 8 && group_of(ip, i + n) == 0)
            n++;
        if (n > *length && n > 1) {
            best = i;
            *length = n;
        }
        i += n;
    }
    return best;
}

static void append_ipv6(char *text, size_t size, const uint8_t *ip)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    int length, gap = find_gap(ip, &length), i;

    if (memcmp(ip, mapped, sizeof mapped) == 0) {
        fth_format(text, size, "::ffff:%u.%u.%u.%u", ip[12], ip[13], ip[14], ip[15]);
        return;
    }
    text[0] = '\0';
    for (i = 0; i < 8; i++) {
        size_t at = strlen(text);

        if (length > 0 && i == gap) {
            fth_format(text + at, size - at, "::");
            i += length - 1;
        } else {
            bool follows = i > 0 && text[at - 1] != ':';

            fth_format(text + at, size - at, "%s%x", follows ? ":" : "", group_of(ip, i));
        }
    }
}

firth_address_string firth_address_ip_text(const firth_address *address)
{
    firth_address_string string = {""};

    if (address != NULL && address->family == FIRTH_FAMILY_IPV4) {
        fth_format(string.text, sizeof string.text, "%u.%u.%u.%u", address->ip[0], address->ip[1], address->ip[2],
                   address->ip[3]);
    } else if (address != NULL && address->family == FIRTH_FAMILY_IPV6) {
        append_ipv6(string.text, sizeof string.text, address->ip);
        if (address->scope_id != 0) {
            size_t at = strlen(string.text);

            fth_format(string.text + at, sizeof string.text - at, "%%%u", (unsigned)address->scope_id);
        }
    } else {
        fth_format(string.text, sizeof string.text, "none");
    }
    return string;
}

firth_address_string firth_address_text(const firth_address *address)
{
    firth_address_string ip = firth_address_ip_text(address), string = {""};

    if (address == NULL || (address->family != FIRTH_FAMILY_IPV4 && address->family != FIRTH_FAMILY_IPV6))
        return ip;
    fth_format(string.text, sizeof string.text, address->family == FIRTH_FAMILY_IPV6 ? "[%s]:%u" : "%s:%u", ip.text,
               address->port);
    return string;
}
