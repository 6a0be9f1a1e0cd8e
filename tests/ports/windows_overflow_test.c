/* SPDX-License-Identifier: Apache-2.0 */
/* A task that needs more stack than it has: this program, started once more, does so and is listened to. */
#include <windows.h>

#include "tests/support/support.h"

#include <stdio.h>

static volatile int depth_wanted = 1000000;

static int recurse(volatile int depth)
{
    volatile char frame[512];

    frame[0] = (char)depth;
    return depth >= depth_wanted ? 0 : recurse(depth + 1) + frame[0];
}

static int overflow(firth_scope *scope, void *argument)
{
    (void)scope;
    (void)argument;
    return recurse(0) & 1;
}

static size_t read_all(HANDLE from, char *text, size_t size)
{
    size_t used = 0;
    DWORD count = 0;

    while (used + 1 < size && ReadFile(from, text + used, (DWORD)(size - 1 - used), &count, NULL) && count > 0)
        used += count;
    text[used] = '\0';
    return used;
}

/* Wine's own line about an exception that nobody handled comes behind ours. */
static void an_overflow_is_told_before_the_program_dies(void **state)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    STARTUPINFOA start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    char path[MAX_PATH], command[MAX_PATH + 16], text[4096];
    HANDLE ours, theirs;
    DWORD code = 0;

    (void)state;
    assert_true(CreatePipe(&ours, &theirs, &inherited, 0));
    assert_true(SetHandleInformation(ours, HANDLE_FLAG_INHERIT, 0));
    start.hStdError = start.hStdOutput = theirs;
    assert_true(GetModuleFileNameA(NULL, path, sizeof path) < sizeof path);
    (void)snprintf(command, sizeof command, "\"%s\" --overflow", path);
    assert_true(CreateProcessA(path, command, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process));
    (void)CloseHandle(theirs);
    (void)read_all(ours, text, sizeof text);
    (void)WaitForSingleObject(process.hProcess, INFINITE);
    assert_true(GetExitCodeProcess(process.hProcess, &code));
    (void)CloseHandle(process.hProcess);
    (void)CloseHandle(process.hThread);
    (void)CloseHandle(ours);
    if (strstr(text, "stack") == NULL || strstr(text, "overflow") == NULL)
        fail_msg("it said \"%s\" and ended with %lx", text, (unsigned long)code);
    assert_true(code != 0);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_overflow_is_told_before_the_program_dies),
    };

    if (argc > 1 && strcmp(argv[1], "--overflow") == 0)
        return firth_run(overflow, NULL) < 0;
    return support_main(argc, argv, "overflows", tests, sizeof tests / sizeof tests[0]);
}
