/* SPDX-License-Identifier: Apache-2.0 */
/* Names by getaddrinfo(3), which also sorts by RFC 6724. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "ports/shared/answer.h"

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
        count = fth_answer_add(*addresses, count, info->ai_family, info->ai_addr);
    return count > 0 ? count : FIRTH_ERR_NAME_NOT_FOUND;
}

int firth_port_resolve(const firth_port_name *name, firth_port_answer *answer)
{
    struct addrinfo hints = {.ai_family = fth_answer_family(name->family),
                             .ai_socktype = name->datagrams ? SOCK_DGRAM : SOCK_STREAM};
    struct addrinfo *list = NULL;
    int error = getaddrinfo(name->host, name->service, &hints, &list), count;

    answer->addresses = NULL;
    answer->os_code = error;
    answer->step = error == EAI_SERVICE || name->host == NULL ? "service" : "getaddrinfo";
    if (error != 0)
        return code_of(error);
    count = convert_all(&answer->addresses, list);
    freeaddrinfo(list);
    return count;
}

/* getaddrinfo(3) has nothing to stop it by. */
bool firth_port_resolve_cancel(firth_port_answer *answer)
{
    (void)answer;
    return false;
}
