/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, which is what Firth's strings are, and the UTF-16 of the system's calls. */
#ifndef FTH_PORT_WIDE_H
#define FTH_PORT_WIDE_H

#include <windows.h>

#include <firth/port.h>

/* The same in UTF-16, to be released with firth_port_release. NULL with GetLastError(): ERROR_NO_UNICODE_TRANSLATION, or
 * ERROR_NOT_ENOUGH_MEMORY. */
static inline wchar_t *fth_wide_of(const char *text)
{
    const int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    wchar_t *wide = length > 0 ? firth_port_allocate((size_t)length * sizeof *wide) : NULL;

    if (wide == NULL && length > 0)
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    else if (wide != NULL)
        (void)MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, length);
    return wide;
}

/* The same in UTF-8, as above. */
static inline char *fth_narrow_of(const wchar_t *wide)
{
    const int length = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
    char *text = length > 0 ? firth_port_allocate((size_t)length) : NULL;

    if (text != NULL)
        (void)WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, length, NULL, NULL);
    return text;
}

#endif
