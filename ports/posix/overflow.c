/* SPDX-License-Identifier: Apache-2.0 */
/* A stack overflow is a fault in a guard, handled on an alternate signal stack, sigaltstack(2). The handler and its
 * stack are the process's and the thread's; who describes the fault is found through a list per thread. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <firth/port.h>

/* Room for the handler's frames above the largest context the kernel saves (AVX-512 and AMX state: some 11 KiB). */
enum { ALTERNATE_BYTES = 64 * 1024 };

static const int fault_signals[] = {SIGSEGV, SIGBUS};
enum { SIGNAL_COUNT = sizeof fault_signals / sizeof fault_signals[0] };

/* In the static TLS block even in a shared library, where the first use by a thread would else allocate: the handler may
 * run on a thread that has none. */
#if defined(__GNUC__) && defined(__ELF__)
__attribute__((tls_model("initial-exec")))
#endif
static _Thread_local firth_port_overflow *watches;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned watch_count;
static bool taken[SIGNAL_COUNT];

/* Not a fault, but kill(2) and its kin: there is no address, and nothing to repeat. A fault has a number from 1 on;
 * raise(3) has one of its own on FreeBSD (SI_LWP, <sys/signal.h>), and macOS says 0 where it knows no cause (SEGV_NOOP).
 * Tests: a_fault_signal_that_was_sent_kills, a_fault_signal_that_was_raised_kills. */
static bool was_sent(const siginfo_t *info)
{
#ifdef SI_LWP
    if (info->si_code == SI_LWP)
        return true;
#endif
    return info->si_code <= 0 || info->si_code == SI_USER || info->si_code == SI_QUEUE;
}

static void report(const void *address)
{
    char text[256];

    for (firth_port_overflow *watch = watches; watch != NULL; watch = watch->next)
        if (watch->describe(watch->argument, address, text, sizeof text)) {
            ssize_t written = write(STDERR_FILENO, text, strlen(text));

            (void)written;
            return;
        }
}

/* Returning repeats the faulting instruction, and with the default action back the program dies of it as it would have
 * without us, core dump and all. A signal that was sent is sent again, for when this handler has returned. */
static void handle(int number, siginfo_t *info, void *context)
{
    struct sigaction action;

    (void)context;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    (void)sigaction(number, &action, NULL);
    if (was_sent(info))
        (void)raise(number);
    else
        report(info->si_addr);
}

static void take_signals(void)
{
    struct sigaction action, old;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        (void)sigaction(fault_signals[i], NULL, &old);
        taken[i] = (old.sa_flags & SA_SIGINFO) == 0 && old.sa_handler == SIG_DFL;
        if (taken[i])
            (void)sigaction(fault_signals[i], &action, NULL);
    }
}

/* Only what is still ours: somebody may have put a handler of their own over it. */
static void give_signals_back(void)
{
    struct sigaction action, now;

    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        (void)sigaction(fault_signals[i], NULL, &now);
        if (taken[i] && (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == handle)
            (void)sigaction(fault_signals[i], &action, NULL);
        taken[i] = false;
    }
}

/* *made is the alternate stack if this call set one; a thread that has one keeps it. */
static int set_alternate_stack(void **made)
{
    stack_t now, ours;

    *made = NULL;
    if (sigaltstack(NULL, &now) != 0)
        return FIRTH_ERR_NOT_SUPPORTED;
    if ((now.ss_flags & SS_DISABLE) == 0)
        return FIRTH_OK;
    memset(&ours, 0, sizeof ours);
    ours.ss_sp = malloc(ALTERNATE_BYTES);
    ours.ss_size = ALTERNATE_BYTES;
    if (ours.ss_sp == NULL)
        return FIRTH_ERR_NO_MEMORY;
    if (sigaltstack(&ours, NULL) != 0) {
        free(ours.ss_sp);
        return FIRTH_ERR_NOT_SUPPORTED;
    }
    *made = ours.ss_sp;
    return FIRTH_OK;
}

static void drop_alternate_stack(void *made)
{
    stack_t now, off;

    if (made == NULL)
        return;
    memset(&off, 0, sizeof off);
    off.ss_flags = SS_DISABLE;
    if (sigaltstack(NULL, &now) == 0 && now.ss_sp == made)
        (void)sigaltstack(&off, NULL);
    free(made);
}

int firth_port_overflow_watch(firth_port_overflow *watch)
{
    int rc = set_alternate_stack(&watch->stack);

    if (rc < 0)
        return rc;
    watch->next = watches;
    watches = watch;
    (void)pthread_mutex_lock(&mutex);
    if (watch_count++ == 0)
        take_signals();
    (void)pthread_mutex_unlock(&mutex);
    return FIRTH_OK;
}

void firth_port_overflow_forget(firth_port_overflow *watch)
{
    firth_port_overflow **link = &watches;

    (void)pthread_mutex_lock(&mutex);
    if (--watch_count == 0)
        give_signals_back();
    (void)pthread_mutex_unlock(&mutex);
    while (*link != NULL && *link != watch)
        link = &(*link)->next;
    if (*link != NULL)
        *link = watch->next;
    /* Another selector of this thread may still need the stack that this one set: it takes it over. */
    if (watches != NULL && watches->stack == NULL)
        watches->stack = watch->stack;
    else
        drop_alternate_stack(watch->stack);
    watch->stack = NULL;
}
