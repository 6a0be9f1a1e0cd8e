/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP with a thread of its own, as under an RTOS: the thread has the timers and what was received, and calls back; the
 * selector's thread calls under the same lock (LWIP_TCPIP_CORE_LOCKING). */
#include "backends/lwip/stack.h"

#if !NO_SYS
#include <lwip/sys.h>
#include <lwip/tcpip.h>
#include <lwip/timeouts.h>

/* When the next timer was due before the call, under the lock. */
static u32_t left_ms;

void fth_lwip_lock(void)
{
    LOCK_TCPIP_CORE();
    left_ms = sys_timeouts_sleeptime();
}

static void do_nothing(void *argument)
{
    (void)argument;
}

/* The thread sleeps until the timer that was the next when it went to sleep. If its mailbox is full it is awake. */
void fth_lwip_unlock(void)
{
    bool is_earlier = sys_timeouts_sleeptime() < left_ms;

    UNLOCK_TCPIP_CORE();
    if (is_earlier)
        (void)tcpip_try_callback(do_nothing, NULL);
}

#ifdef FTH_LWIP_IS_STARTED /* by the SDK that brings lwIP */
void fth_lwip_start_thread(void)
{
}
#else
static void on_start(void *argument)
{
    sys_sem_signal(argument);
}

void fth_lwip_start_thread(void)
{
    sys_sem_t started;

    if (sys_sem_new(&started, 0) != ERR_OK)
        return; /* lwIP's port ends the program rather than that */
    tcpip_init(on_start, &started);
    (void)sys_arch_sem_wait(&started, 0);
    sys_sem_free(&started);
}
#endif
#endif
