/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are read whole. */
#include "ports/windows/wide.h"

#include <string.h>

typedef struct text {
    unsigned char *bytes;
    size_t size, capacity;
} text;

static void drop(text *all)
{
    if (all->bytes != NULL)
        SecureZeroMemory(all->bytes, all->capacity);
    firth_port_release(all->bytes);
    all->bytes = NULL;
}

/* realloc(3) would leave the bytes behind in the memory that it gives back. */
static bool grow(text *all, size_t capacity)
{
    unsigned char *larger = firth_port_allocate(capacity);

    if (larger == NULL)
        return false;
    if (all->size > 0)
        memcpy(larger, all->bytes, all->size);
    drop(all);
    all->bytes = larger;
    all->capacity = capacity;
    return true;
}

static const char *words(DWORD os_code)
{
    switch (os_code) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
    case ERROR_NO_UNICODE_TRANSLATION:
        return "no such file";
    case ERROR_ACCESS_DENIED:
    case ERROR_SHARING_VIOLATION:
        return "the system does not permit to read it";
    case ERROR_DIRECTORY:
        return "a folder, not a file";
    case ERROR_TOO_MANY_OPEN_FILES:
        return "no descriptor is left to read it with";
    case ERROR_FILE_TOO_LARGE:
        return "too long";
    default:
        return "cannot be read";
    }
}

/* A folder is opened by nobody who does not ask for one, and the system calls that a lack of permission. */
static DWORD open_file(const wchar_t *path, HANDLE *file)
{
    DWORD attributes, os_code;

    *file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                        FILE_FLAG_SEQUENTIAL_SCAN, NULL);
    if (*file != INVALID_HANDLE_VALUE)
        return ERROR_SUCCESS;
    os_code = GetLastError();
    attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0 ? ERROR_DIRECTORY
                                                                                                 : os_code;
}

/* The capacity to begin with. What is not a plain file says nothing of its size, so the end decides. One byte more than
 * there are shows the end without another buffer, and one is the NUL's. */
static size_t first_capacity(HANDLE file, size_t most_bytes)
{
    LARGE_INTEGER size;

    if (GetFileSizeEx(file, &size) && size.QuadPart > 0 && (uint64_t)size.QuadPart <= most_bytes)
        return (size_t)size.QuadPart + 2;
    return 4096;
}

static DWORD read_all(HANDLE file, size_t most_bytes, text *all)
{
    enum { AT_ONCE = 1 << 30 };
    size_t capacity = first_capacity(file, most_bytes);
    DWORD count = 1;

    while (count > 0) {
        size_t room;

        if (all->size > most_bytes)
            return ERROR_FILE_TOO_LARGE;
        if (all->capacity - all->size < 2 && !grow(all, capacity))
            return ERROR_NOT_ENOUGH_MEMORY;
        capacity = all->capacity * 2 + 4096;
        room = all->capacity - all->size - 1;
        if (!ReadFile(file, all->bytes + all->size, (DWORD)(room < AT_ONCE ? room : AT_ONCE), &count, NULL)) {
            if (GetLastError() != ERROR_BROKEN_PIPE && GetLastError() != ERROR_HANDLE_EOF)
                return GetLastError();
            count = 0;
        }
        all->size += count;
    }
    all->bytes[all->size] = '\0';
    return ERROR_SUCCESS;
}

int firth_port_read_file(const char *path, size_t most_bytes, void **bytes, size_t *size, int *os_code,
                         const char **why)
{
    wchar_t *wide = fth_wide_of(path);
    DWORD failure = wide == NULL ? GetLastError() : ERROR_SUCCESS;
    HANDLE file = INVALID_HANDLE_VALUE;
    text all = {NULL, 0, 0};

    if (failure == ERROR_SUCCESS)
        failure = open_file(wide, &file);
    if (failure == ERROR_SUCCESS)
        failure = read_all(file, most_bytes, &all);
    if (file != INVALID_HANDLE_VALUE)
        (void)CloseHandle(file);
    firth_port_release(wide);
    *os_code = (int)failure;
    *why = failure != ERROR_SUCCESS ? words(failure) : "";
    if (failure != ERROR_SUCCESS) {
        drop(&all);
        return failure == ERROR_NOT_ENOUGH_MEMORY ? FIRTH_ERR_NO_MEMORY : FIRTH_ERR_SYSTEM;
    }
    *bytes = all.bytes;
    *size = all.size;
    return FIRTH_OK;
}
