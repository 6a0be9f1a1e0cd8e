/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP's system layer in POSIX threads, for lwIP with a thread of its own. */
#include <firth/port.h>
#include <lwip/opt.h>

#if !NO_SYS
#include <errno.h>
#include <lwip/sys.h>
#include <lwip/tcpip.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

/* A lock or thread that cannot be had leaves nothing to go on with. */
static void need(int code)
{
    if (code != 0)
        firth_port_panic("firth: lwIP: a lock or a thread cannot be had");
}

static void make(pthread_mutex_t *mutex, pthread_cond_t *changed)
{
    pthread_condattr_t attributes;

    need(pthread_mutex_init(mutex, NULL));
    need(pthread_condattr_init(&attributes));
    need(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
    need(pthread_cond_init(changed, &attributes));
    need(pthread_condattr_destroy(&attributes));
}

static void destroy(pthread_mutex_t *mutex, pthread_cond_t *changed)
{
    (void)pthread_cond_destroy(changed);
    (void)pthread_mutex_destroy(mutex);
}

static struct timespec in_ms(u32_t timeout_ms)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(timeout_ms / 1000);
    at.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* Until *count is not 0, or the time is over (0 ms: never). The mutex is held. Whether it is not 0. */
static bool await(pthread_mutex_t *mutex, pthread_cond_t *changed, const unsigned *count, u32_t timeout_ms)
{
    const struct timespec until = in_ms(timeout_ms);
    int code = 0;

    while (*count == 0 && code != ETIMEDOUT)
        code = timeout_ms == 0 ? pthread_cond_wait(changed, mutex) : pthread_cond_timedwait(changed, mutex, &until);
    return *count > 0;
}

/* ---- time and threads -------------------------------------------------------------------------------------------- */

void sys_init(void)
{
}

/* Nobody waits for its end, and there is none. Signals are for the program's own threads. */
sys_thread_t sys_thread_new(const char *name, lwip_thread_fn thread, void *arg, int stacksize, int prio)
{
    pthread_t started;
    void *(*run)(void *);
    sigset_t all, before;

    (void)name;
    (void)stacksize;
    (void)prio;
    memcpy(&run, &thread, sizeof run); /* they differ in a result that is never returned */
    (void)sigfillset(&all);
    need(pthread_sigmask(SIG_SETMASK, &all, &before));
    need(pthread_create(&started, NULL, run, arg));
    need(pthread_sigmask(SIG_SETMASK, &before, NULL));
    need(pthread_detach(started));
    return started;
}

/* What is between protect and unprotect is short, and may be nested. */
static pthread_mutex_t protection;
static pthread_once_t protection_once = PTHREAD_ONCE_INIT;

static void make_protection(void)
{
    pthread_mutexattr_t attributes;

    need(pthread_mutexattr_init(&attributes));
    need(pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE));
    need(pthread_mutex_init(&protection, &attributes));
    need(pthread_mutexattr_destroy(&attributes));
}

sys_prot_t sys_arch_protect(void)
{
    need(pthread_once(&protection_once, make_protection));
    (void)pthread_mutex_lock(&protection);
    return 0;
}

void sys_arch_unprotect(sys_prot_t pval)
{
    (void)pval;
    (void)pthread_mutex_unlock(&protection);
}

/* ---- locks ------------------------------------------------------------------------------------------------------- */

err_t sys_mutex_new(sys_mutex_t *mutex)
{
    need(pthread_mutex_init(&mutex->mutex, NULL));
    mutex->is_valid = true;
    return ERR_OK;
}

void sys_mutex_lock(sys_mutex_t *mutex)
{
    (void)pthread_mutex_lock(&mutex->mutex);
}

void sys_mutex_unlock(sys_mutex_t *mutex)
{
    (void)pthread_mutex_unlock(&mutex->mutex);
}

void sys_mutex_free(sys_mutex_t *mutex)
{
    mutex->is_valid = false;
    (void)pthread_mutex_destroy(&mutex->mutex);
}

static atomic_uintptr_t holder;
static atomic_bool has_thread;

void fth_lwip_core_lock(void)
{
    sys_mutex_lock(&lock_tcpip_core);
    atomic_store_explicit(&holder, firth_port_thread_id(), memory_order_relaxed);
}

void fth_lwip_core_unlock(void)
{
    atomic_store_explicit(&holder, 0, memory_order_relaxed);
    sys_mutex_unlock(&lock_tcpip_core);
}

void fth_lwip_thread_starts(void)
{
    atomic_store(&has_thread, true);
}

/* Before there is a thread lwIP initializes itself without the lock. */
void fth_lwip_assert_locked(void)
{
    if (atomic_load(&has_thread) && atomic_load_explicit(&holder, memory_order_relaxed) != firth_port_thread_id())
        firth_port_panic("firth: lwIP, used without its lock");
}

/* ---- semaphores -------------------------------------------------------------------------------------------------- */

err_t sys_sem_new(sys_sem_t *sem, u8_t count)
{
    make(&sem->mutex, &sem->changed);
    sem->count = count;
    sem->is_valid = true;
    return ERR_OK;
}

void sys_sem_signal(sys_sem_t *sem)
{
    (void)pthread_mutex_lock(&sem->mutex);
    sem->count++;
    (void)pthread_cond_signal(&sem->changed);
    (void)pthread_mutex_unlock(&sem->mutex);
}

u32_t sys_arch_sem_wait(sys_sem_t *sem, u32_t timeout)
{
    bool is_there;

    (void)pthread_mutex_lock(&sem->mutex);
    is_there = await(&sem->mutex, &sem->changed, &sem->count, timeout);
    if (is_there)
        sem->count--;
    (void)pthread_mutex_unlock(&sem->mutex);
    return is_there ? 0 : SYS_ARCH_TIMEOUT;
}

void sys_sem_free(sys_sem_t *sem)
{
    destroy(&sem->mutex, &sem->changed);
    sem->is_valid = false;
}

/* ---- mailboxes --------------------------------------------------------------------------------------------------- */

err_t sys_mbox_new(sys_mbox_t *mbox, int size)
{
    (void)size; /* TCPIP_MBOX_SIZE, the one there is */
    memset(mbox, 0, sizeof *mbox);
    make(&mbox->mutex, &mbox->changed);
    mbox->is_valid = true;
    return ERR_OK;
}

void sys_mbox_free(sys_mbox_t *mbox)
{
    destroy(&mbox->mutex, &mbox->changed);
    mbox->is_valid = false;
}

err_t sys_mbox_trypost(sys_mbox_t *mbox, void *msg)
{
    err_t err = ERR_MEM;

    (void)pthread_mutex_lock(&mbox->mutex);
    if (mbox->count < FTH_LWIP_MAILBOX) {
        mbox->messages[(mbox->first + mbox->count++) % FTH_LWIP_MAILBOX] = msg;
        (void)pthread_cond_broadcast(&mbox->changed);
        err = ERR_OK;
    }
    (void)pthread_mutex_unlock(&mbox->mutex);
    return err;
}

err_t sys_mbox_trypost_fromisr(sys_mbox_t *mbox, void *msg)
{
    return sys_mbox_trypost(mbox, msg);
}

void sys_mbox_post(sys_mbox_t *mbox, void *msg)
{
    (void)pthread_mutex_lock(&mbox->mutex);
    while (mbox->count == FTH_LWIP_MAILBOX)
        (void)pthread_cond_wait(&mbox->changed, &mbox->mutex);
    (void)pthread_mutex_unlock(&mbox->mutex);
    if (sys_mbox_trypost(mbox, msg) != ERR_OK)
        sys_mbox_post(mbox, msg); /* somebody was faster */
}

static void take(sys_mbox_t *mbox, void **msg)
{
    void *taken = mbox->messages[mbox->first];

    mbox->first = (mbox->first + 1) % FTH_LWIP_MAILBOX;
    mbox->count--;
    (void)pthread_cond_broadcast(&mbox->changed);
    if (msg != NULL)
        *msg = taken;
}

u32_t sys_arch_mbox_fetch(sys_mbox_t *mbox, void **msg, u32_t timeout)
{
    bool is_there;

    (void)pthread_mutex_lock(&mbox->mutex);
    is_there = await(&mbox->mutex, &mbox->changed, &mbox->count, timeout);
    if (is_there)
        take(mbox, msg);
    (void)pthread_mutex_unlock(&mbox->mutex);
    return is_there ? 0 : SYS_ARCH_TIMEOUT;
}

u32_t sys_arch_mbox_tryfetch(sys_mbox_t *mbox, void **msg)
{
    bool is_there;

    (void)pthread_mutex_lock(&mbox->mutex);
    is_there = mbox->count > 0;
    if (is_there)
        take(mbox, msg);
    (void)pthread_mutex_unlock(&mbox->mutex);
    return is_there ? 0 : SYS_MBOX_EMPTY;
}
#endif
