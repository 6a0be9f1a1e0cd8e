/* SPDX-License-Identifier: Apache-2.0 */
#include <windows.h>

#include <process.h>
#include <stdlib.h>

#include <firth/port.h>

/* ---- locks ------------------------------------------------------------------------------------------------------- */

struct firth_port_lock {
    SRWLOCK lock;
};

firth_port_lock *firth_port_lock_open(void)
{
    firth_port_lock *lock = malloc(sizeof *lock);

    if (lock != NULL)
        InitializeSRWLock(&lock->lock);
    return lock;
}

void firth_port_lock_close(firth_port_lock *lock)
{
    free(lock);
}

void firth_port_lock_take(firth_port_lock *lock)
{
    AcquireSRWLockExclusive(&lock->lock);
}

void firth_port_lock_give(firth_port_lock *lock)
{
    ReleaseSRWLockExclusive(&lock->lock);
}

/* ---- condition variables ----------------------------------------------------------------------------------------- */

struct firth_port_signal {
    CONDITION_VARIABLE condition;
};

firth_port_signal *firth_port_signal_open(void)
{
    firth_port_signal *signal = malloc(sizeof *signal);

    if (signal != NULL)
        InitializeConditionVariable(&signal->condition);
    return signal;
}

void firth_port_signal_close(firth_port_signal *signal)
{
    free(signal);
}

void firth_port_signal_wait(firth_port_signal *signal, firth_port_lock *lock, int64_t timeout_ms)
{
    enum { HOUR_MS = 3600 * 1000 };
    const DWORD most_ms = timeout_ms < HOUR_MS ? (DWORD)timeout_ms : HOUR_MS; /* it may return early */

    (void)SleepConditionVariableSRW(&signal->condition, &lock->lock, timeout_ms < 0 ? INFINITE : most_ms, 0);
}

void firth_port_signal_wake(firth_port_signal *signal)
{
    WakeConditionVariable(&signal->condition);
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

typedef struct start {
    void (*fn)(void *argument);
    void *argument;
    wchar_t name[32];
} start;

/* Windows 10 version 1607; looked up, so that the program starts without it. */
static void set_name(const wchar_t *name)
{
    typedef HRESULT(WINAPI * set_description)(HANDLE, PCWSTR);
    HMODULE library = GetModuleHandleW(L"kernel32.dll");
    union {
        FARPROC any;
        set_description set;
    } found = {.any = library != NULL ? GetProcAddress(library, "SetThreadDescription") : NULL};

    if (found.any != NULL)
        (void)found.set(GetCurrentThread(), name);
}

static unsigned __stdcall run(void *argument)
{
    start begin = *(start *)argument;

    free(argument);
    set_name(begin.name);
    begin.fn(begin.argument);
    return 0;
}

int firth_port_thread_start(void (*fn)(void *argument), void *argument, const char *name)
{
    start *begin = calloc(1, sizeof *begin);
    uintptr_t thread;

    if (begin == NULL)
        return FIRTH_ERR_NO_MEMORY;
    begin->fn = fn;
    begin->argument = argument;
    for (size_t i = 0; i + 1 < sizeof begin->name / sizeof begin->name[0] && name[i] != '\0'; i++)
        begin->name[i] = (unsigned char)name[i];
    thread = _beginthreadex(NULL, 0, run, begin, 0, NULL);
    if (thread == 0) {
        free(begin);
        return FIRTH_ERR_NO_MEMORY;
    }
    (void)CloseHandle((HANDLE)thread);
    return FIRTH_OK;
}

/* The address of something each living thread has one of. */
uintptr_t firth_port_thread_id(void)
{
    static _Thread_local char mark;

    return (uintptr_t)&mark;
}
