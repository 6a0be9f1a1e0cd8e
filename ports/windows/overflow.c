/* SPDX-License-Identifier: Apache-2.0 */
/* A stack overflow is an exception in a guard, which has room for its handler; see pages.c. A vectored handler sees it, on
 * the stack that overflowed; who describes it is found through a list per thread. */
#include <windows.h>

#include <string.h>

#include <firth/port.h>

static _Thread_local firth_port_overflow *watches;

/* Under the lock. */
static SRWLOCK lock = SRWLOCK_INIT;
static unsigned watch_count;
static void *handler;

static const void *fault_address(const EXCEPTION_RECORD *record)
{
    switch (record->ExceptionCode) {
    case EXCEPTION_STACK_OVERFLOW:
    case EXCEPTION_GUARD_PAGE:
    case EXCEPTION_ACCESS_VIOLATION:
        return record->NumberParameters >= 2 ? (const void *)record->ExceptionInformation[1] : NULL;
    default:
        return NULL;
    }
}

static const void *stack_pointer(const CONTEXT *context)
{
#if defined(_M_ARM64) || defined(__aarch64__)
    return (const void *)context->Sp;
#elif defined(_WIN64)
    return (const void *)context->Rsp;
#else
    return (const void *)context->Esp;
#endif
}

/* Tells and goes on: the program's own handlers and the system's end are as they would be. */
static LONG CALLBACK handle(EXCEPTION_POINTERS *exception)
{
    const EXCEPTION_RECORD *record = exception->ExceptionRecord;
    const void *address = fault_address(record);
    firth_port_overflow *watch;
    char text[256];
    DWORD written;

    if (address == NULL && record->ExceptionCode == EXCEPTION_STACK_OVERFLOW)
        address = stack_pointer(exception->ContextRecord);
    for (watch = address != NULL ? watches : NULL; watch != NULL; watch = watch->next)
        if (watch->describe(watch->argument, address, text, sizeof text)) {
            (void)WriteFile(GetStdHandle(STD_ERROR_HANDLE), text, (DWORD)strlen(text), &written, NULL);
            break;
        }
    return EXCEPTION_CONTINUE_SEARCH;
}

int firth_port_overflow_watch(firth_port_overflow *watch)
{
    int rc = FIRTH_OK;

    AcquireSRWLockExclusive(&lock);
    if (watch_count == 0)
        handler = AddVectoredExceptionHandler(0, handle);
    if (handler != NULL)
        watch_count++;
    else
        rc = FIRTH_ERR_NO_MEMORY;
    ReleaseSRWLockExclusive(&lock);
    if (rc < 0)
        return rc;
    watch->stack = NULL;
    watch->next = watches;
    watches = watch;
    return FIRTH_OK;
}

void firth_port_overflow_forget(firth_port_overflow *watch)
{
    firth_port_overflow **link = &watches;

    AcquireSRWLockExclusive(&lock);
    if (--watch_count == 0)
        (void)RemoveVectoredExceptionHandler(handler);
    ReleaseSRWLockExclusive(&lock);
    while (*link != NULL && *link != watch)
        link = &(*link)->next;
    if (*link != NULL)
        *link = watch->next;
}
