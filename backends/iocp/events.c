/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that belong to another port already, as a socket joins one for life: events tell the end of their ops, a thread
 * of the system's waits for those, and puts the packets that the other port is not to have into ours. */
#include "backends/iocp/iocp.h"

static void tell(fth_record *record, OVERLAPPED *overlapped)
{
    /* Without memory for a packet the op would never end. It will come. */
    while (!PostQueuedCompletionStatus(record->iocp->port, 0, fth_record_key(record), overlapped))
        Sleep(1);
}

static VOID CALLBACK reading_ended(PVOID argument, BOOLEAN timed_out)
{
    fth_record *record = argument;

    (void)timed_out;
    tell(record, &record->reading);
}

static VOID CALLBACK writing_ended(PVOID argument, BOOLEAN timed_out)
{
    fth_record *record = argument;

    (void)timed_out;
    tell(record, &record->writing);
}

static int watch(fth_record *record, fth_event *event, WAITORTIMERCALLBACK ended)
{
    event->event = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (event->event == NULL)
        return (int)GetLastError();
    if (!RegisterWaitForSingleObject(&event->wait, event->event, ended, record, INFINITE, WT_EXECUTEINWAITTHREAD))
        return (int)GetLastError();
    return 0;
}

int fth_events_use(fth_record *record)
{
    int os_code = watch(record, &record->reading_event, reading_ended);

    if (os_code == 0)
        os_code = watch(record, &record->writing_event, writing_ended);
    if (os_code != 0)
        fth_events_forget(record);
    return os_code;
}

static void unwatch(fth_event *event)
{
    if (event->wait != NULL)
        (void)UnregisterWaitEx(event->wait, INVALID_HANDLE_VALUE); /* when no call of ours runs any more */
    if (event->event != NULL)
        (void)CloseHandle(event->event);
    event->wait = event->event = NULL;
}

void fth_events_forget(fth_record *record)
{
    unwatch(&record->reading_event);
    unwatch(&record->writing_event);
}

/* The lowest bit keeps the packet from the port (documented for GetQueuedCompletionStatus). */
void fth_events_set(fth_record *record, OVERLAPPED *overlapped)
{
    const ULONG_PTR no_packet = 1;
    const fth_event *event = overlapped == &record->reading ? &record->reading_event : &record->writing_event;

    if (event->event != NULL)
        overlapped->hEvent = (HANDLE)((ULONG_PTR)event->event | no_packet);
}
