/* SPDX-License-Identifier: Apache-2.0 */
/* Names by getaddrinfo(3), which also sorts by RFC 6724. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include <firth/port.h>

static int code_of(int error)
{
    switch (error) {
    case EAI_NONAME:
#if defined(EAI_NODATA) && EAI_NODATA != EAI_NONAME
    case EAI_NODATA:
#endif
#ifdef EAI_ADDRFAMILY
    case EAI_ADDRFAMILY:
#endif
        return FIRTH_ERR_NAME_NOT_FOUND;
    case EAI_AGAIN:
        return FIRTH_ERR_NAME_TRY_AGAIN;
    case EAI_MEMORY:
        return FIRTH_ERR_NO_MEMORY;
    default:
        return FIRTH_ERR_NAME_FAILED;
    }
}

static bool convert(firth_address *address, const struct addrinfo *info, uint16_t port)
{
    memset(address, 0, sizeof *address);
    address->port = port;
    if (info->ai_family == AF_INET) {
        struct sockaddr_in from;

        memcpy(&from, info->ai_addr, sizeof from);
        address->family = FIRTH_FAMILY_IPV4;
        memcpy(address->ip, &from.sin_addr, 4);
        return true;
    }
    if (info->ai_family == AF_INET6) {
        struct sockaddr_in6 from;

        memcpy(&from, info->ai_addr, sizeof from);
        address->family = FIRTH_FAMILY_IPV6;
        address->scope_id = from.sin6_scope_id;
        memcpy(address->ip, &from.sin6_addr, 16);
        return true;
    }
    return false;
}

static bool is_known(const firth_address *addresses, int count, const firth_address *address)
{
    for (int i = 0; i < count; i++)
        if (firth_address_equal(&addresses[i], address))
            return true;
    return false;
}

int firth_port_resolve(const char *host, uint16_t port, firth_address *addresses, size_t capacity, int *os_code)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL, *info;
    int count = 0, error = getaddrinfo(host, NULL, &hints, &list);

    *os_code = error;
    if (error != 0)
        return code_of(error);
    for (info = list; info != NULL && (size_t)count < capacity; info = info->ai_next)
        if (convert(&addresses[count], info, port) && !is_known(addresses, count, &addresses[count]))
            count++;
    freeaddrinfo(list);
    return count > 0 ? count : FIRTH_ERR_NAME_NOT_FOUND;
}
