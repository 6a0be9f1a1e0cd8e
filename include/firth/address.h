/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses are values: copy them, compare them, keep them. Nothing here asks a name server; see resolve.h for names.
 * Every call here may be made on any thread, and none suspends. */
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

/* A network, or the addresses that share their first bits (RFC 4632, RFC 4291 §2.3). Bits behind the prefix do not count,
 * nor does the port: "192.0.2.7/24" is a host and says of which network. */
typedef struct firth_subnet {
    firth_address address; /* with a scope id: of that interface's link alone */
    uint8_t prefix_bits;   /* 0 to 32 or 128 */
} firth_subnet;

/* What an address is for, by its first bits. */
typedef enum firth_address_kind {
    FIRTH_ADDRESS_OTHER,       /* none of these; most are of the public Internet */
    FIRTH_ADDRESS_UNSPECIFIED, /* 0.0.0.0, ::, and FIRTH_FAMILY_NONE */
    FIRTH_ADDRESS_LOOPBACK,    /* 127.0.0.0/8, ::1 */
    FIRTH_ADDRESS_LINK_LOCAL,  /* 169.254.0.0/16 (RFC 3927), fe80::/10: of one link; no router forwards them */
    FIRTH_ADDRESS_PRIVATE,     /* 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 (RFC 1918), fc00::/7 (RFC 4193) */
    FIRTH_ADDRESS_MULTICAST,   /* 224.0.0.0/4, ff00::/8: a group */
    FIRTH_ADDRESS_BROADCAST    /* 255.255.255.255: every host of the link */
} firth_address_kind;

FIRTH_BEGIN_DECLS

/* ---- text -------------------------------------------------------------------------------------------------------- */

/* Fills *address from a numeric IPv4 or IPv6 text without a port and a port of 0 to 65535. IPv6 as in RFC 4291 §2.2,
 * in brackets or not, with a numeric scope id behind "%" (RFC 4007 §11.2). IPv4 is four decimal numbers, nothing else:
 * the octal and short forms of inet_aton(3) are refused.
 * Returns FIRTH_OK; FIRTH_ERR_ADDRESS_INVALID; FIRTH_ERR_PORT_RANGE. */
FIRTH_API FIRTH_NODISCARD int firth_address_make(firth_address *address, const char *ip, int port);

/* The same from one text with the port: "127.0.0.1:80", "[::1]:80", "[fe80::1%2]:80" (RFC 3986 §3.2.2).
 * Returns as firth_address_make. */
FIRTH_API FIRTH_NODISCARD int firth_address_parse(firth_address *address, const char *text);

/* The address as firth_address_parse reads it back; IPv6 in the form of RFC 5952. "none" for FIRTH_FAMILY_NONE,
 * for a family that is none of these, and for NULL. */
FIRTH_API firth_address_string firth_address_text(const firth_address *address);

/* The same without the port and without brackets, as firth_address_make reads it back: "::1", "fe80::1%2". */
FIRTH_API firth_address_string firth_address_ip_text(const firth_address *address);

/* Fills *subnet from "10.0.0.0/8" or "2001:db8::/32"; without "/" it is the one address: /32 or /128.
 * Returns FIRTH_OK; FIRTH_ERR_ADDRESS_INVALID. */
FIRTH_API FIRTH_NODISCARD int firth_subnet_parse(firth_subnet *subnet, const char *text);

/* The subnet as firth_subnet_parse reads it back, bits behind the prefix included: "192.0.2.7/24". */
FIRTH_API firth_address_string firth_subnet_text(const firth_subnet *subnet);

/* ---- order ------------------------------------------------------------------------------------------------------- */

/* Whether both name the same endpoint: family, bytes, port and scope id. An IPv4 address and the IPv6 one that carries
 * it are two; see firth_address_unmap. */
FIRTH_API bool firth_address_equal(const firth_address *a, const firth_address *b);

/* < 0, 0 or > 0 as a is before b, equal to it, or behind: by family, bytes, scope id and port, in numeric order. For
 * qsort(3) and search trees; it has no other meaning. */
FIRTH_API int firth_address_compare(const firth_address *a, const firth_address *b);

/* A number for hash tables, the same for equal addresses. Addresses are chosen by strangers: with a seed that none of
 * them knows they cannot choose many of one number (SipHash-1-3 with the seed as its key). */
FIRTH_API uint64_t firth_address_hash(const firth_address *address, uint64_t seed);

/* ---- kinds and networks ------------------------------------------------------------------------------------------ */

/* What the address is for. One that carries an IPv4 address (::ffff:127.0.0.1) is what that address is. */
FIRTH_API firth_address_kind firth_address_classify(const firth_address *address);

/* Whether the address is in the network. An IPv6 address that carries an IPv4 address is looked up as what it carries
 * in an IPv4 network, so that a list of networks means the same to a server of both families. Never in a network of a
 * prefix that is too long, or of no family. */
FIRTH_API bool firth_subnet_contains(const firth_subnet *subnet, const firth_address *address);

/* Makes an IPv6 address that carries an IPv4 address (::ffff:192.0.2.1, RFC 4291 §2.5.5.2), as sockets of both families
 * show the peers of the older, that address. Returns whether it was one; any other stays what it is. */
FIRTH_API bool firth_address_unmap(firth_address *address);

/* Makes an IPv4 address the IPv6 address that carries it. Returns whether it was one; any other stays what it is. */
FIRTH_API bool firth_address_map(firth_address *address);

FIRTH_END_DECLS

#endif
