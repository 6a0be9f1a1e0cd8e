/* SPDX-License-Identifier: Apache-2.0 */
/* What lwIP with a thread of its own (NO_SYS 0) asks of a system, in POSIX threads: see doc/sys_arch.txt of lwIP. */
#ifndef FTH_LWIP_SYS_ARCH_H
#define FTH_LWIP_SYS_ARCH_H

#include <pthread.h>
#include <stdbool.h>

enum { FTH_LWIP_MAILBOX = 128 };

typedef struct sys_sem {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned count;
    bool is_valid;
} sys_sem_t;

typedef struct sys_mutex {
    pthread_mutex_t mutex;
    bool is_valid;
} sys_mutex_t;

typedef struct sys_mbox {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    void *messages[FTH_LWIP_MAILBOX];
    unsigned first, count;
    bool is_valid;
} sys_mbox_t;

typedef pthread_t sys_thread_t;
typedef int sys_prot_t;

#define sys_sem_valid(sem)         ((sem)->is_valid)
#define sys_sem_set_invalid(sem)   ((sem)->is_valid = false)
#define sys_mutex_valid(mutex)     ((mutex)->is_valid)
#define sys_mbox_valid(mbox)       ((mbox)->is_valid)
#define sys_mbox_set_invalid(mbox) ((mbox)->is_valid = false)

/* The lock of lwIP's core, whose holder is known. */
void fth_lwip_core_lock(void);
void fth_lwip_core_unlock(void);
void fth_lwip_thread_starts(void);
#define LOCK_TCPIP_CORE()        fth_lwip_core_lock()
#define UNLOCK_TCPIP_CORE()      fth_lwip_core_unlock()
#define LWIP_MARK_TCPIP_THREAD() fth_lwip_thread_starts()

#endif
