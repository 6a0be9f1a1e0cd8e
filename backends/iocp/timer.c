/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines to a fraction of a millisecond. A look at the port gives up by the system's own clock, which ticks every 16 ms
 * unless some program asks for more at everybody's cost; a timer of high resolution (Windows 10 version 1803) does not.
 * It calls a function on the thread that has set it, which ends a look that may be interrupted so; nobody else is needed
 * for it. Without it deadlines are as the ticks are. */
#include "backends/iocp/iocp.h"

#ifndef CREATE_WAITABLE_TIMER_HIGH_RESOLUTION
#define CREATE_WAITABLE_TIMER_HIGH_RESOLUTION 2
#endif

/* That it was called is all. It may be, a little later, when its timer is gone. */
static VOID CALLBACK rang(PVOID argument, DWORD low, DWORD high)
{
    (void)argument;
    (void)low;
    (void)high;
}

void fth_timer_open(fth_timer *timer)
{
    timer->timer =
        CreateWaitableTimerExW(NULL, NULL, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, SYNCHRONIZE | TIMER_MODIFY_STATE);
}

void fth_timer_close(fth_timer *timer)
{
    if (timer->timer != NULL)
        (void)CloseHandle(timer->timer);
    timer->timer = NULL;
}

bool fth_timer_set(fth_timer *timer, int64_t until_ns, int64_t left_ns)
{
    const LARGE_INTEGER due = {.QuadPart = -((left_ns + 99) / 100)}; /* from now on, in units of 100 ns */

    if (timer->timer == NULL)
        return false;
    if (timer->until_ns != until_ns)
        timer->until_ns = SetWaitableTimer(timer->timer, &due, 0, rang, NULL, FALSE) ? until_ns : 0;
    return timer->until_ns != 0;
}
