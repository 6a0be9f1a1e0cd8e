/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses are values: copy them, compare them, keep them. Nothing here asks a name server; see firth_tcp_connect for
 * names. */
#ifndef FIRTH_ADDRESS_H
#define FIRTH_ADDRESS_H

#include <firth/error.h>
#include <firth/export.h>

typedef enum firth_family { FIRTH_FAMILY_NONE = 0, FIRTH_FAMILY_IPV4 = 4, FIRTH_FAMILY_IPV6 = 6 } firth_family;

typedef struct firth_address {
    uint8_t family;    /* a firth_family */
    uint16_t port;     /* host byte order */
    uint32_t scope_id; /* IPv6: index of the interface of a link-local address (RFC 4007), else 0 */
    uint8_t ip[16];    /* network byte order; IPv4 uses the first 4 */
} firth_address;

/* Room for the longest address as text with its NUL. */
typedef struct firth_address_string {
    char text[64];
} firth_address_string;

FIRTH_BEGIN_DECLS

/* Fills *address from a numeric IPv4 or IPv6 text without a port and a port of 0 to 65535. IPv6 as in RFC 4291 §2.2,
 * in brackets or not, with a numeric scope id behind "%" (RFC 4007 §11.2). IPv4 is four decimal numbers, nothing else:
 * the octal and short forms of inet_aton(3) are refused.
 * Returns FIRTH_OK; FIRTH_ERR_ADDRESS_INVALID; FIRTH_ERR_PORT_RANGE. Any thread; never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_address_make(firth_address *address, const char *ip, int port);

/* The same from one text with the port: "127.0.0.1:80", "[::1]:80", "[fe80::1%2]:80" (RFC 3986 §3.2.2).
 * Returns as firth_address_make. Any thread; never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_address_parse(firth_address *address, const char *text);

/* The address as firth_address_parse reads it back; IPv6 in the form of RFC 5952. "none" for FIRTH_FAMILY_NONE and for
 * NULL. Any thread; never suspends. */
FIRTH_API firth_address_string firth_address_text(const firth_address *address);

/* Whether both name the same endpoint: family, bytes, port and scope id. Any thread; never suspends. */
FIRTH_API bool firth_address_equal(const firth_address *a, const firth_address *b);

FIRTH_END_DECLS

#endif
