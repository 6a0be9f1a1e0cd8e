/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines to a fraction of a millisecond. A look at the port gives up by the system's own clock, which ticks every 16 ms
 * unless some program asks for more at everybody's cost; a timer of high resolution (Windows 10 version 1803) does not.
 * A thread of the system's waits for it, and puts a packet into the port. Without it deadlines are as the ticks are. */
#include "backends/iocp/iocp.h"

#ifndef CREATE_WAITABLE_TIMER_HIGH_RESOLUTION
#define CREATE_WAITABLE_TIMER_HIGH_RESOLUTION 2
#endif

/* Without memory for a packet the look gives up by itself, a little later. */
static VOID CALLBACK rang(PVOID argument, BOOLEAN timed_out)
{
    const fth_timer *timer = argument;

    (void)timed_out;
    (void)PostQueuedCompletionStatus(timer->port, 0, FTH_TIMER_KEY, NULL);
}

void fth_timer_open(fth_timer *timer, HANDLE port)
{
    timer->port = port;
    timer->timer =
        CreateWaitableTimerExW(NULL, NULL, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, SYNCHRONIZE | TIMER_MODIFY_STATE);
    if (timer->timer != NULL &&
        !RegisterWaitForSingleObject(&timer->wait, timer->timer, rang, timer, INFINITE, WT_EXECUTEINWAITTHREAD))
        fth_timer_close(timer);
}

void fth_timer_close(fth_timer *timer)
{
    if (timer->wait != NULL)
        (void)UnregisterWaitEx(timer->wait, INVALID_HANDLE_VALUE); /* when no call of ours runs any more */
    if (timer->timer != NULL)
        (void)CloseHandle(timer->timer);
    timer->timer = timer->wait = NULL;
}

void fth_timer_set(fth_timer *timer, int64_t until_ns, int64_t left_ns)
{
    LARGE_INTEGER due = {.QuadPart = -((left_ns + 99) / 100)}; /* from now on, in units of 100 ns */

    if (timer->until_ns != until_ns && SetWaitableTimer(timer->timer, &due, 0, NULL, NULL, FALSE))
        timer->until_ns = until_ns;
}
