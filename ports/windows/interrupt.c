/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl-C, Ctrl-Break and the end of the console's window as a call of those who watch. The system calls the handler on a
 * thread of its own, so a lock will do. */
#include <windows.h>

#include <firth/port.h>

enum { WATCHES_MAX = 64 };

/* Under the lock. */
static SRWLOCK lock = SRWLOCK_INIT;
static firth_port_interrupt *watches[WATCHES_MAX];
static unsigned watch_count;
static bool armed; /* none came yet */

/* Whether it was the first. Whoever interrupts a second time means it: the system does what it would do without us. */
static bool tell(void)
{
    bool first;

    AcquireSRWLockExclusive(&lock);
    first = armed;
    armed = false;
    for (size_t i = 0; first && i < WATCHES_MAX; i++)
        if (watches[i] != NULL)
            watches[i]->notify(watches[i]->argument);
    ReleaseSRWLockExclusive(&lock);
    return first;
}

static BOOL WINAPI handle(DWORD event)
{
    if (!tell())
        return FALSE;
    /* After these the process ends when the handler returns, or a few seconds later: those belong to the program. */
    if (event == CTRL_CLOSE_EVENT || event == CTRL_LOGOFF_EVENT || event == CTRL_SHUTDOWN_EVENT)
        Sleep(INFINITE);
    return TRUE;
}

/* Under the lock. */
static int add(firth_port_interrupt *watch)
{
    int slot = 0;

    while (slot < WATCHES_MAX && watches[slot] != NULL)
        slot++;
    if (slot == WATCHES_MAX)
        return FIRTH_ERR_NO_MEMORY;
    if (watch_count == 0) {
        if (!SetConsoleCtrlHandler(handle, TRUE))
            return FIRTH_ERR_NOT_SUPPORTED;
        armed = true;
    }
    watch_count++;
    watch->slot = slot;
    watches[slot] = watch;
    return FIRTH_OK;
}

int firth_port_interrupt_watch(firth_port_interrupt *watch)
{
    int rc;

    AcquireSRWLockExclusive(&lock);
    rc = add(watch);
    ReleaseSRWLockExclusive(&lock);
    return rc;
}

void firth_port_interrupt_forget(firth_port_interrupt *watch)
{
    AcquireSRWLockExclusive(&lock);
    watches[watch->slot] = NULL;
    if (--watch_count == 0) {
        armed = false;
        (void)SetConsoleCtrlHandler(handle, FALSE);
    }
    ReleaseSRWLockExclusive(&lock);
}
