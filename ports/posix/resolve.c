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
    case EAI_SERVICE:
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

static bool convert(firth_address *address, const struct addrinfo *info)
{
    memset(address, 0, sizeof *address);
    if (info->ai_family == AF_INET) {
        struct sockaddr_in from;

        memcpy(&from, info->ai_addr, sizeof from);
        address->family = FIRTH_FAMILY_IPV4;
        address->port = ntohs(from.sin_port);
        memcpy(address->ip, &from.sin_addr, 4);
        return true;
    }
    if (info->ai_family == AF_INET6) {
        struct sockaddr_in6 from;

        memcpy(&from, info->ai_addr, sizeof from);
        address->family = FIRTH_FAMILY_IPV6;
        address->port = ntohs(from.sin6_port);
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

/* Returns how many addresses there are, or a negative code. */
static int convert_all(firth_address **addresses, const struct addrinfo *list)
{
    size_t most = 0;
    int count = 0;

    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next)
        most++;
    *addresses = firth_port_allocate(most * sizeof **addresses);
    if (*addresses == NULL)
        return FIRTH_ERR_NO_MEMORY;
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next)
        if (convert(&(*addresses)[count], info) && !is_known(*addresses, count, &(*addresses)[count]))
            count++;
    return count > 0 ? count : FIRTH_ERR_NAME_NOT_FOUND;
}

static int family_of(uint8_t family)
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

int firth_port_resolve(const firth_port_name *name, firth_port_answer *answer)
{
    struct addrinfo hints = {.ai_family = family_of(name->family),
                             .ai_socktype = name->datagrams ? SOCK_DGRAM : SOCK_STREAM};
    struct addrinfo *list = NULL;
    int error = getaddrinfo(name->host, name->service, &hints, &list), count;

    answer->addresses = NULL;
    answer->os_code = error;
    answer->step = error == EAI_SERVICE ? "service" : "getaddrinfo";
    if (error != 0)
        return code_of(error);
    count = convert_all(&answer->addresses, list);
    freeaddrinfo(list);
    return count;
}
