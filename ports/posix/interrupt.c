/* SPDX-License-Identifier: Apache-2.0 */
/* SIGINT and SIGTERM as a call of those who watch. A signal handler can take no lock, so the watchers are a fixed table
 * of atomic pointers; a signal is the process's, and so is the table. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include <firth/port.h>

enum { WATCHES_MAX = 64 };

static const int watched_signals[] = {SIGINT, SIGTERM};
enum { SIGNAL_COUNT = sizeof watched_signals / sizeof watched_signals[0] };

static _Atomic(firth_port_interrupt *) watches[WATCHES_MAX];
static atomic_int handlers_running;

/* Under the mutex: the handler touches none of it. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned watch_count;
static struct sigaction before[SIGNAL_COUNT];

static void handle(int number)
{
    int saved = errno;

    (void)number;
    atomic_fetch_add(&handlers_running, 1);
    for (size_t i = 0; i < WATCHES_MAX; i++) {
        firth_port_interrupt *watch = atomic_load(&watches[i]);

        if (watch != NULL)
            watch->notify(watch->argument);
    }
    atomic_fetch_sub(&handlers_running, 1);
    errno = saved;
}

/* SA_RESETHAND: the second signal does what it would do without us. What ignores the signals goes on to: nohup(1). */
static void take_signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = handle;
    action.sa_flags = (int)(SA_RESTART | SA_RESETHAND);
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        (void)sigaction(watched_signals[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            (void)sigaction(watched_signals[i], &action, NULL);
    }
}

static void give_signals_back(void)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        (void)sigaction(watched_signals[i], &before[i], NULL);
}

int firth_port_interrupt_watch(firth_port_interrupt *watch)
{
    int slot = 0;

    (void)pthread_mutex_lock(&mutex);
    while (slot < WATCHES_MAX && atomic_load(&watches[slot]) != NULL)
        slot++;
    if (slot < WATCHES_MAX) {
        watch->slot = slot;
        atomic_store(&watches[slot], watch);
        if (watch_count++ == 0)
            take_signals();
    }
    (void)pthread_mutex_unlock(&mutex);
    return slot < WATCHES_MAX ? FIRTH_OK : FIRTH_ERR_NO_MEMORY;
}

void firth_port_interrupt_forget(firth_port_interrupt *watch)
{
    (void)pthread_mutex_lock(&mutex);
    atomic_store(&watches[watch->slot], NULL);
    if (--watch_count == 0)
        give_signals_back();
    (void)pthread_mutex_unlock(&mutex);
    /* A handler on another thread may have read the pointer just before. */
    while (atomic_load(&handlers_running) > 0)
        (void)sched_yield();
}
