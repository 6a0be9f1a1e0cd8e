/* SPDX-License-Identifier: Apache-2.0 */
/* The files of Unix sockets: points of the file system's that are to be parsed anew (reparse points), with a tag that says
 * what they are, and an index that no other file of the volume has as long as they are there. */
#include "backends/iocp/iocp.h"

#ifndef IO_REPARSE_TAG_AF_UNIX
#define IO_REPARSE_TAG_AF_UNIX 0x80000023L
#endif

/* Firth's strings are UTF-8. Longer than any path of a socket's. */
static bool to_wide(const char *path, wchar_t wide[FIRTH_UNIX_PATH_BYTES])
{
    return MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide, FIRTH_UNIX_PATH_BYTES) > 0;
}

int fth_unix_file_find(const char *path, firth_unix_file *file, bool *is_socket)
{
    wchar_t wide[FIRTH_UNIX_PATH_BYTES];
    BY_HANDLE_FILE_INFORMATION told;
    WIN32_FIND_DATAW entry;
    HANDLE handle, search;
    int os_code = 0;

    if (!to_wide(path, wide))
        return (int)GetLastError();
    handle = CreateFileW(wide, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                         FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return (int)GetLastError();
    if (GetFileInformationByHandle(handle, &told)) {
        file->device = told.dwVolumeSerialNumber;
        file->number = (uint64_t)told.nFileIndexHigh << 32 | told.nFileIndexLow;
    } else {
        os_code = (int)GetLastError();
    }
    (void)CloseHandle(handle);
    search = FindFirstFileW(wide, &entry); /* which tells the tag without a call for more */
    *is_socket = search != INVALID_HANDLE_VALUE && (entry.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 &&
                 entry.dwReserved0 == (DWORD)IO_REPARSE_TAG_AF_UNIX;
    if (search != INVALID_HANDLE_VALUE)
        (void)FindClose(search);
    return os_code;
}

int fth_unix_file_remove(const char *path)
{
    wchar_t wide[FIRTH_UNIX_PATH_BYTES];

    return to_wide(path, wide) && DeleteFileW(wide) ? 0 : (int)GetLastError();
}
