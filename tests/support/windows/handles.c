/* SPDX-License-Identifier: Apache-2.0 */
/* Handles, counted by asking for each number that may be one: GetProcessHandleCount is 0 under Wine, and its server crashes
 * when it is asked for the list of all handles while another program starts or ends - every other program then ends at
 * once, with exit code 0. Threads and events come and go with the C library and the system's own pools, so only the kinds
 * that a network takes are counted. */
#include "tests/support/windows/handles.h"

#include <winsock2.h>

#include <windows.h>

#include <stdbool.h>
#include <wchar.h>

/* The lowest number that is free is given away next, so there are no long gaps but those that many closed ones leave. */
enum { HANDLE_STEP = 4, LONGEST_GAP = 1024, OBJECT_TYPE = 2 };

typedef LONG(NTAPI *query_function)(HANDLE, int, void *, ULONG, ULONG *);

typedef union kind {
    struct {
        USHORT size, room;
        wchar_t *name;
    } text;
    char room[1024];
} kind;

static query_function find_query(void)
{
    union {
        FARPROC any;
        query_function query;
    } found = {.any = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtQueryObject")};

    return found.query;
}

static bool is_counted(query_function query, HANDLE handle, bool *is_open)
{
    static const wchar_t file[] = L"File", port[] = L"IoCompletion";
    kind of;
    size_t length;

    *is_open = query(handle, OBJECT_TYPE, &of, sizeof of, NULL) >= 0;
    if (!*is_open)
        return false;
    length = of.text.size / sizeof(wchar_t);
    return (length == wcslen(file) && wcsncmp(of.text.name, file, length) == 0) ||
           (length == wcslen(port) && wcsncmp(of.text.name, port, length) == 0);
}

static size_t count_handles(bool inherited)
{
    const query_function query = find_query();
    size_t count = 0;
    int gap = 0;

    for (ULONG_PTR number = HANDLE_STEP; gap < LONGEST_GAP; number += HANDLE_STEP) {
        const HANDLE handle = (HANDLE)number;
        bool is_open;
        DWORD flags = 0;

        if (is_counted(query, handle, &is_open))
            count += !inherited || (GetHandleInformation(handle, &flags) && (flags & HANDLE_FLAG_INHERIT) != 0);
        gap = is_open ? 0 : gap + 1;
    }
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
