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

/* ---- pace -------------------------------------------------------------------------------------------------------- */

/* A socket of datagrams that sends to itself, for as long as the process runs. */
static struct {
    SOCKET socket;
    WSAEVENT received;
} probe = {INVALID_SOCKET, NULL};

static void open_probe(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int size = sizeof address;
    WSADATA data;

    if (probe.socket != INVALID_SOCKET || WSAStartup(MAKEWORD(2, 2), &data) != 0)
        return;
    probe.received = WSACreateEvent();
    probe.socket = WSASocketW(AF_INET, SOCK_DGRAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (bind(probe.socket, (struct sockaddr *)&address, size) != 0 ||
        getsockname(probe.socket, (struct sockaddr *)&address, &size) != 0 ||
        connect(probe.socket, (struct sockaddr *)&address, size) != 0) {
        (void)closesocket(probe.socket);
        probe.socket = INVALID_SOCKET;
    }
}

/* Whether a receive that waits got what was sent. */
static bool exchange(void)
{
    char byte = 0;
    WSABUF piece = {1, &byte};
    WSAOVERLAPPED waiting = {.hEvent = probe.received};
    DWORD count = 0, flags = 0;

    if (WSARecv(probe.socket, &piece, 1, &count, &flags, &waiting, NULL) != 0 && WSAGetLastError() != WSA_IO_PENDING)
        return false;
    if (send(probe.socket, "", 1, 0) != 1)
        (void)CancelIoEx((HANDLE)probe.socket, &waiting);
    return WSAGetOverlappedResult(probe.socket, &waiting, &count, TRUE, &flags) && count == 1;
}

/* Under Wine sockets are those of another process, which a loaded machine may let wait for longer than a kernel ever does: it
 * is asked how long that is now. */
static void tell_pace(void *argument, firth_conformance_pace *pace)
{
    enum { EXCHANGES = 8, SETTLED_BY = 4 };
    int64_t most_us = 0;

    (void)argument;
    for (int i = 0; i < EXCHANGES && probe.socket != INVALID_SOCKET; i++) {
        const int64_t began_ns = firth_now_ns();

        if (!exchange())
            return;
        if ((firth_now_ns() - began_ns) / 1000 > most_us)
            most_us = (firth_now_ns() - began_ns) / 1000;
    }
    if (pace->round_trip_us < most_us)
        pace->round_trip_us = most_us;
    if (pace->settled_us < SETTLED_BY * most_us)
        pace->settled_us = SETTLED_BY * most_us;
}

firth_conformance_subject windows_subject(const firth_backend *backend)
{
    firth_conformance_subject subject = firth_conformance_for(backend);

    alarm_s(NULL, 0); /* the watch's thread, before anything is counted */
    open_probe();
    subject.pace = tell_pace;
    subject.count_open = count_open;
    subject.alarm_s = alarm_s;
    subject.count_inherited = count_inherited;
    subject.duplicate = duplicate;
    subject.discard = discard;
    return subject;
}
