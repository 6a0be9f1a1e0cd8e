/* SPDX-License-Identifier: Apache-2.0 */
/* This process. It has no children: nothing here forks. */
#define PSAPI_VERSION 2
#include "tests/support/windows/posix.h"

#include <direct.h>
#include <fnmatch.h>
#include <ifaddrs.h>
#include <psapi.h>
#include <signal.h>
#include <stdlib.h>

#include "tests/support/internal.h"
#include "tests/support/skip.h"
#include "tests/support/windows/handles.h"

size_t support_threads(void)
{
    return 0;
}

size_t support_descriptors_open(void)
{
    return windows_handles_open();
}

int support_in_child(void (*fn)(void *argument), void *argument, char *text, size_t size)
{
    (void)fn;
    (void)argument;
    (void)text;
    (void)size;
    SKIP("needs fork(2)");
    return -1;
}

int fnmatch(const char *pattern, const char *text, int flags)
{
    for (; *pattern != '\0'; pattern++, text++) {
        if (*pattern == '*') {
            while (fnmatch(pattern + 1, text, flags) != 0)
                if (*text++ == '\0')
                    return 1;
            return 0;
        }
        if (*text == '\0' || (*pattern != '?' && *pattern != *text))
            return 1;
    }
    return *text != '\0';
}

int getifaddrs(struct ifaddrs **all)
{
    *all = NULL;
    return -1;
}

void freeifaddrs(struct ifaddrs *all)
{
    (void)all;
}

int getrlimit(int resource, struct rlimit *limit)
{
    (void)resource;
    (void)limit;
    return -1;
}

int setrlimit(int resource, const struct rlimit *limit)
{
    (void)resource;
    (void)limit;
    return -1;
}

static void to_time(const FILETIME *from, long *seconds, long *microseconds)
{
    const uint64_t ticks = (uint64_t)from->dwHighDateTime << 32 | from->dwLowDateTime;

    *seconds = (long)(ticks / 10000000);
    *microseconds = (long)(ticks / 10 % 1000000);
}

int getrusage(int who, struct rusage *usage)
{
    PROCESS_MEMORY_COUNTERS memory;
    FILETIME made, ended, system, user;

    (void)who;
    if (!GetProcessMemoryInfo(GetCurrentProcess(), &memory, sizeof memory) ||
        !GetProcessTimes(GetCurrentProcess(), &made, &ended, &system, &user))
        return -1;
    usage->ru_maxrss = (long)(memory.PeakWorkingSetSize / 1024);
    to_time(&user, &usage->ru_utime.tv_sec, &usage->ru_utime.tv_usec);
    to_time(&system, &usage->ru_stime.tv_sec, &usage->ru_stime.tv_usec);
    return 0;
}

int sigaction(int number, const struct sigaction *now, struct sigaction *before)
{
    (void)number;
    (void)now;
    if (before != NULL)
        memset(before, 0, sizeof *before);
    return 0;
}

/* Both environments: the C library's copy and the system's. */
int setenv(const char *name, const char *value, int overwrite)
{
    if (!overwrite && getenv(name) != NULL)
        return 0;
    return SetEnvironmentVariableA(name, value) && _putenv_s(name, value) == 0 ? 0 : -1;
}

int unsetenv(const char *name)
{
    (void)SetEnvironmentVariableA(name, NULL);
    return _putenv_s(name, "") == 0 ? 0 : -1;
}

char *mkdtemp(char *pattern)
{
    return _mktemp(pattern) != NULL && _mkdir(pattern) == 0 ? pattern : NULL;
}
