/* SPDX-License-Identifier: Apache-2.0 */
/* What mbedTLS takes of POSIX's header of this name, where a compiler for Windows brings none: a lock that needs no call
 * before its first use. Only mbedTLS and who includes its headers find this file. It does without windows.h, whose macros
 * would then be in all of them. */
#ifndef FTH_WINDOWS_MBEDTLS_PTHREAD_H
#define FTH_WINDOWS_MBEDTLS_PTHREAD_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fth_mbedtls_mutex {
    void *lock; /* an SRWLOCK, which is NULL while nobody has it */
} pthread_mutex_t;

#define PTHREAD_MUTEX_INITIALIZER                                                                                      \
    {                                                                                                                  \
        NULL                                                                                                           \
    }

/* 0: they cannot fail. Not recursive; on any thread, unlocked by the one that has locked it. */
int fth_mbedtls_mutex_init(pthread_mutex_t *mutex, const void *attributes);
int fth_mbedtls_mutex_destroy(pthread_mutex_t *mutex);
int fth_mbedtls_mutex_lock(pthread_mutex_t *mutex);
int fth_mbedtls_mutex_unlock(pthread_mutex_t *mutex);

/* By other names in the library, so that a program may have a library of POSIX's threads too. */
#define pthread_mutex_init    fth_mbedtls_mutex_init
#define pthread_mutex_destroy fth_mbedtls_mutex_destroy
#define pthread_mutex_lock    fth_mbedtls_mutex_lock
#define pthread_mutex_unlock  fth_mbedtls_mutex_unlock

#ifdef __cplusplus
}
#endif

#endif
