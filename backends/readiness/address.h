/* SPDX-License-Identifier: Apache-2.0 */
/* firth_address in the system's form and back. */
#ifndef FTH_READINESS_ADDRESS_H
#define FTH_READINESS_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include <firth/address.h>

typedef union fth_native_address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
} fth_native_address;

/* The length of what was filled in, or 0 for an address without a family. */
socklen_t fth_address_to_native(fth_native_address *native, const firth_address *address);

/* False for a family that is not IP. */
bool fth_address_from_native(firth_address *address, const fth_native_address *native);

#endif
