/* SPDX-License-Identifier: Apache-2.0 */
#include "ports/shared/answer.h"

#include <stdbool.h>
#include <string.h>

#ifdef _WIN32
#include <winsock2.h>

#include <ws2tcpip.h>
#else
#include <netinet/in.h>
#include <sys/socket.h>
#endif

int fth_answer_family(uint8_t family)
{
    switch (family) {
    case FIRTH_FAMILY_IPV4:
        return AF_INET;
    case FIRTH_FAMILY_IPV6:
        return AF_INET6;
    default:
        return AF_UNSPEC;
    }
}

static bool convert(firth_address *address, int native_family, const void *native)
{
    memset(address, 0, sizeof *address);
    if (native_family == AF_INET) {
        struct sockaddr_in from;

        memcpy(&from, native, sizeof from);
        address->family = FIRTH_FAMILY_IPV4;
        address->port = ntohs(from.sin_port);
        memcpy(address->ip, &from.sin_addr, 4);
        return true;
    }
    if (native_family == AF_INET6) {
        struct sockaddr_in6 from;

        memcpy(&from, native, sizeof from);
        address->family = FIRTH_FAMILY_IPV6;
        address->port = ntohs(from.sin6_port);
        address->scope_id = from.sin6_scope_id;
        memcpy(address->ip, &from.sin6_addr, 16);
        return true;
    }
    return false;
}

int fth_answer_add(firth_address *addresses, int count, int native_family, const void *native)
{
    if (!convert(&addresses[count], native_family, native))
        return count;
    for (int i = 0; i < count; i++)
        if (firth_address_equal(&addresses[i], &addresses[count]))
            return count;
    return count + 1;
}
