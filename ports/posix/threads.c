/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#if defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__DragonFly__)
#include <pthread_np.h>
#endif

#include <firth/port.h>

/* ---- locks ------------------------------------------------------------------------------------------------------- */

struct firth_port_lock {
    pthread_mutex_t mutex;
};

firth_port_lock *firth_port_lock_open(void)
{
    firth_port_lock *lock = malloc(sizeof *lock);

    if (lock != NULL && pthread_mutex_init(&lock->mutex, NULL) == 0)
        return lock;
    free(lock);
    return NULL;
}

void firth_port_lock_close(firth_port_lock *lock)
{
    (void)pthread_mutex_destroy(&lock->mutex);
    free(lock);
}

void firth_port_lock_take(firth_port_lock *lock)
{
    (void)pthread_mutex_lock(&lock->mutex);
}

void firth_port_lock_give(firth_port_lock *lock)
{
    (void)pthread_mutex_unlock(&lock->mutex);
}

/* ---- condition variables ----------------------------------------------------------------------------------------- */

struct firth_port_signal {
    pthread_cond_t condition;
};

/* On the monotonic clock, so that nobody who sets the time stretches a wait. macOS has no such clock for conditions, but a
 * wait that takes a duration. */
#ifdef __APPLE__
static int init_condition(pthread_cond_t *condition)
{
    return pthread_cond_init(condition, NULL);
}

static void wait_at_most(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t timeout_ms)
{
    const struct timespec most = {.tv_sec = (time_t)(timeout_ms / 1000),
                                  .tv_nsec = (long)(timeout_ms % 1000) * 1000000};

    (void)pthread_cond_timedwait_relative_np(condition, mutex, &most);
}
#else
static int init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    int os_code = pthread_condattr_init(&attributes);

    if (os_code != 0)
        return os_code;
    os_code = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (os_code == 0)
        os_code = pthread_cond_init(condition, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return os_code;
}

static void wait_at_most(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t timeout_ms)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(timeout_ms / 1000);
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    (void)pthread_cond_timedwait(condition, mutex, &until);
}
#endif

firth_port_signal *firth_port_signal_open(void)
{
    firth_port_signal *signal = malloc(sizeof *signal);

    if (signal != NULL && init_condition(&signal->condition) == 0)
        return signal;
    free(signal);
    return NULL;
}

void firth_port_signal_close(firth_port_signal *signal)
{
    (void)pthread_cond_destroy(&signal->condition);
    free(signal);
}

void firth_port_signal_wait(firth_port_signal *signal, firth_port_lock *lock, int64_t timeout_ms)
{
    enum { HOUR_MS = 3600 * 1000 };

    if (timeout_ms < 0) {
        (void)pthread_cond_wait(&signal->condition, &lock->mutex);
        return;
    }
    if (timeout_ms > HOUR_MS) /* it may return early, and neither the sum nor a 32-bit time_t overflows */
        timeout_ms = HOUR_MS;
    wait_at_most(&signal->condition, &lock->mutex, timeout_ms);
}

void firth_port_signal_wake(firth_port_signal *signal)
{
    (void)pthread_cond_signal(&signal->condition);
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

typedef struct start {
    void (*fn)(void *argument);
    void *argument;
    char name[16]; /* what Linux keeps of a name, pthread_setname_np(3) */
} start;

/* A thread names itself: macOS knows no other way. Test: a_thread_has_as_much_of_its_name_as_fits. */
static void name_thread(const char *name)
{
#if defined(__APPLE__)
    (void)pthread_setname_np(name);
#elif defined(__linux__)
    (void)pthread_setname_np(pthread_self(), name);
#elif defined(__NetBSD__)
    (void)pthread_setname_np(pthread_self(), "%s", (void *)(uintptr_t)name);
#elif defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__DragonFly__)
    pthread_set_name_np(pthread_self(), name);
#else
    (void)name;
#endif
}

static void *run(void *argument)
{
    start begin = *(start *)argument;

    free(argument);
    name_thread(begin.name);
    begin.fn(begin.argument);
    return NULL;
}

/* Signals are for the threads the application made: this one blocks them all from its first moment on. */
static int create(start *begin)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_t thread;
    int os_code = pthread_attr_init(&attributes);

    if (os_code != 0)
        return os_code;
    (void)sigfillset(&all);
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    os_code = pthread_create(&thread, &attributes, run, begin);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return os_code;
}

int firth_port_thread_start(void (*fn)(void *argument), void *argument, const char *name)
{
    start *begin = calloc(1, sizeof *begin);

    if (begin == NULL)
        return FIRTH_ERR_NO_MEMORY;
    begin->fn = fn;
    begin->argument = argument;
    for (size_t i = 0; i + 1 < sizeof begin->name && name[i] != '\0'; i++)
        begin->name[i] = name[i];
    if (create(begin) == 0)
        return FIRTH_OK;
    free(begin);
    return FIRTH_ERR_NO_MEMORY;
}

/* The address of something each living thread has one of. */
uintptr_t firth_port_thread_id(void)
{
    static _Thread_local char mark;

    return (uintptr_t)&mark;
}
