/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance kit while system calls fail: campaign BACKEND [--quick | --brief] [CASE…].
 *
 * Each place in the backend that makes a call fails in turn, with each error the manual allows there, in each case of
 * the kit that comes by. After a passing fault (an interrupted call, a short count, a would-block that is followed by a
 * report) the case has to pass; after a lasting one it may end with the error, and break no promise. */
#include "tests/conformance/kit.h"
#include "tests/faults/faults.h"
#include "tests/subjects/posix.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

typedef struct campaign_fault {
    faults_call call;
    const char *name;
    faults_how how;
    int os_code;
    int code; /* what core hears of it; 0: a passing fault, and nothing comes of it */
} campaign_fault;

#define PASSING(call, error)                                                                                           \
    {                                                                                                                  \
        FAULTS_##call, #call "_" #error, FAULTS_INSTEAD, error, 0                                                      \
    }
#define PASSING_AFTER(call, error)                                                                                     \
    {                                                                                                                  \
        FAULTS_##call, #call "_" #error, FAULTS_AFTER, error, 0                                                        \
    }
#define SHORT(call)                                                                                                    \
    {                                                                                                                  \
        FAULTS_##call, #call "_short", FAULTS_SHORT, 0, 0                                                              \
    }
#define LASTING(call, error, code)                                                                                     \
    {                                                                                                                  \
        FAULTS_##call, #call "_" #error, FAULTS_INSTEAD, error, FIRTH_ERR_##code                                       \
    }

static const campaign_fault faults[] = {
    PASSING(recv, EINTR),
    PASSING(recv, EAGAIN),
    SHORT(recv),
    LASTING(recv, ENOMEM, NO_MEMORY),
    PASSING(recvmsg, EINTR),
    PASSING(recvmsg, EAGAIN),
    SHORT(recvmsg),
    LASTING(recvmsg, ENOMEM, NO_MEMORY),
    PASSING(recvfrom, EINTR),
    PASSING(recvfrom, EAGAIN),
    LASTING(recvfrom, ENOMEM, NO_MEMORY),
    PASSING(recvmmsg, EINTR),
    PASSING(recvmmsg, EAGAIN),
    SHORT(recvmmsg),
    LASTING(recvmmsg, ENOMEM, NO_MEMORY),
    PASSING(send, EINTR),
    PASSING(send, EAGAIN),
    SHORT(send),
    LASTING(send, ENOBUFS, NO_BUFFERS),
    LASTING(send, ENOMEM, NO_MEMORY),
    LASTING(send, ECONNRESET, RESET),
    PASSING(sendmsg, EINTR),
    PASSING(sendmsg, EAGAIN),
    SHORT(sendmsg),
    LASTING(sendmsg, ENOBUFS, NO_BUFFERS),
    PASSING(sendto, EINTR),
    PASSING(sendto, EAGAIN),
    LASTING(sendto, ENOBUFS, NO_BUFFERS),
    PASSING(sendmmsg, EINTR),
    PASSING(sendmmsg, EAGAIN),
    SHORT(sendmmsg),
    LASTING(sendmmsg, ENOBUFS, NO_BUFFERS),
    PASSING(accept4, EINTR),
    PASSING(accept4, EAGAIN),
    PASSING(accept4, ECONNABORTED),
    PASSING(accept4, EPROTO),
    LASTING(accept4, EMFILE, TOO_MANY_OPEN),
    LASTING(accept4, ENFILE, TOO_MANY_OPEN),
    LASTING(accept4, ENOBUFS, NO_BUFFERS),
    LASTING(accept4, ENOMEM, NO_MEMORY),
    PASSING_AFTER(connect, EINTR),
    LASTING(connect, EADDRNOTAVAIL, ADDRESS_NOT_AVAILABLE),
    LASTING(connect, ENETUNREACH, NETWORK_UNREACHABLE),
    LASTING(connect, ETIMEDOUT, TIMED_OUT),
    PASSING(connect, EAGAIN),
    LASTING(connect, ENOMEM, NO_MEMORY),
    LASTING(socket, EMFILE, TOO_MANY_OPEN),
    LASTING(socket, ENOBUFS, NO_BUFFERS),
    LASTING(socket, ENOMEM, NO_MEMORY),
    LASTING(bind, EADDRINUSE, ADDRESS_IN_USE),
    LASTING(bind, ENOBUFS, NO_BUFFERS),
    LASTING(listen, EADDRINUSE, ADDRESS_IN_USE),
    LASTING(getsockopt, ENOBUFS, NO_BUFFERS),
    LASTING(setsockopt, ENOBUFS, NO_BUFFERS),
    LASTING(setsockopt, ENOMEM, NO_MEMORY),
    LASTING(getsockname, ENOBUFS, NO_BUFFERS),
    LASTING(getpeername, ENOBUFS, NO_BUFFERS),
    LASTING(shutdown, ENOBUFS, NO_BUFFERS),
    PASSING_AFTER(close, EINTR),
    LASTING(fcntl, ENOMEM, NO_MEMORY),
    LASTING(epoll_create1, EMFILE, TOO_MANY_OPEN),
    LASTING(epoll_create1, ENOMEM, NO_MEMORY),
    LASTING(epoll_ctl, ENOMEM, NO_MEMORY),
    LASTING(epoll_ctl, ENOSPC, NO_MEMORY),
    PASSING(epoll_wait, EINTR),
    SHORT(epoll_wait),
    LASTING(eventfd, EMFILE, TOO_MANY_OPEN),
    LASTING(eventfd, ENOMEM, NO_MEMORY),
    LASTING(pipe2, EMFILE, TOO_MANY_OPEN),
    PASSING(poll, EINTR),
    LASTING(poll, ENOMEM, NO_MEMORY),
    /* The bell of wakes. One that is full takes no more and rings all the same. */
    PASSING(read, EINTR),
    PASSING(read, EAGAIN),
    PASSING(write, EINTR),
    PASSING_AFTER(write, EAGAIN),
    /* The files of Unix sockets. Where the mode cannot be given to the socket, its file gets it. */
    LASTING(lstat, ENOMEM, NO_MEMORY),
    LASTING(unlink, EROFS, PERMISSION),
    LASTING(chmod, ENOMEM, NO_MEMORY),
    PASSING(fchmod, EPERM),
};

enum { FAULTS = sizeof faults / sizeof faults[0] };

static struct {
    size_t runs[FAULTS + 1]; /* in which the fault came up; the last is of allocations */
    size_t ended[FAULTS + 1];
    size_t failed[FAULTS + 1];
    const char *fault; /* of the present run */
} campaign;

/* How much of it is done. Brief: for builds in which all takes long, each fault once at each place. */
typedef struct campaign_effort {
    const char *option;
    unsigned cases;     /* that a fault is tried in at each place; 0: all */
    unsigned calls;     /* of a place in a case: the first, the last, one of chance's in between */
    size_t allocations; /* of a case in turn; then ever fewer */
    size_t cases_each;  /* each so-manieth case fails its allocations */
    int64_t case_ms;    /* most that a case may take by itself */
} campaign_effort;

static const campaign_effort efforts[] = {
    {"", 0, 3, 60, 1, 120},
    {"--quick", 6, 2, 12, 1, 20},
    {"--brief", 1, 1, 4, 8, 20},
};

static const campaign_effort *effort = &efforts[0];

/* By abort(3), out of the library: an assertion. The case shall be named, and its fault. */
static void stopped(int number)
{
    (void)number;
    (void)printf("FAIL %s, in %s: the library stopped the program\n", /* NOLINT(bugprone-signal-handler) */
                 campaign.fault, fth_kit.running != NULL ? fth_kit.running->name : "no case");
    (void)fflush(stdout); /* NOLINT(bugprone-signal-handler) */
    _Exit(1);
}

/* ---- one run ----------------------------------------------------------------------------------------------------- */

static kit_outcome run(const kit_case *one, const char *fault, int code)
{
    kit_outcome outcome;

    campaign.fault = fault;
    fth_kit.tolerate = code != 0;
    fth_kit.injected = code;
    faults_watch(true);
    outcome = fth_kit_run(one);
    faults_watch(false);
    return outcome;
}

static void note(size_t fault, const char *name, const kit_case *one, const char *where, kit_outcome outcome)
{
    campaign.runs[fault]++;
    campaign.ended[fault] += outcome == KIT_ENDED;
    if (outcome != KIT_FAIL)
        return;
    campaign.failed[fault]++;
    (void)printf("    %s %s, in %s: %s\n", name, where, one->name, fth_kit.why);
    (void)fflush(stdout);
}

/* ---- system calls ------------------------------------------------------------------------------------------------ */

static void run_fault(const kit_case *one, size_t i, const faults_site *site, size_t number, size_t n)
{
    const campaign_fault *fault = &faults[i];
    kit_outcome outcome;
    char where[64];

    faults_arm(fault->call, site, n, fault->how, fault->os_code);
    outcome = run(one, fault->name, fault->code);
    if (faults_disarm() == 0)
        return; /* this time the case took another way */
    if (site != NULL)
        (void)snprintf(where, sizeof where, "at site %zu, call %zu", number, n);
    else
        (void)snprintf(where, sizeof where, "at every third call");
    note(i, fault->name, one, where, outcome);
}

/* How often each site came up in the case, before runs change the counts. */
typedef struct census {
    size_t made[FAULTS_SITES];
} census;

static size_t take_census(census *all)
{
    const faults_site *site;
    size_t count = 0;

    for (; (site = faults_site_at(count)) != NULL; count++)
        all->made[count] = site->made;
    return count;
}

static void fail_site(const kit_case *one, size_t i, size_t number, size_t made)
{
    const faults_site *site = faults_site_at(number);

    run_fault(one, i, site, number, 1);
    if (made > 1 && effort->calls > 1)
        run_fault(one, i, site, number, made);
    if (made > 2 && effort->calls > 2)
        run_fault(one, i, site, number, 2 + fth_kit_random((uint32_t)made - 2));
}

/* A fault is tried until enough cases have had it. */
static bool is_wanted(size_t i, size_t number)
{
    static size_t had[FAULTS][FAULTS_SITES];

    return had[i][number]++ < effort->cases || effort->cases == 0;
}

static void fail_calls(const kit_case *one, const census *all, size_t sites)
{
    for (size_t number = 0; number < sites; number++)
        for (size_t i = 0; i < FAULTS; i++)
            if (all->made[number] > 0 && faults[i].call == faults_site_at(number)->call && is_wanted(i, number))
                fail_site(one, i, number, all->made[number]);
    for (size_t i = 0; i < FAULTS && effort->cases == 0; i++)
        if (faults[i].code == 0)
            run_fault(one, i, NULL, 0, 0);
}

/* ---- allocations ------------------------------------------------------------------------------------------------- */

/* Each in turn; of a case that makes many the first ones and then ever fewer. */
static void fail_allocations(const kit_case *one, size_t made)
{
    static size_t cases;

    if (cases++ % effort->cases_each != 0)
        return;
    for (size_t n = 1; n <= made; n += n < effort->allocations ? 1 : n / 4) {
        kit_outcome outcome;
        char where[64];

        fth_kit_allocation_fail_at(n, false);
        outcome = run(one, "allocation", FIRTH_ERR_NO_MEMORY);
        fth_kit_allocation_fail_at(0, false);
        (void)snprintf(where, sizeof where, "of number %zu", n);
        note(FAULTS, "allocation", one, where, outcome);
    }
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

/* Cases that take long by their nature show nothing here that shorter ones do not. Those outside a selector fail
 * allocations and run out of descriptors themselves. */
static bool is_suitable(const kit_case *one, int64_t took_ns)
{
    return one->outside == NULL && one->flags == 0 && took_ns <= effort->case_ms * 1000000;
}

static bool attack(const kit_case *one)
{
    size_t made = fth_kit_allocations_made(), sites;
    int64_t began_ns = firth_now_ns();
    kit_outcome outcome;
    census all;

    if (!is_suitable(one, 0))
        return true;
    faults_forget_counts();
    outcome = run(one, "no fault", 0);
    made = fth_kit_allocations_made() - made;
    if (outcome == KIT_FAIL) {
        (void)printf("FAIL %s: fails without a fault: %s\n", one->name, fth_kit.why);
        return false;
    }
    if (outcome == KIT_SKIP || !is_suitable(one, firth_now_ns() - began_ns))
        return true;
    sites = take_census(&all);
    fail_calls(one, &all, sites);
    fail_allocations(one, made);
    return true;
}

static int print_row(const char *name, size_t i)
{
    if (campaign.runs[i] == 0)
        return 0; /* a call that this backend does not make */
    if (campaign.failed[i] > 0)
        (void)printf("FAIL %s: a promise was broken in %zu of %zu runs\n", name, campaign.failed[i], campaign.runs[i]);
    else
        (void)printf("PASS %s, in %zu runs, of which it ended %zu\n", name, campaign.runs[i], campaign.ended[i]);
    return campaign.failed[i] > 0;
}

int main(int argc, char **argv)
{
    const firth_backend *backend = argc > 1 ? firth_backend_find(argv[1]) : NULL;
    firth_conformance_subject subject;
    const kit_case *one;
    int failed = 0, names = 2;

    for (size_t i = 1; argc > 2 && i < sizeof efforts / sizeof efforts[0]; i++)
        if (strcmp(argv[2], efforts[i].option) == 0) {
            effort = &efforts[i];
            names = 3;
        }
    if (backend == NULL) {
        (void)fprintf(stderr, "usage: %s BACKEND [--quick | --brief] [PART OF A NAME]\n", argv[0]);
        return 2;
    }
    subject = posix_subject(backend);
    (void)fth_kit_begin(&subject);
    (void)signal(SIGABRT, stopped);
    fth_kit.limit_s = 10;
    for (size_t i = 0; (one = fth_kit_case_at(i)) != NULL; i++)
        if (argc <= names || strstr(one->name, argv[names]) != NULL)
            failed += !attack(one);
    for (size_t i = 0; i < FAULTS; i++)
        failed += print_row(faults[i].name, i);
    failed += print_row("allocation_fails", FAULTS);
    return failed == 0 ? 0 : 1;
}
