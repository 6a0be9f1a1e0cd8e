/* SPDX-License-Identifier: Apache-2.0 */
/* mbedTLS's locks: slim ones, which are ready when they are zero. A part of mbedTLS's library, see pthread.h beside it. */
#include <windows.h>

#include "ports/windows/mbedtls/pthread.h"

_Static_assert(sizeof(SRWLOCK) == sizeof(void *), "a mutex has the room of a lock");

static SRWLOCK *lock_of(pthread_mutex_t *mutex)
{
    return (SRWLOCK *)(void *)&mutex->lock;
}

int fth_mbedtls_mutex_init(pthread_mutex_t *mutex, const void *attributes)
{
    (void)attributes;
    InitializeSRWLock(lock_of(mutex));
    return 0;
}

int fth_mbedtls_mutex_destroy(pthread_mutex_t *mutex)
{
    (void)mutex;
    return 0;
}

int fth_mbedtls_mutex_lock(pthread_mutex_t *mutex)
{
    AcquireSRWLockExclusive(lock_of(mutex));
    return 0;
}

int fth_mbedtls_mutex_unlock(pthread_mutex_t *mutex)
{
    ReleaseSRWLockExclusive(lock_of(mutex));
    return 0;
}
