/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/readiness/address.h"

#include <string.h>

socklen_t fth_address_to_native(fth_native_address *native, const firth_address *address)
{
    memset(native, 0, sizeof *native);
    switch (address->family) {
    case FIRTH_FAMILY_IPV4:
        native->ipv4.sin_family = AF_INET;
#ifdef SIN6_LEN /* RFC 3493 §3.4: where addresses have a length */
        native->ipv4.sin_len = sizeof native->ipv4;
#endif
        native->ipv4.sin_port = htons(address->port);
        memcpy(&native->ipv4.sin_addr, address->ip, 4);
        return sizeof native->ipv4;
    case FIRTH_FAMILY_IPV6:
        native->ipv6.sin6_family = AF_INET6;
#ifdef SIN6_LEN
        native->ipv6.sin6_len = sizeof native->ipv6;
#endif
        native->ipv6.sin6_port = htons(address->port);
        native->ipv6.sin6_scope_id = address->scope_id;
        memcpy(&native->ipv6.sin6_addr, address->ip, 16);
        return sizeof native->ipv6;
    default:
        return 0;
    }
}

/* RFC 4291 §2.5.5.2. */
static socklen_t to_mapped(fth_native_address *native, const firth_address *address)
{
    firth_address mapped = {.family = FIRTH_FAMILY_IPV6, .port = address->port};

    mapped.ip[10] = mapped.ip[11] = 0xff;
    memcpy(mapped.ip + 12, address->ip, 4);
    return fth_address_to_native(native, &mapped);
}

int fth_address_for_socket(fth_native_address *native, const firth_address *address, bool is_ipv6)
{
    if (address->family == FIRTH_FAMILY_NONE) {
        native->any.sa_family = AF_UNSPEC;
        return 0;
    }
    if (is_ipv6 && address->family == FIRTH_FAMILY_IPV4)
        return (int)to_mapped(native, address);
    if (address->family != (is_ipv6 ? FIRTH_FAMILY_IPV6 : FIRTH_FAMILY_IPV4))
        return -1;
    return (int)fth_address_to_native(native, address);
}

bool fth_address_from_native(firth_address *address, const fth_native_address *native)
{
    memset(address, 0, sizeof *address);
    switch (native->any.sa_family) {
    case AF_INET:
        address->family = FIRTH_FAMILY_IPV4;
        address->port = ntohs(native->ipv4.sin_port);
        memcpy(address->ip, &native->ipv4.sin_addr, 4);
        return true;
    case AF_INET6:
        address->family = FIRTH_FAMILY_IPV6;
        address->port = ntohs(native->ipv6.sin6_port);
        address->scope_id = native->ipv6.sin6_scope_id;
        memcpy(address->ip, &native->ipv6.sin6_addr, 16);
        return true;
    default:
        return false;
    }
}
