/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl-C, Ctrl-Break and the end of the console's window as a call of those who watch. The system calls the handler on a
 * thread of its own, so a lock will do.
 *
 * It does so under a lock of its own, which SetConsoleCtrlHandler takes too. So that is never called under ours, which the
 * handler takes; and never to remove the handler, as after the window's end that one does not return: whoever then forgot
 * to watch would wait until the system ends the program. Without a watch the handler leaves all to those before it. */
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

/* For good, and so a DLL of ours stays loaded. A failure is tried again by the next watch. */
static BOOL CALLBACK install(INIT_ONCE *once, void *argument, void **context)
{
    union {
        PHANDLER_ROUTINE routine;
        LPCWSTR address;
    } own = {.routine = handle};
    HMODULE module;

    (void)once;
    (void)argument;
    (void)context;
    return GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, own.address,
                              &module) &&
           SetConsoleCtrlHandler(handle, TRUE);
}

/* Under the lock. */
static int add(firth_port_interrupt *watch)
{
    int slot = 0;

    while (slot < WATCHES_MAX && watches[slot] != NULL)
        slot++;
    if (slot == WATCHES_MAX)
        return FIRTH_ERR_NO_MEMORY;
    if (watch_count++ == 0)
        armed = true;
    watch->slot = slot;
    watches[slot] = watch;
    return FIRTH_OK;
}

int firth_port_interrupt_watch(firth_port_interrupt *watch)
{
    static INIT_ONCE installed = INIT_ONCE_STATIC_INIT;
    int rc;

    if (!InitOnceExecuteOnce(&installed, install, NULL, NULL))
        return FIRTH_ERR_NOT_SUPPORTED;
    AcquireSRWLockExclusive(&lock);
    rc = add(watch);
    ReleaseSRWLockExclusive(&lock);
    return rc;
}

void firth_port_interrupt_forget(firth_port_interrupt *watch)
{
    AcquireSRWLockExclusive(&lock);
    watches[watch->slot] = NULL;
    if (--watch_count == 0)
        armed = false;
    ReleaseSRWLockExclusive(&lock);
}
