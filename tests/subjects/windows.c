/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/subjects/windows.h"

#include <winsock2.h>

#include <windows.h>

#include <process.h>

#include "tests/support/windows/handles.h"

static int64_t count_open(void *argument)
{
    (void)argument;
    return (int64_t)windows_handles_open();
}

static int64_t count_inherited(void *argument)
{
    (void)argument;
    return (int64_t)windows_handles_inherited();
}

static intptr_t duplicate(void *argument, intptr_t native)
{
    WSAPROTOCOL_INFOW info;
    SOCKET second;

    (void)argument;
    if (WSADuplicateSocketW((SOCKET)native, GetCurrentProcessId(), &info) != 0)
        return -1;
    second = WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &info, 0, WSA_FLAG_OVERLAPPED);
    if (second != INVALID_SOCKET)
        (void)SetHandleInformation((HANDLE)second, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    return (intptr_t)second;
}

static void discard(void *argument, intptr_t native)
{
    (void)argument;
    (void)closesocket((SOCKET)native);
}

/* A thread that waits for the time to be up. */
static struct {
    SRWLOCK lock;
    CONDITION_VARIABLE changed;
    bool started;
    ULONGLONG at_ms; /* 0: it is not armed */
} watch;

static unsigned __stdcall keep_watch(void *argument)
{
    (void)argument;
    AcquireSRWLockExclusive(&watch.lock);
    for (;;) {
        const ULONGLONG now_ms = GetTickCount64();

        if (watch.at_ms != 0 && now_ms >= watch.at_ms)
            firth_conformance_stuck();
        (void)SleepConditionVariableSRW(&watch.changed, &watch.lock,
                                        watch.at_ms == 0 ? INFINITE : (DWORD)(watch.at_ms - now_ms), 0);
    }
    return 0;
}

static void alarm_s(void *argument, unsigned seconds)
{
    uintptr_t thread;

    (void)argument;
    AcquireSRWLockExclusive(&watch.lock);
    watch.at_ms = seconds > 0 ? GetTickCount64() + 1000ull * seconds : 0;
    if (!watch.started) {
        thread = _beginthreadex(NULL, 0, keep_watch, NULL, 0, NULL);
        watch.started = thread != 0;
        if (thread != 0)
            (void)CloseHandle((HANDLE)thread);
    }
    WakeConditionVariable(&watch.changed);
    ReleaseSRWLockExclusive(&watch.lock);
}

firth_conformance_subject windows_subject(const firth_backend *backend)
{
    firth_conformance_subject subject = firth_conformance_for(backend);

    alarm_s(NULL, 0); /* the watch's thread, before anything is counted */
    subject.count_open = count_open;
    subject.alarm_s = alarm_s;
    subject.count_inherited = count_inherited;
    subject.duplicate = duplicate;
    subject.discard = discard;
    return subject;
}
