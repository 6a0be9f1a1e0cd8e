/* SPDX-License-Identifier: Apache-2.0 */
/* Names by GetAddrInfoExW, which can be stopped, or where that is missing by GetAddrInfoW. Both also sort by RFC 6724. */
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
    case WSA_E_CANCELLED:
        return FIRTH_ERR_CANCELED;
    default:
        return FIRTH_ERR_NAME_FAILED;
    }
}

/* ---- GetAddrInfoExW ---------------------------------------------------------------------------------------------- */

/* Of Windows 8, and some headers do not have all of it. */
typedef struct calls {
    int(WSAAPI *get)(PCWSTR, PCWSTR, DWORD, LPGUID, const ADDRINFOEXW *, PADDRINFOEXW *, struct timeval *, LPOVERLAPPED,
                     void *, LPHANDLE);
    int(WSAAPI *get_result)(LPOVERLAPPED);
    int(WSAAPI *cancel)(LPHANDLE);
    void(WSAAPI *release)(PADDRINFOEXW);
} calls;

static bool find(const char *name, void *call)
{
    const HMODULE library = GetModuleHandleW(L"ws2_32.dll");
    const FARPROC found = library != NULL ? GetProcAddress(library, name) : NULL;

    memcpy(call, &found, sizeof found);
    return found != NULL;
}

static bool find_calls(calls *to)
{
    return find("GetAddrInfoExW", &to->get) && find("GetAddrInfoExOverlappedResult", &to->get_result) &&
           find("GetAddrInfoExCancel", &to->cancel) && find("FreeAddrInfoExW", &to->release);
}

/* One that is under way, on the stack of the thread that waits for it. */
typedef struct question {
    calls calls;
    OVERLAPPED overlapped;
    HANDLE handle; /* to stop it by; NULL where the system gives none (Wine 8) */
} question;

/* Under the lock: under_way of all answers. */
static SRWLOCK lock = SRWLOCK_INIT;

static void show(firth_port_answer *answer, question *one)
{
    AcquireSRWLockExclusive(&lock);
    answer->under_way = one;
    ReleaseSRWLockExclusive(&lock);
}

/* The system tells whoever waits, at once. */
bool firth_port_resolve_cancel(firth_port_answer *answer)
{
    question *one;
    bool is_stopped;

    AcquireSRWLockExclusive(&lock);
    one = answer->under_way;
    is_stopped = one != NULL && one->calls.cancel(&one->handle) == 0;
    ReleaseSRWLockExclusive(&lock);
    return is_stopped;
}

/* 0, or an error of the system's. */
static int ask(question *one, const wchar_t *host, const wchar_t *service, const ADDRINFOEXW *hints, ADDRINFOEXW **list,
               firth_port_answer *answer)
{
    int error = one->calls.get(host, service, NS_ALL, NULL, hints, list, NULL, &one->overlapped, NULL, &one->handle);

    if (error != WSA_IO_PENDING)
        return error;
    if (one->handle != NULL)
        show(answer, one);
    (void)WaitForSingleObject(one->overlapped.hEvent, INFINITE);
    show(answer, NULL);
    return one->calls.get_result(&one->overlapped);
}

/* ---- an answer --------------------------------------------------------------------------------------------------- */

/* Adds an address to those of the answer, of which there are count; returns how many there are then. */
static int add(firth_port_answer *answer, int count, int family, const void *address)
{
    return fth_answer_add(answer->addresses, count, family, address);
}

static bool reserve(firth_port_answer *answer, size_t most)
{
    answer->addresses = firth_port_allocate((most + 1) * sizeof *answer->addresses);
    return answer->addresses != NULL;
}

/* How many there are, or what it means that there are none. */
static int end(firth_port_answer *answer, int error, int count)
{
    answer->os_code = error;
    if (error == WSATYPE_NOT_FOUND)
        answer->step = "service";
    if (error != 0)
        return code_of(error);
    if (answer->addresses == NULL)
        return FIRTH_ERR_NO_MEMORY;
    return count > 0 ? count : FIRTH_ERR_NAME_NOT_FOUND;
}

/* By a question whose event is there. */
static int look_up_stoppable(question *one, const firth_port_name *name, const wchar_t *host, const wchar_t *service,
                             firth_port_answer *answer)
{
    const ADDRINFOEXW hints = {.ai_family = fth_answer_family(name->family),
                               .ai_socktype = name->datagrams ? SOCK_DGRAM : SOCK_STREAM};
    ADDRINFOEXW *list = NULL;
    const int error = ask(one, host, service, &hints, &list, answer);
    const ADDRINFOEXW *info;
    size_t most = 0;
    int count = 0;

    /* Some headers misspell the type of ai_next. */
    for (info = error == 0 ? list : NULL; info != NULL; info = (const void *)info->ai_next)
        most++;
    if (error == 0 && reserve(answer, most))
        for (info = list; info != NULL; info = (const void *)info->ai_next)
            count = add(answer, count, info->ai_family, info->ai_addr);
    if (list != NULL)
        one->calls.release(list);
    return end(answer, error, count);
}

static int look_up_to_the_end(const firth_port_name *name, const wchar_t *host, const wchar_t *service,
                              firth_port_answer *answer)
{
    const ADDRINFOW hints = {.ai_family = fth_answer_family(name->family),
                             .ai_socktype = name->datagrams ? SOCK_DGRAM : SOCK_STREAM};
    ADDRINFOW *list = NULL;
    const int error = GetAddrInfoW(host, service, &hints, &list);
    const ADDRINFOW *info;
    size_t most = 0;
    int count = 0;

    for (info = error == 0 ? list : NULL; info != NULL; info = info->ai_next)
        most++;
    if (error == 0 && reserve(answer, most))
        for (info = list; info != NULL; info = info->ai_next)
            count = add(answer, count, info->ai_family, info->ai_addr);
    if (list != NULL)
        FreeAddrInfoW(list);
    return end(answer, error, count);
}

static int look_up(const firth_port_name *name, const wchar_t *host, const wchar_t *service, firth_port_answer *answer)
{
    question one;
    int rc;

    memset(&one, 0, sizeof one);
    if (find_calls(&one.calls))
        one.overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (one.overlapped.hEvent == NULL)
        return look_up_to_the_end(name, host, service, answer);
    rc = look_up_stoppable(&one, name, host, service, answer);
    (void)CloseHandle(one.overlapped.hEvent);
    return rc;
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
    answer->step = name->host != NULL ? "getaddrinfo" : "service";
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
