/* SPDX-License-Identifier: Apache-2.0 */
/* Names by GetAddrInfoW, which also sorts by RFC 6724. */
#include <winsock2.h>

#include <ws2tcpip.h>

#include <string.h>

#include "ports/shared/answer.h"
#include "ports/windows/wide.h"

static int code_of(int error)
{
    switch (error) {
    case WSAHOST_NOT_FOUND:
    case WSANO_DATA:
    case WSATYPE_NOT_FOUND: /* the service */
    case WSAEINVAL:         /* a name that cannot be one */
        return FIRTH_ERR_NAME_NOT_FOUND;
    case WSATRY_AGAIN:
        return FIRTH_ERR_NAME_TRY_AGAIN;
    case WSA_NOT_ENOUGH_MEMORY:
        return FIRTH_ERR_NO_MEMORY;
    default:
        return FIRTH_ERR_NAME_FAILED;
    }
}

/* Returns how many addresses there are, or a negative code. */
static int convert_all(firth_address **addresses, const ADDRINFOW *list)
{
    size_t most = 0;
    int count = 0;

    for (const ADDRINFOW *info = list; info != NULL; info = info->ai_next)
        most++;
    if (most == 0)
        return FIRTH_ERR_NAME_NOT_FOUND;
    *addresses = firth_port_allocate(most * sizeof **addresses);
    if (*addresses == NULL)
        return FIRTH_ERR_NO_MEMORY;
    for (const ADDRINFOW *info = list; info != NULL; info = info->ai_next)
        count = fth_answer_add(*addresses, count, info->ai_family, info->ai_addr);
    return count > 0 ? count : FIRTH_ERR_NAME_NOT_FOUND;
}

static int look_up(const firth_port_name *name, const wchar_t *host, const wchar_t *service, firth_port_answer *answer)
{
    const ADDRINFOW hints = {.ai_family = fth_answer_family(name->family),
                             .ai_socktype = name->datagrams ? SOCK_DGRAM : SOCK_STREAM};
    ADDRINFOW *list = NULL;
    int error = GetAddrInfoW(host, service, &hints, &list), count;

    answer->os_code = error;
    if (error == WSATYPE_NOT_FOUND || host == NULL)
        answer->step = "service";
    if (error != 0)
        return code_of(error);
    count = convert_all(&answer->addresses, list);
    FreeAddrInfoW(list);
    return count;
}

/* A name that is no UTF-8 is nobody's. */
static int not_wide(firth_port_answer *answer)
{
    answer->os_code = (int)GetLastError();
    return answer->os_code == ERROR_NOT_ENOUGH_MEMORY ? FIRTH_ERR_NO_MEMORY : FIRTH_ERR_NAME_NOT_FOUND;
}

/* The thread may outlive the selector whose backend has started Winsock, which counts how often it was started. */
int firth_port_resolve(const firth_port_name *name, firth_port_answer *answer)
{
    wchar_t *host = name->host != NULL ? fth_wide_of(name->host) : NULL, *service = NULL;
    WSADATA data;
    int rc;

    answer->addresses = NULL;
    answer->os_code = 0;
    answer->step = "getaddrinfo";
    if (host == NULL && name->host != NULL)
        return not_wide(answer);
    if (name->service != NULL && (service = fth_wide_of(name->service)) == NULL) {
        rc = not_wide(answer);
    } else if ((answer->os_code = WSAStartup(MAKEWORD(2, 2), &data)) != 0) {
        rc = FIRTH_ERR_NAME_FAILED;
    } else {
        rc = look_up(name, host, service, answer);
        (void)WSACleanup();
    }
    firth_port_release(service);
    firth_port_release(host);
    return rc;
}
