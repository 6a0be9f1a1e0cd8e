/* SPDX-License-Identifier: Apache-2.0 */
/* Clock, entropy, allocation, panic. */
#include <windows.h>

#include <bcrypt.h>
#include <stdlib.h>
#include <string.h>

#include <firth/port.h>

/* Ticks a second: fixed when the system starts. */
static int64_t frequency(void)
{
    static volatile LONGLONG known;
    LARGE_INTEGER now;

    if (known == 0) {
        (void)QueryPerformanceFrequency(&now); /* cannot fail since Windows XP */
        known = now.QuadPart;
    }
    return known;
}

/* Whole seconds apart from the rest, since ticks times 10^9 overflow after days. */
int64_t firth_port_now_ns(void)
{
    const int64_t each_s = frequency();
    LARGE_INTEGER now;

    (void)QueryPerformanceCounter(&now);
    return now.QuadPart / each_s * 1000000000 + now.QuadPart % each_s * 1000000000 / each_s + 1;
}

int firth_port_entropy(void *bytes, size_t size)
{
    enum { MOST = 1 << 20 };
    unsigned char *to = bytes;

    while (size > 0) {
        const ULONG some = (ULONG)(size < MOST ? size : MOST);

        if (!BCRYPT_SUCCESS(BCryptGenRandom(NULL, to, some, BCRYPT_USE_SYSTEM_PREFERRED_RNG)))
            return FIRTH_ERR_NOT_SUPPORTED;
        to += some;
        size -= some;
    }
    return FIRTH_OK;
}

void *firth_port_allocate(size_t bytes)
{
    return malloc(bytes);
}

void firth_port_release(void *memory)
{
    free(memory);
}

static void say(const char *text)
{
    DWORD written;

    (void)WriteFile(GetStdHandle(STD_ERROR_HANDLE), text, (DWORD)strlen(text), &written, NULL);
    OutputDebugStringA(text);
}

void firth_port_panic(const char *text)
{
    say(text);
    say("\n");
    abort();
}
