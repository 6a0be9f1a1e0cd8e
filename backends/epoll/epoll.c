/* SPDX-License-Identifier: Apache-2.0 */
/* Linux: epoll(7), edge-triggered but for listeners, one registration a descriptor for its whole life.
 *
 * fork(2): a child shares the epoll instance itself, so what it registers and fetches is its parent's. A child process
 * must not touch a selector that was opened before the fork; it opens its own. */
#include <errno.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backends/readiness/datagram.h"
#include "backends/readiness/reactor.h"

enum { FTH_EPOLL_BATCH = 256 };

static const uint64_t bell_token = UINT64_MAX;

typedef struct fth_epoll {
    firth_selector *selector;
    int descriptor;
    int bell;        /* an eventfd; edge-triggered, so it need not be emptied */
    atomic_int rung; /* since the last wait that heard it: more need not be written */
    struct epoll_event events[FTH_EPOLL_BATCH];
} fth_epoll;

static int open_descriptors(fth_epoll *queue)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = bell_token};

    queue->descriptor = epoll_create1(EPOLL_CLOEXEC);
    if (queue->descriptor < 0)
        return fth_fail_errno("epoll_create1");
    queue->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (queue->bell < 0)
        return fth_fail_errno("eventfd");
    if (epoll_ctl(queue->descriptor, EPOLL_CTL_ADD, queue->bell, &event) != 0)
        return fth_fail_errno("epoll_ctl");
    return FIRTH_OK;
}

static void queue_close(void *state)
{
    fth_epoll *queue = state;

    if (queue->bell >= 0)
        (void)close(queue->bell);
    if (queue->descriptor >= 0)
        (void)close(queue->descriptor);
    firth_selector_release(queue->selector, queue);
}

static int queue_open(firth_selector *selector, void **state)
{
    fth_epoll *queue = firth_selector_allocate(selector, sizeof *queue);
    int rc;

    if (queue == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    queue->selector = selector;
    queue->descriptor = queue->bell = -1;
    atomic_init(&queue->rung, false);
    rc = open_descriptors(queue);
    if (rc < 0) {
        queue_close(queue);
        return rc;
    }
    *state = queue;
    return FIRTH_OK;
}

/* EPOLLET: each change is told once; without it, for as long as it lasts. EPOLLRDHUP and EPOLLPRI are not told unasked; EPOLLERR and EPOLLHUP are. */
static int control(const fth_epoll *queue, int action, int descriptor, uint64_t token, unsigned ready)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLPRI, .data.u64 = token};

    if ((ready & FTH_LEVEL) == 0)
        event.events |= EPOLLET;
    if ((ready & FTH_WRITABLE) != 0)
        event.events |= EPOLLOUT;
    return epoll_ctl(queue->descriptor, action, descriptor, &event) == 0 ? 0 : errno;
}

static int queue_add(void *state, int descriptor, uint64_t token, unsigned ready)
{
    int os_code = control(state, EPOLL_CTL_ADD, descriptor, token, ready);

    /* Somebody closed the number behind our back while a duplicate kept the registration alive, and gave it back to the
     * same open file. Test: a_registration_that_is_there_already_is_taken_over. */
    if (os_code == EEXIST)
        os_code = control(state, EPOLL_CTL_MOD, descriptor, token, ready);
    return os_code;
}

/* EPOLL_CTL_MOD looks at the descriptor again and reports what is ready, edge-triggered or not (Linux, ep_modify). */
static void queue_arm(void *state, int descriptor, uint64_t token, unsigned ready)
{
    (void)control(state, EPOLL_CTL_MOD, descriptor, token, ready);
}

/* close(2) alone does not end the registration while a duplicate of the descriptor is open, here or in a forked child
 * (epoll(7), questions and answers). Test: a_duplicate_does_not_keep_the_registration.
 * A stream whose peer has ended it has next to nothing left to report, and the reactor knows a stale token, so there the
 * call is saved: close ends the registration, or the duplicate's close. Test: a_duplicate_of_an_ended_stream_is_quiet. */
static void queue_remove(void *state, int descriptor, uint64_t token, bool ended)
{
    if (!ended)
        (void)control(state, EPOLL_CTL_DEL, descriptor, token, 0);
}

static unsigned ready_of(uint32_t events)
{
    unsigned ready = 0;

    if (events == EPOLLIN) /* nearly always */
        return FTH_READABLE;
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        ready |= FTH_READABLE;
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
        ready |= FTH_WRITABLE;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        ready |= FTH_HANGUP;
    if ((events & EPOLLPRI) != 0)
        ready |= FTH_URGENT;
    return ready;
}

FIRTH_INLINE int queue_wait(void *state, int timeout_ms, fth_reactor *reactor)
{
    fth_epoll *queue = state;
    int count = epoll_wait(queue->descriptor, queue->events, FTH_EPOLL_BATCH, timeout_ms), i;

    if (count < 0)
        return errno == EINTR ? FIRTH_OK : fth_fail_errno("epoll_wait");
    for (i = 0; i < count; i++) {
        uint64_t token = queue->events[i].data.u64;

        if (token == bell_token)
            atomic_exchange(&queue->rung, false);
        else
            fth_reactor_event(reactor, token, ready_of(queue->events[i].events));
    }
    return FIRTH_OK;
}

/* An interrupted call has rung nothing, and nobody else will: who wakes does so once. */
static bool ring(int bell)
{
    const uint64_t one = 1;
    ssize_t n;

    do
        n = write(bell, &one, sizeof one);
    while (n < 0 && errno == EINTR);
    return n >= 0;
}

static void queue_wake(void *state)
{
    fth_epoll *queue = state;
    int saved = errno;

    if (!atomic_exchange(&queue->rung, true) && !ring(queue->bell))
        atomic_store(&queue->rung, false);
    errno = saved;
}

static int queue_pollable(void *state)
{
    return ((const fth_epoll *)state)->descriptor;
}

static const fth_poller poller = {
    .edges = true,
    .levels = true,
    .open = queue_open,
    .close = queue_close,
    .add = queue_add,
    .add_step = "epoll_ctl",
    .arm = queue_arm,
    .remove = queue_remove,
    .wait = queue_wait,
    .wake = queue_wake,
    .pollable = queue_pollable,
    .batch = &fth_linux_batch,
};

static int backend_open(firth_selector *selector)
{
    return fth_reactor_open(selector, &poller);
}

FIRTH_HOT static int backend_poll(firth_selector *selector, int64_t until_ns)
{
    return fth_reactor_poll(&poller, selector, until_ns);
}

const firth_backend firth_backend_epoll = {
    .name = "epoll",
    .capabilities = FIRTH_CAN_POLLABLE | FTH_CAN_INHERIT | FIRTH_CAN_ADOPT | FIRTH_CAN_REUSE_PORT |
                    FIRTH_CAN_DATAGRAMS | FIRTH_CAN_UNIX | FIRTH_CAN_BATCH,
    .open = backend_open,
    .poll = backend_poll,
    .pollable = fth_reactor_pollable,
    FTH_READINESS_SLOTS,
};
