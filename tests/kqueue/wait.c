/* SPDX-License-Identifier: Apache-2.0 */
/* kevent(): makes the changes, waits, and tells. */
#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "tests/kqueue/queue.h"

/* ---- what has been woken ----------------------------------------------------------------------------------------- */

static void hear_set(queue *of, int kind)
{
    struct epoll_event entries[64];
    int count;

    do {
        count = double_epoll_wait(of->sets[kind], entries, 64, 0);
        for (int i = 0; i < count; i++) {
            filter *woken = double_filter_at(of, entries[i].data.fd, kind);

            if (woken != NULL && woken->is_there)
                double_stand_in_line(of, woken);
        }
    } while (count == 64);
}

static bool hear_user(const queue *of, event *told)
{
    uint64_t count;

    if (!atomic_load(&of->has_user) || read(of->user, &count, sizeof count) != (ssize_t)sizeof count)
        return false;
#ifdef EVFILT_USER
    *told = (event){.filter = EVFILT_USER, .flags = EV_CLEAR};
    told->udata = UDATA(*told, of->user_udata);
#else
    (void)told;
#endif
    return true;
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

static event make_event(const queue *of, const filter *from, const double_look *look)
{
    const uint32_t place = (uint32_t)(from - of->filters);
    event told = {0};

    told.udata = UDATA(told, from->udata);
    told.ident = place / DOUBLE_FILTERS;
    told.filter = (__typeof__(told.filter))(place % DOUBLE_FILTERS == DOUBLE_READ ? EVFILT_READ : EVFILT_WRITE);
    told.flags = EV_ADD | (from->is_cleared ? EV_CLEAR : 0) | (look->is_ended ? EV_EOF : 0);
#ifdef EV_OOBAND
    told.flags = (__typeof__(told.flags))(told.flags | (look->is_urgent ? EV_OOBAND : 0));
#endif
    told.fflags = (uint32_t)look->error;
    told.data = (__typeof__(told.data))look->data;
    return told;
}

/* The first in line; true if it had something to tell. */
static bool tell(queue *of, event *told)
{
    filter *from = double_leave_line(of);
    const uint32_t place = (uint32_t)(from - of->filters);
    double_look look;

    if (!from->is_there || !from->is_enabled)
        return false;
    look = double_look_at((int)(place / DOUBLE_FILTERS), (int)(place % DOUBLE_FILTERS));
    if (!look.is_active)
        return false;
    *told = make_event(of, from, &look);
    if (from->is_once)
        double_drop(of, (int)(place / DOUBLE_FILTERS), (int)(place % DOUBLE_FILTERS));
    else if (from->is_dispatched)
        from->is_enabled = false;
    else if (!from->is_cleared)
        double_stand_in_line(of, from); /* level-triggered: behind the others, who have their turn first */
    return true;
}

/* An event that is not true, of any filter that is there, or of one that is not any more (libkqueue). */
static bool tell_lie(const queue *of, event *told)
{
    for (int tries = 0; tries < 16 && of->capacity > 0; tries++) {
        const filter *from = &of->filters[double_chance(of->capacity)];

        if (!from->is_there && from->udata != 0) {
            *told = make_event(of, from, &(double_look){.is_ended = true, .error = ECONNRESET});
            return true;
        }
        if (from->is_there && from->is_enabled) {
            *told = make_event(of, from, &(double_look){0});
            return true;
        }
    }
    return false;
}

static void shuffle(event *events, int count)
{
    for (int i = count - 1; i > 0; i--) {
        int other = (int)double_chance((unsigned)i + 1);
        event kept = events[i];

        events[i] = events[other];
        events[other] = kept;
    }
}

static int tell_all(queue *of, event *events, int room)
{
    uint32_t last;
    bool is_last = false;
    int count = 0;

    for (int kind = 0; kind < DOUBLE_FILTERS; kind++)
        hear_set(of, kind);
    if (double_has(DOUBLE_ONE) && room > 1)
        room = 1;
    if (room > 0)
        count += hear_user(of, events);
    for (last = of->last; of->first != 0 && count < room && !is_last;) {
        is_last = of->first == last;
        count += tell(of, &events[count]);
    }
    if (double_has(DOUBLE_SHUFFLED) && count > 0) {
        count += count < room && tell_lie(of, &events[count]);
        shuffle(events, count);
    }
    return count;
}

/* So that whoever watches the queue's descriptor sees that it has more to tell. */
static void show_more(const queue *of)
{
    uint64_t count = 1;

    if (of->first != 0)
        (void)!write(of->more, &count, sizeof count);
    else
        (void)!read(of->more, &count, sizeof count);
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int ms_until(int64_t until_ns)
{
    int64_t left_ns = until_ns == INT64_MAX ? INT64_MAX : until_ns - now_ns();

    if (left_ns == INT64_MAX)
        return -1;
    return left_ns <= 0 ? 0 : (int)((left_ns + 999999) / 1000000);
}

/* Not under the lock while it sleeps; nobody but the thread that is here closes a queue. */
static int wait_for_events(int descriptor, event *events, int room, int64_t until_ns)
{
    queue *of = double_queue_at(descriptor);
    struct epoll_event woken;
    int count = -1, saved;

    for (;;) {
        int timeout_ms = until_ns == 0 ? 0 : ms_until(until_ns), ready;

        count = tell_all(of, events, room);
        if (count > 0 || timeout_ms == 0)
            break;
        double_unlock();
        ready = double_epoll_wait(descriptor, &woken, 1, timeout_ms);
        saved = errno;
        double_lock();
        if (ready < 0) {
            errno = saved;
            return -1;
        }
    }
    show_more(of);
    return count;
}

/* The errors come back as events where there is room, or else end the call. */
static int make_changes(queue *of, const event *changes, size_t change_count, event *events, int room)
{
    int told = 0;

    for (size_t i = 0; i < change_count; i++) {
        event change = changes[i]; /* the two lists may be one */
        int error = double_change(of, &change);

        if (error == 0 && (change.flags & EV_RECEIPT) == 0)
            continue;
        if (told < room) {
            events[told] = change;
            events[told].flags = EV_ERROR;
            events[told++].data = error;
        } else if (error != 0) {
            errno = error;
            return -1;
        }
    }
    return told;
}

static int run(int descriptor, const event *changes, size_t change_count, event *events, int room, int64_t until_ns)
{
    queue *of;
    int count;

    double_lock();
    of = double_queue_at(descriptor);
    if (of == NULL) {
        errno = EBADF;
        count = -1;
    } else {
        count = make_changes(of, changes, change_count, events, room);
        if (count == 0 && change_count > 0 && until_ns != 0 && double_has(DOUBLE_EINTR) && ++of->waits % 3 == 0) {
            errno = EINTR;
            count = -1;
        }
        if (count == 0 && room > 0)
            count = wait_for_events(descriptor, events, room, until_ns);
    }
    double_unlock();
    return count;
}

/* A trigger alone may come from a signal handler. */
static bool is_trigger(const event *changes, size_t change_count, int room)
{
#ifdef EVFILT_USER
    return change_count == 1 && room == 0 && changes->filter == EVFILT_USER && (changes->flags & EV_ADD) == 0;
#else
    (void)changes;
    (void)change_count;
    (void)room;
    return false;
#endif
}

static int call(int descriptor, const event *changes, size_t change_count, event *events, int room,
                const struct timespec *timeout, bool immediate)
{
    const queue *of = double_queue_at(descriptor);
    int64_t until_ns = INT64_MAX;

    if (of == NULL || (timeout != NULL && (timeout->tv_nsec < 0 || timeout->tv_nsec > 999999999))) {
        errno = of == NULL ? EBADF : EINVAL;
        return -1;
    }
    if (is_trigger(changes, change_count, room)) {
        int error = double_pull_trigger(of);

        errno = error != 0 ? error : errno;
        return error != 0 ? -1 : 0;
    }
    if (immediate || (timeout != NULL && timeout->tv_sec == 0 && timeout->tv_nsec == 0))
        until_ns = 0;
    else if (timeout != NULL)
        until_ns = now_ns() + (int64_t)timeout->tv_sec * 1000000000 + timeout->tv_nsec;
    return run(descriptor, changes, change_count, events, room, until_ns);
}

#ifdef KEVENT_FLAG_IMMEDIATE
int kevent64(int descriptor, const event *changes, int change_count, event *events, int room, unsigned flags,
             const struct timespec *timeout)
{
    return call(descriptor, changes, (size_t)change_count, events, room, timeout, (flags & KEVENT_FLAG_IMMEDIATE) != 0);
}
#else
#ifdef EVFILT_USER
int kevent(int descriptor, const event *changes, int change_count, event *events, int room,
           const struct timespec *timeout)
#else
int kevent(int descriptor, const event *changes, size_t change_count, event *events, size_t room,
           const struct timespec *timeout)
#endif
{
    return call(descriptor, changes, (size_t)change_count, events, (int)room, timeout, false);
}
#endif
