/* SPDX-License-Identifier: Apache-2.0 */
/* Any POSIX system: poll(2). The array holds only the descriptors that somebody waits for; a report takes its descriptor
 * out again, so that what is not consumed is not reported over and over. */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "backends/readiness/descriptors.h"
#include "backends/readiness/reactor.h"
#include "core/base/assert.h"

#ifndef POLLRDHUP
#define POLLRDHUP 0 /* Linux's own: the peer's end of stream, before the bytes are read */
#endif

/* entries[0] is the bell's, so 0 stands for "not in the array". */
typedef struct fth_poll {
    firth_selector *selector;
    int bell[2];     /* a pipe: read end, write end */
    atomic_int rung; /* since the bell was emptied: more need not be written */
    struct pollfd *entries;
    uint64_t *tokens; /* of each entry */
    uint32_t *places; /* the entry of each token's low half */
    size_t count;
    size_t capacity; /* of tokens; there is one entry more */
} fth_poll;

static int list_reserve(void *state, size_t capacity)
{
    fth_poll *list = state;
    size_t entry_bytes = sizeof *list->entries + sizeof *list->tokens;
    char *memory = firth_selector_allocate(list->selector, (capacity + 1) * entry_bytes + capacity * sizeof(uint32_t));
    uint64_t *tokens = (uint64_t *)(void *)memory;
    struct pollfd *entries;
    uint32_t *places;

    if (memory == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    /* One block, the widest first: all are aligned. */
    entries = (struct pollfd *)(void *)(memory + (capacity + 1) * sizeof *tokens);
    places = (uint32_t *)(void *)(memory + (capacity + 1) * entry_bytes);
    if (list->tokens != NULL) {
        memcpy(tokens, list->tokens, list->count * sizeof *tokens);
        memcpy(entries, list->entries, list->count * sizeof *entries);
        memcpy(places, list->places, list->capacity * sizeof *places);
        firth_selector_release(list->selector, list->tokens);
    }
    list->tokens = tokens;
    list->entries = entries;
    list->places = places;
    list->capacity = capacity;
    return FIRTH_OK;
}

static void list_close(void *state)
{
    fth_poll *list = state;

    if (list->bell[0] >= 0) {
        (void)close(list->bell[0]);
        (void)close(list->bell[1]);
    }
    if (list->tokens != NULL)
        firth_selector_release(list->selector, list->tokens);
    firth_selector_release(list->selector, list);
}

static int list_open(firth_selector *selector, void **state)
{
    fth_poll *list = firth_selector_allocate(selector, sizeof *list);
    int rc;

    if (list == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    list->selector = selector;
    atomic_init(&list->rung, false);
    if (fth_pipe(list->bell) != 0) {
        rc = fth_fail_errno("pipe");
    } else {
        rc = list_reserve(list, 1);
    }
    if (rc < 0) {
        list_close(list);
        return rc;
    }
    list->entries[0] = (struct pollfd){.fd = list->bell[0], .events = POLLIN};
    list->count = 1;
    *state = list;
    return FIRTH_OK;
}

static void list_arm(void *state, int descriptor, uint64_t token, unsigned ready)
{
    fth_poll *list = state;
    uint32_t *place = &list->places[(uint32_t)token];
    struct pollfd *entry;

    FTH_ASSERT((uint32_t)token < list->capacity && list->count <= list->capacity);
    if (*place == 0) {
        *place = (uint32_t)list->count;
        list->entries[list->count] = (struct pollfd){.fd = descriptor};
        list->tokens[list->count] = token;
        list->count++;
    }
    entry = &list->entries[*place];
    FTH_ASSERT(entry->fd == descriptor && list->tokens[*place] == token);
    if ((ready & FTH_READABLE) != 0)
        entry->events = (short)(entry->events | POLLIN | POLLRDHUP);
    if ((ready & FTH_WRITABLE) != 0)
        entry->events = (short)(entry->events | POLLOUT);
}

static void take_out(fth_poll *list, uint32_t place)
{
    size_t last = --list->count;

    list->places[(uint32_t)list->tokens[place]] = 0;
    if (place != last) {
        list->entries[place] = list->entries[last];
        list->tokens[place] = list->tokens[last];
        list->places[(uint32_t)list->tokens[place]] = place;
    }
}

static void list_remove(void *state, int descriptor, uint64_t token, bool ended)
{
    fth_poll *list = state;
    uint32_t place = list->places[(uint32_t)token];

    (void)descriptor;
    (void)ended;
    if (place != 0)
        take_out(list, place);
}

static void hear_bell(fth_poll *list)
{
    char bytes[64];

    (void)!read(list->bell[0], bytes, sizeof bytes);
    atomic_exchange(&list->rung, false);
}

static unsigned ready_of(int events)
{
    unsigned ready = 0;

    if ((events & (POLLIN | POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0)
        ready |= FTH_READABLE;
    if ((events & (POLLOUT | POLLHUP | POLLERR | POLLNVAL)) != 0)
        ready |= FTH_WRITABLE;
    if ((events & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0)
        ready |= FTH_HANGUP;
    return ready;
}

/* Disarms what is reported, before the reactor hears of it and may arm it again. */
static void report(fth_poll *list, uint32_t place, fth_reactor *reactor)
{
    struct pollfd *entry = &list->entries[place];
    uint64_t token = list->tokens[place];
    unsigned ready = ready_of(entry->revents);

    if ((ready & FTH_READABLE) != 0)
        entry->events = (short)(entry->events & ~(POLLIN | POLLRDHUP));
    if ((ready & FTH_WRITABLE) != 0)
        entry->events = (short)(entry->events & ~POLLOUT);
    entry->revents = 0;
    if (entry->events == 0)
        take_out(list, place);
    fth_reactor_event(reactor, token, ready);
}

static int list_wait(void *state, int timeout_ms, fth_reactor *reactor)
{
    fth_poll *list = state;
    int left = poll(list->entries, (nfds_t)list->count, timeout_ms);
    uint32_t place;

    if (left < 0)
        return errno == EINTR ? FIRTH_OK : fth_fail_errno("poll");
    /* From the end: what takes the place of an entry that goes was looked at before, or is new. */
    for (place = (uint32_t)list->count - 1; place > 0 && left > 0; place--) {
        if (list->entries[place].revents == 0)
            continue;
        left--;
        report(list, place, reactor);
    }
    if (list->entries[0].revents != 0)
        hear_bell(list);
    return FIRTH_OK;
}

/* An interrupted call has rung nothing, and nobody else will: who wakes does so once. */
static bool ring(int bell)
{
    ssize_t n;

    do
        n = write(bell, "", 1);
    while (n < 0 && errno == EINTR);
    return n >= 0;
}

static void list_wake(void *state)
{
    fth_poll *list = state;
    int saved = errno;

    if (!atomic_exchange(&list->rung, true) && !ring(list->bell[1]))
        atomic_store(&list->rung, false);
    errno = saved;
}

static const fth_poller poller = {
    .edges = false,
    .open = list_open,
    .close = list_close,
    .reserve = list_reserve,
    .arm = list_arm,
    .remove = list_remove,
    .wait = list_wait,
    .wake = list_wake,
};

static int backend_open(firth_selector *selector)
{
    return fth_reactor_open(selector, &poller);
}

FIRTH_HOT static int backend_poll(firth_selector *selector, int64_t until_ns)
{
    return fth_reactor_poll(&poller, selector, until_ns);
}

const firth_backend firth_backend_poll = {
    .name = "poll",
    .capabilities = FTH_CAN_INHERIT | FIRTH_CAN_ADOPT | FIRTH_CAN_REUSE_PORT | FIRTH_CAN_DATAGRAMS | FIRTH_CAN_UNIX,
    .open = backend_open,
    .poll = backend_poll,
    FTH_READINESS_SLOTS,
};
