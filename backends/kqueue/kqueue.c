/* SPDX-License-Identifier: Apache-2.0 */
/* macOS and the BSDs: kqueue(2), each filter edge-triggered (EV_CLEAR) and there for the descriptor's whole life. A
 * socket always has the read filter, also while nobody reads: a later reset would else be silent (bun #37153). Test:
 * a_reset_is_heard_after_the_write_filter_has_fired.
 * What changes is noted in a list and handed to the kernel by the next wait, so most changes cost no call. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "backends/kqueue/event.h"
#include "backends/readiness/descriptors.h"
#include "backends/readiness/reactor.h"
#include "core/base/assert.h"

/* A change that fails comes back as an event, and without room for it the call fails and the changes after it are lost
 * (kevent(2), FreeBSD): no call takes more changes than it has room for events. */
enum { FTH_KQUEUE_BATCH = 256, FTH_KQUEUE_RETRY_MS = 1 };

static const uint64_t bell_token = UINT64_MAX;

/* A descriptor that the poller knows; all zero: a slot without. */
typedef struct fth_registration {
    uint64_t token;
    int descriptor;
    uint32_t bytes; /* the last report told of, less what was read since */
    uint8_t wanted; /* filters it shall have: FTH_READABLE, FTH_WRITABLE */
    uint8_t known;  /* and has, as far as the kernel was told */
    uint8_t again;  /* what the next wait reports, whatever the kernel says */
    bool is_listed;
} fth_registration;

typedef struct fth_kqueue {
    firth_selector *selector;
    pid_t owner; /* the process that has the queue */
    int descriptor;
    bool is_watched; /* its descriptor, by a loop that is not ours: pollable was asked for */
    int bell[2];     /* without EVFILT_USER: a pipe, read end and write end; else -1 */
    atomic_int rung; /* since the last wait that heard it: more need not be written */
    fth_registration *registrations;
    uint32_t *list; /* slots, of all with wanted != known or again != 0 */
    size_t listed;
    size_t capacity;
    fth_event events[FTH_KQUEUE_BATCH];
    fth_event changes[FTH_KQUEUE_BATCH];
} fth_kqueue;

/* EV_ENABLE: EV_ADD alone leaves a filter that is there as it is, enabled or not. Test: the mode "disabled". */
static uint16_t fill_all(fth_event *changes, const fth_registration *of, unsigned filters)
{
    const unsigned flags = EV_ADD | EV_ENABLE | EV_CLEAR;
    uint16_t count = 0;

    if ((filters & FTH_READABLE) != 0)
        fth_event_fill(&changes[count++], of->descriptor, EVFILT_READ, flags | EV_OOBAND, of->token);
    if ((filters & FTH_WRITABLE) != 0)
        fth_event_fill(&changes[count++], of->descriptor, EVFILT_WRITE, flags, of->token);
    return count;
}

/* ---- the bell ---------------------------------------------------------------------------------------------------- */

/* FIRTH_OK; or not, and what is open is left to close_descriptors. */
static int open_descriptors(fth_kqueue *queue)
{
    fth_event change;

    queue->bell[0] = queue->bell[1] = -1;
    queue->owner = getpid();
    queue->descriptor = kqueue();
    if (queue->descriptor < 0 || fcntl(queue->descriptor, F_SETFD, FD_CLOEXEC) != 0)
        return fth_fail_errno("kqueue");
    if (fth_event_ring(queue->descriptor, bell_token, true) == 0)
        return FIRTH_OK;
    if (fth_pipe(queue->bell) != 0)
        return fth_fail_errno("pipe");
    fth_event_fill(&change, queue->bell[0], EVFILT_READ, EV_ADD | EV_ENABLE | EV_CLEAR, bell_token);
    return fth_kevent(queue->descriptor, &change, 1, NULL, 0, 0) == 0 ? FIRTH_OK : fth_fail_errno("kevent");
}

/* A child process has no queue, and its number may be that of something else by now. */
static void close_descriptors(const fth_kqueue *queue)
{
    if (queue->bell[0] >= 0) {
        (void)close(queue->bell[0]);
        (void)close(queue->bell[1]);
    }
    if (queue->descriptor >= 0 && queue->owner == getpid())
        (void)close(queue->descriptor);
}

/* An interrupted call has rung nothing, and nobody else will: who wakes does so once. */
static bool ring(const fth_kqueue *queue)
{
    ssize_t n;

    do
        n = queue->bell[1] < 0 ? fth_event_ring(queue->descriptor, bell_token, false) : write(queue->bell[1], "", 1);
    while (n < 0 && errno == EINTR);
    return n >= 0;
}

static void queue_wake(void *state)
{
    fth_kqueue *queue = state;
    int saved = errno;

    if (!atomic_exchange(&queue->rung, true) && !ring(queue))
        atomic_store(&queue->rung, false);
    errno = saved;
}

static void hear_bell(fth_kqueue *queue)
{
    char bytes[64];

    if (queue->bell[0] >= 0)
        (void)!read(queue->bell[0], bytes, sizeof bytes);
    atomic_exchange(&queue->rung, false);
}

/* ---- registrations ----------------------------------------------------------------------------------------------- */

static void enlist(fth_kqueue *queue, uint32_t slot)
{
    if (queue->registrations[slot].is_listed)
        return;
    FTH_ASSERT(queue->listed < queue->capacity);
    queue->list[queue->listed++] = slot;
    queue->registrations[slot].is_listed = true;
}

/* Who waits for the queue's descriptor is in no wait of ours, which alone makes changes: he is called to one.
 * Test: the_pollable_descriptor_tells_of_what_was_asked_for_after_the_poll. */
static void call_watcher(fth_kqueue *queue)
{
    if (queue->is_watched && queue->listed > 0)
        queue_wake(queue);
}

static int queue_reserve(void *state, size_t capacity)
{
    fth_kqueue *queue = state;
    fth_registration *registrations = NULL;
    uint32_t *list;

    if (capacity <= fth_slot_mask) /* one block, the widest first: both are aligned */
        registrations = firth_selector_allocate(queue->selector, capacity * (sizeof *registrations + sizeof *list));
    if (registrations == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    list = (uint32_t *)(void *)(registrations + capacity);
    if (queue->registrations != NULL) {
        memcpy(registrations, queue->registrations, queue->capacity * sizeof *registrations);
        memcpy(list, queue->list, queue->listed * sizeof *list);
        firth_selector_release(queue->selector, queue->registrations);
    }
    queue->registrations = registrations;
    queue->list = list;
    queue->capacity = capacity;
    return FIRTH_OK;
}

/* To add a filter once more, and hear what is so already, is different on each system. So the next wait says it by
 * itself, after a moment: whoever asks twice found no buffers (ENOBUFS), and no event tells when there are some again.
 * Test: a_send_without_buffers_is_tried_again. */
static void queue_arm(void *state, int descriptor, uint64_t token, unsigned ready)
{
    fth_kqueue *queue = state;
    fth_registration *registration = &queue->registrations[(uint32_t)token];

    FTH_ASSERT((uint32_t)token < queue->capacity && (registration->wanted == 0 || registration->token == token));
    if ((ready & ~(unsigned)registration->wanted) == 0)
        registration->again |= (uint8_t)ready;
    registration->token = token;
    registration->descriptor = descriptor;
    registration->wanted |= (uint8_t)ready;
    enlist(queue, (uint32_t)token);
    call_watcher(queue);
}

static int queue_add(void *state, int descriptor, uint64_t token, unsigned ready)
{
    queue_arm(state, descriptor, token, ready);
    return 0;
}

/* A change that is still in the list would hit the next owner of the number: without `wanted` it is none. close(2) alone
 * ends a filter on every BSD, duplicates or not; but libkqueue goes on reporting, and a socket that is given away stays
 * open. No room for events: none is fetched. Test: a_closed_descriptor_has_no_filter. */
static void queue_remove(void *state, int descriptor, uint64_t token, bool ended)
{
    fth_kqueue *queue = state;
    fth_registration *registration = &queue->registrations[(uint32_t)token];
    fth_event changes[2];
    uint16_t count = 0, i;

    (void)descriptor;
    (void)ended;
    FTH_ASSERT(registration->token == token);
    if (queue->owner == getpid())
        count = fill_all(changes, registration, registration->known);
    for (i = 0; i < count; i++)
        changes[i].flags = EV_DELETE;
    if (count > 0)
        (void)fth_kevent(queue->descriptor, changes, count, NULL, 0, 0);
    *registration = (fth_registration){.is_listed = registration->is_listed};
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

/* As many as a call takes. *paced: somebody waits for a second look; what he lacks is added after that. */
static uint16_t take_changes(fth_kqueue *queue, bool *paced)
{
    uint16_t count = 0;
    size_t i, kept = 0;

    for (i = 0; i < queue->listed; i++) {
        const uint32_t slot = queue->list[i];
        fth_registration *registration = &queue->registrations[slot];

        *paced |= registration->again != 0;
        registration->is_listed = registration->again != 0 || count + 2 > FTH_KQUEUE_BATCH;
        if (registration->is_listed) {
            queue->list[kept++] = slot;
            continue;
        }
        count = (uint16_t)(count + fill_all(&queue->changes[count], registration,
                                            (unsigned)registration->wanted & ~(unsigned)registration->known));
        registration->known = registration->wanted;
    }
    queue->listed = kept;
    return count;
}

/* EV_ERROR is a change that failed: it is made again, for want of memory passes, and meanwhile who waits looks by himself,
 * which tells him if it was a descriptor that is none. Test: the mode "refused". */
static void take_event(fth_kqueue *queue, const fth_event *event, fth_reactor *reactor)
{
    const uintptr_t tag = (uintptr_t)event->udata;
    const size_t slot = (size_t)(tag & fth_slot_mask);
    fth_registration *registration = slot < queue->capacity ? &queue->registrations[slot] : NULL;
    const uint8_t filter = event->filter == EVFILT_READ ? FTH_READABLE : FTH_WRITABLE;

    if (tag == fth_event_tag(bell_token)) {
        hear_bell(queue);
    } else if (registration == NULL || registration->wanted == 0 || fth_event_tag(registration->token) != tag) {
        return; /* of a descriptor that is closed (libkqueue). Test: the mode "shuffled" */
    } else if ((event->flags & EV_ERROR) != 0) {
        registration->known &= (uint8_t)~filter;
        registration->again |= filter;
        enlist(queue, (uint32_t)slot);
    } else {
        /* One without bytes tells nothing of those that were told before it. Test: the mode "shuffled". */
        if (filter == FTH_READABLE && event->data > 0)
            registration->bytes = (uint32_t)event->data;
        fth_reactor_event(reactor, registration->token, fth_event_ready(event));
    }
}

/* What is listed meanwhile comes behind. */
static void look_again(fth_kqueue *queue, fth_reactor *reactor)
{
    for (size_t i = 0, count = queue->listed; i < count; i++) {
        fth_registration *registration = &queue->registrations[queue->list[i]];
        const unsigned again = registration->again;

        registration->again = 0;
        if (again != 0)
            fth_reactor_event(reactor, registration->token, again);
    }
}

/* A child process does not inherit the queue, and shares the pipe: it makes both anew and adds everything once more
 * (kqueue(2), FreeBSD). Test: a_child_process_makes_its_own_queue. */
static int open_again(fth_kqueue *queue)
{
    int rc;

    close_descriptors(queue);
    rc = open_descriptors(queue);
    for (size_t slot = 0; rc == FIRTH_OK && slot < queue->capacity; slot++) {
        queue->registrations[slot].known = 0;
        if (queue->registrations[slot].wanted != 0)
            enlist(queue, (uint32_t)slot);
    }
    if (rc == FIRTH_OK) { /* who rang before had nothing to ring, or the pipe that is shared */
        atomic_store(&queue->rung, false);
        queue_wake(queue);
    }
    return rc;
}

/* After EINTR the changes have been made (kevent(2), FreeBSD). What found no room is for the next wait, which is then at
 * once. Test: the modes "eintr" and "one", more_changes_than_a_call_takes. */
static int queue_wait(void *state, int timeout_ms, fth_reactor *reactor)
{
    fth_kqueue *queue = state;
    uint16_t change_count;
    bool paced = false;
    int rc, count, i;

    if (queue->owner != getpid() && (rc = open_again(queue)) < 0)
        return rc;
    change_count = take_changes(queue, &paced);
    if (change_count + 2 > FTH_KQUEUE_BATCH)
        timeout_ms = 0;
    else if (paced && (timeout_ms < 0 || timeout_ms > FTH_KQUEUE_RETRY_MS))
        timeout_ms = FTH_KQUEUE_RETRY_MS;
    count = fth_kevent(queue->descriptor, queue->changes, change_count, queue->events, FTH_KQUEUE_BATCH, timeout_ms);
    if (count < 0 && errno != EINTR)
        return fth_fail_errno("kevent");
    for (i = 0; i < count; i++)
        take_event(queue, &queue->events[i], reactor);
    if (paced)
        look_again(queue, reactor);
    call_watcher(queue);
    return FIRTH_OK;
}

static uint32_t *queue_bytes(void *state, uint64_t token)
{
    return &((fth_kqueue *)state)->registrations[(uint32_t)token].bytes;
}

static int queue_pollable(void *state)
{
    fth_kqueue *queue = state;

    queue->is_watched = true;
    call_watcher(queue);
    return queue->descriptor;
}

static void queue_close(void *state)
{
    fth_kqueue *queue = state;

    close_descriptors(queue);
    if (queue->registrations != NULL)
        firth_selector_release(queue->selector, queue->registrations);
    firth_selector_release(queue->selector, queue);
}

static int queue_open(firth_selector *selector, void **state)
{
    fth_kqueue *queue = firth_selector_allocate(selector, sizeof *queue);
    int rc;

    if (queue == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    queue->selector = selector;
    atomic_init(&queue->rung, false);
    rc = open_descriptors(queue);
    if (rc < 0)
        queue_close(queue);
    else
        *state = queue;
    return rc;
}

static const fth_poller poller = {
    .edges = true,
    .waits_for_buffers = true,
    .open = queue_open,
    .close = queue_close,
    .reserve = queue_reserve,
    .add = queue_add,
    .add_step = "kevent",
    .arm = queue_arm,
    .remove = queue_remove,
    .wait = queue_wait,
    .wake = queue_wake,
    .bytes = queue_bytes,
    .pollable = queue_pollable,
};

static int backend_open(firth_selector *selector)
{
    return fth_reactor_open(selector, &poller);
}

FIRTH_HOT static int backend_poll(firth_selector *selector, int64_t until_ns)
{
    return fth_reactor_poll(&poller, selector, until_ns);
}

/* SO_REUSEPORT spreads no clients here: the last listener gets them all. */
const firth_backend firth_backend_kqueue = {
    .name = "kqueue",
    .capabilities = FIRTH_CAN_POLLABLE | FTH_CAN_INHERIT | FIRTH_CAN_ADOPT | FIRTH_CAN_DATAGRAMS | FIRTH_CAN_UNIX,
    .open = backend_open,
    .poll = backend_poll,
    .pollable = fth_reactor_pollable,
    FTH_READINESS_SLOTS,
};
