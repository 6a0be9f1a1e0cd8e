/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tls/mbedtls/process.h"
#include <stdatomic.h>

/* The first thread to put its lock here wins; the others close theirs. */
#ifndef FIRTH_NO_THREADS

static _Atomic(firth_port_lock *) the_lock;

firth_port_lock *fth_tls_process_lock(void)
{
    firth_port_lock *lock = atomic_load(&the_lock);
    firth_port_lock *made;

    if (lock != NULL)
        return lock;
    made = firth_port_lock_open();
    if (made == NULL || atomic_compare_exchange_strong(&the_lock, &lock, made))
        return made;
    firth_port_lock_close(made);
    return lock;
}

#endif
