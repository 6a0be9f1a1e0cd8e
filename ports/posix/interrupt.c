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
static atomic_int armed; /* the signals are taken and none came yet */

/* Under the mutex, but for the handler that found it armed. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned watch_count;
static bool taken[SIGNAL_COUNT];
static struct sigaction before[SIGNAL_COUNT];

static void handle(int number);

static bool is_ours(int number, struct sigaction *now)
{
    return sigaction(number, NULL, now) == 0 && (now->sa_flags & SA_SIGINFO) == 0 && now->sa_handler == handle;
}

/* Whoever sends a second signal, of either kind, means it: it does what it would do without us. */
static void set_default_actions(void)
{
    struct sigaction now, action;

    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        if (taken[i] && is_ours(watched_signals[i], &now))
            (void)sigaction(watched_signals[i], &action, NULL);
}

static void handle(int number)
{
    int saved = errno;

    (void)number;
    atomic_fetch_add(&handlers_running, 1);
    if (atomic_exchange(&armed, false))
        set_default_actions();
    for (size_t i = 0; i < WATCHES_MAX; i++) {
        firth_port_interrupt *watch = atomic_load(&watches[i]);

        if (watch != NULL)
            watch->notify(watch->argument);
    }
    atomic_fetch_sub(&handlers_running, 1);
    errno = saved;
}

/* What ignores the signals goes on to: nohup(1). SA_RESETHAND: the same signal again finds its default action even if it
 * comes before the handler has run. */
static void take_signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = handle;
    action.sa_flags = (int)(SA_RESTART | SA_RESETHAND);
    (void)sigemptyset(&action.sa_mask);
    atomic_store(&armed, true);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        taken[i] = sigaction(watched_signals[i], NULL, &before[i]) == 0 && before[i].sa_handler != SIG_IGN;
        if (taken[i])
            (void)sigaction(watched_signals[i], &action, NULL);
    }
}

/* Only what is still as we left it: somebody may have put a handler of their own there since. */
static void give_signals_back(bool interrupted)
{
    struct sigaction now = {0};

    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        if (taken[i] && (is_ours(watched_signals[i], &now) || (interrupted && now.sa_handler == SIG_DFL)))
            (void)sigaction(watched_signals[i], &before[i], NULL);
}

/* A handler on another thread may have read the watch's pointer, or be setting the default actions. */
static void await_handlers(void)
{
    while (atomic_load(&handlers_running) > 0)
        (void)sched_yield();
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
    bool is_last, interrupted = false;

    (void)pthread_mutex_lock(&mutex);
    atomic_store(&watches[watch->slot], NULL);
    is_last = --watch_count == 0;
    if (is_last)
        interrupted = !atomic_exchange(&armed, false);
    await_handlers();
    if (is_last)
        give_signals_back(interrupted);
    (void)pthread_mutex_unlock(&mutex);
}
