/* SPDX-License-Identifier: Apache-2.0 */
/* Handles, counted from the system's list of all: GetProcessHandleCount is 0 under Wine. Threads and events come and go with
 * the C library and the system's own pools, so their kinds are left out; a kind is known by a handle of that kind. */
#include "tests/support/windows/handles.h"

#include <winsock2.h>

#include <windows.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum { EXTENDED_HANDLES = 64, LENGTH_MISMATCH = (int)0xC0000004 };

typedef struct handle_entry {
    void *object;
    ULONG_PTR process;
    ULONG_PTR handle;
    ULONG access;
    USHORT trace;
    USHORT kind;
    ULONG attributes;
    ULONG reserved;
} handle_entry;

typedef struct handle_list {
    ULONG_PTR count;
    ULONG_PTR reserved;
    handle_entry entries[1];
} handle_list;

static handle_list *all_handles(void)
{
    typedef LONG(NTAPI * query)(int, void *, ULONG, ULONG *);
    union {
        FARPROC any;
        query query;
    } found = {.any = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtQuerySystemInformation")};
    ULONG size = 1 << 20, needed = 0;
    handle_list *list = malloc(size);
    LONG status = LENGTH_MISMATCH;

    while (found.any != NULL && list != NULL &&
           (status = found.query(EXTENDED_HANDLES, list, size, &needed)) == LENGTH_MISMATCH) {
        free(list);
        size *= 2;
        list = malloc(size);
    }
    if (list != NULL && status < 0) {
        free(list);
        list = NULL;
    }
    return list;
}

static USHORT kind_of(const handle_list *list, HANDLE handle)
{
    for (ULONG_PTR i = 0; i < list->count; i++)
        if (list->entries[i].process == GetCurrentProcessId() && list->entries[i].handle == (ULONG_PTR)handle)
            return list->entries[i].kind;
    return 0xffff;
}

/* A port of our own and a socket of our own are in the list, so as to know their kinds; they are not counted, and are not
 * inherited either. */
static size_t count_handles(bool inherited)
{
    const DWORD wanted = inherited ? HANDLE_FLAG_INHERIT : 0;
    WSADATA data;
    const int started = WSAStartup(MAKEWORD(2, 2), &data);
    const SOCKET socket_ =
        WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    handle_list *list = all_handles();
    size_t count = 0;

    if (list != NULL) {
        const USHORT sockets = kind_of(list, (HANDLE)socket_), ports = kind_of(list, port);

        for (ULONG_PTR i = 0; i < list->count; i++) {
            const handle_entry *one = &list->entries[i];
            DWORD flags = 0;

            count += one->process == GetCurrentProcessId() && (one->kind == sockets || one->kind == ports) &&
                     (wanted == 0 || (GetHandleInformation((HANDLE)one->handle, &flags) && (flags & wanted) != 0));
        }
        count -= inherited ? 0 : 2;
    }
    free(list);
    (void)CloseHandle(port);
    (void)closesocket(socket_);
    if (started == 0)
        (void)WSACleanup();
    return count;
}

size_t windows_handles_open(void)
{
    return count_handles(false);
}

size_t windows_handles_inherited(void)
{
    return count_handles(true);
}
