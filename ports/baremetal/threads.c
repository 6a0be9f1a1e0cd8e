/* SPDX-License-Identifier: Apache-2.0 */
/* There is one thread. Nobody else can hold a lock, and nobody could wake a waiter: only threads of pools wait. */
#include <firth/port.h>

struct firth_port_lock {
    char nothing;
};

struct firth_port_signal {
    char nothing;
};

firth_port_lock firth_port_no_lock;
static firth_port_signal the_signal;

/* In brackets, as core has macros of these names. */
firth_port_lock *(firth_port_lock_open)(void)
{
    return &firth_port_no_lock;
}

void(firth_port_lock_close)(firth_port_lock *lock)
{
    (void)lock;
}

void(firth_port_lock_take)(firth_port_lock *lock)
{
    (void)lock;
}

void(firth_port_lock_give)(firth_port_lock *lock)
{
    (void)lock;
}

firth_port_signal *firth_port_signal_open(void)
{
    return &the_signal;
}

void firth_port_signal_close(firth_port_signal *signal)
{
    (void)signal;
}

void firth_port_signal_wait(firth_port_signal *signal, firth_port_lock *lock, int64_t timeout_ms)
{
    (void)signal;
    (void)lock;
    (void)timeout_ms;
    firth_port_panic("firth: a wait for another thread, and there is none");
}

void firth_port_signal_wake(firth_port_signal *signal)
{
    (void)signal;
}

int firth_port_thread_start(void (*fn)(void *argument), void *argument, const char *name)
{
    (void)fn;
    (void)argument;
    (void)name;
    return FIRTH_ERR_NOT_SUPPORTED;
}

uintptr_t(firth_port_thread_id)(void)
{
    return 1;
}
