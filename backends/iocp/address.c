/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/iocp/iocp.h"

#include <string.h>

int fth_address_to_native(fth_native_address *native, const firth_address *address)
{
    memset(native, 0, sizeof *native);
    switch (address->family) {
    case FIRTH_FAMILY_IPV4:
        native->ipv4.sin_family = AF_INET;
        native->ipv4.sin_port = htons(address->port);
        memcpy(&native->ipv4.sin_addr, address->ip, 4);
        return (int)sizeof native->ipv4;
    case FIRTH_FAMILY_IPV6:
        native->ipv6.sin6_family = AF_INET6;
        native->ipv6.sin6_port = htons(address->port);
        native->ipv6.sin6_scope_id = address->scope_id;
        memcpy(&native->ipv6.sin6_addr, address->ip, 16);
        return (int)sizeof native->ipv6;
    default:
        return 0;
    }
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
