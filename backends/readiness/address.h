/* SPDX-License-Identifier: Apache-2.0 */
/* firth_address in the system's form and back. Not the reactor's alone: Winsock has the same forms. */
#ifndef FTH_READINESS_ADDRESS_H
#define FTH_READINESS_ADDRESS_H

#include <stdbool.h>
#include <string.h>

#ifdef _WIN32
#include <winsock2.h>

#include <ws2tcpip.h>
#else
#include <sys/types.h> /* first: headers of the BSDs use its names and do not include it (FreeBSD, net/if_dl.h) */

#include <netinet/in.h>
#include <sys/socket.h>
#endif

#include <firth/address.h>

typedef union fth_native_address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
} fth_native_address;

/* The length of what was filled in, or 0 for an address without a family. */
socklen_t fth_address_to_native(fth_native_address *native, const firth_address *address);

/* In the form that a socket of that family wants: one of IPv6 that carries both has IPv4's inside IPv6 (RFC 4038 §4.2). The
 * length, 0 for an address without a family, -1 for one that is not the socket's. */
int fth_address_for_socket(fth_native_address *native, const firth_address *address, bool is_ipv6);

/* False for a family that is not IP. */
bool fth_address_from_native(firth_address *address, const fth_native_address *native);

/* The same for IPv4 alone, in place: of each datagram of a batch. */
static inline void fth_ipv4_to_native(struct sockaddr_in *native, const firth_address *address)
{
    *native = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(address->port)};
    memcpy(&native->sin_addr, address->ip, 4);
}
static inline void fth_ipv4_from_native(firth_address *address, const struct sockaddr_in *native)
{
    *address = (firth_address){.family = FIRTH_FAMILY_IPV4, .port = ntohs(native->sin_port)};
    memcpy(address->ip, &native->sin_addr, 4);
}

#endif
