/* SPDX-License-Identifier: Apache-2.0 */
/* kqueue(), and the changes that kevent() makes. A queue is an epoll set of two more, one for each filter, edge-triggered: they tell which filters
 * are to be looked at, as a wake-up in a BSD kernel does, and a look tells what is reported. */
#include "tests/kqueue/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static queue *queues;
static _Atomic(queue *) by_descriptor[DOUBLE_DESCRIPTORS];

/* ---- opening and closing ----------------------------------------------------------------------------------------- */

static void discard(queue *of)
{
    queue **link = &queues;

    while (*link != of)
        link = &(*link)->next;
    *link = of->next;
    if (of->descriptor >= 0)
        atomic_store(&by_descriptor[of->descriptor], NULL);
    for (int i = 0; i < DOUBLE_FILTERS; i++)
        if (of->sets[i] >= 0)
            (void)close(of->sets[i]);
    if (of->user >= 0)
        (void)close(of->user);
    if (of->more >= 0)
        (void)close(of->more);
    if (of->descriptor >= 0)
        (void)close(of->descriptor);
    free(of->filters);
    free(of);
}

/* A child process inherits no queue. */
void double_lock(void)
{
    (void)pthread_mutex_lock(&lock);
}
void double_unlock(void)
{
    (void)pthread_mutex_unlock(&lock);
}
static void become_child(void)
{
    while (queues != NULL)
        discard(queues);
    double_unlock();
}
static void prepare_once(void)
{
    (void)pthread_atfork(double_lock, double_unlock, become_child);
}

static bool add_to(int set, int descriptor)
{
    struct epoll_event entry = {.events = EPOLLIN};

    return descriptor >= 0 && double_epoll_ctl(set, EPOLL_CTL_ADD, descriptor, &entry) == 0;
}

/* One number for each, whether the descriptor is there or not. */
static bool open_all(queue *of)
{
    of->sets[DOUBLE_READ] = of->sets[DOUBLE_WRITE] = of->user = of->more = -1;
    of->descriptor = epoll_create1(0); /* a program started by exec would inherit it, but on macOS */
    if (of->descriptor < 0 || of->descriptor >= DOUBLE_DESCRIPTORS)
        return false;
    of->sets[DOUBLE_READ] = epoll_create1(EPOLL_CLOEXEC);
    of->sets[DOUBLE_WRITE] = epoll_create1(EPOLL_CLOEXEC);
    of->user = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    of->more = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return add_to(of->descriptor, of->sets[DOUBLE_READ]) && add_to(of->descriptor, of->sets[DOUBLE_WRITE]) &&
           add_to(of->descriptor, of->user) && add_to(of->descriptor, of->more);
}

int kqueue(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    queue *made = calloc(1, sizeof *made);
    int descriptor = -1, saved;

    (void)pthread_once(&once, prepare_once);
    if (made == NULL)
        return -1;
    double_lock();
    made->next = queues;
    queues = made;
    if (open_all(made)) {
        descriptor = made->descriptor;
        atomic_store(&by_descriptor[descriptor], made);
    } else {
        saved = errno;
        discard(made);
        errno = saved;
    }
    double_unlock();
    return descriptor;
}

queue *double_queue_at(int descriptor)
{
    return descriptor >= 0 && descriptor < DOUBLE_DESCRIPTORS ? atomic_load(&by_descriptor[descriptor]) : NULL;
}

bool double_close_queue(int descriptor)
{
    queue *found;

    double_lock();
    found = double_queue_at(descriptor);
    if (found != NULL)
        discard(found);
    double_unlock();
    return found != NULL;
}

/* ---- filters ----------------------------------------------------------------------------------------------------- */

filter *double_filter_at(const queue *of, int descriptor, int kind)
{
    uint32_t place = (uint32_t)descriptor * DOUBLE_FILTERS + (uint32_t)kind;

    return place < of->capacity ? &of->filters[place] : NULL;
}

void double_stand_in_line(queue *of, filter *joins)
{
    uint32_t place = (uint32_t)(joins - of->filters);

    if (joins->is_waiting)
        return;
    joins->is_waiting = true;
    joins->next = 0;
    if (of->first == 0)
        of->first = place;
    else
        of->filters[of->last].next = place;
    of->last = place;
}

filter *double_leave_line(queue *of)
{
    filter *leaves = &of->filters[of->first];

    of->first = leaves->next;
    leaves->is_waiting = false;
    return leaves;
}

static bool has_room(queue *of, int descriptor)
{
    uint32_t wanted = ((uint32_t)descriptor + 1) * DOUBLE_FILTERS, capacity = of->capacity == 0 ? 64 : of->capacity;
    filter *larger;

    while (capacity < wanted)
        capacity *= 2;
    if (capacity == of->capacity)
        return true;
    larger = realloc(of->filters, capacity * sizeof *larger);
    if (larger == NULL)
        return false;
    memset(larger + of->capacity, 0, (capacity - of->capacity) * sizeof *larger);
    of->filters = larger;
    of->capacity = capacity;
    return true;
}

static int watch(const queue *of, int descriptor, int kind, int action)
{
    struct epoll_event entry = {.events = EPOLLET | (kind == DOUBLE_READ ? EPOLLIN | EPOLLRDHUP | EPOLLPRI : EPOLLOUT),
                                .data.fd = descriptor};

    return double_epoll_ctl(of->sets[kind], action, descriptor, &entry) == 0 ? 0 : errno;
}

static int add(queue *of, int descriptor, int kind, const event *change)
{
    filter *to;
    int error;

    if (fcntl(descriptor, F_GETFD) < 0)
        return EBADF;
    if (!has_room(of, descriptor) || (double_has(DOUBLE_REFUSED) && double_chance(3) == 0))
        return ENOMEM;
    to = double_filter_at(of, descriptor, kind);
    if (to->is_there && double_has(DOUBLE_STRICT))
        return 0;
    error = watch(of, descriptor, kind, to->is_there ? EPOLL_CTL_MOD : EPOLL_CTL_ADD);
    if (error == EEXIST) /* closed elsewhere, and open again */
        error = watch(of, descriptor, kind, EPOLL_CTL_MOD);
    if (error != 0)
        return error;
    if (!to->is_there)
        to->is_enabled = !double_has(DOUBLE_DISABLED) && (change->flags & EV_DISABLE) == 0;
    to->is_there = true;
    to->udata = (uint64_t)(uintptr_t)change->udata;
    to->is_cleared = (change->flags & EV_CLEAR) != 0;
    to->is_once = (change->flags & EV_ONESHOT) != 0;
    to->is_dispatched = (change->flags & EV_DISPATCH) != 0;
    return 0;
}

static int drop(const queue *of, int descriptor, int kind)
{
    filter *from = double_filter_at(of, descriptor, kind);

    if (from == NULL || !from->is_there)
        return ENOENT;
    from->is_there = false;
    (void)watch(of, descriptor, kind, EPOLL_CTL_DEL);
    return 0;
}

void double_drop_filters(int descriptor)
{
    double_lock();
    for (const queue *of = queues; of != NULL && descriptor >= 0; of = of->next)
        for (int kind = 0; kind < DOUBLE_FILTERS; kind++)
            if (drop(of, descriptor, kind) == 0 && double_has(DOUBLE_STRICT)) {
                (void)fprintf(stderr, "kqueue double: descriptor %d is closed with a filter on it\n", descriptor);
                abort();
            }
    double_unlock();
}

void double_drop(const queue *of, int descriptor, int kind)
{
    (void)drop(of, descriptor, kind);
}

static int change_filter(queue *of, int descriptor, int kind, const event *change)
{
    filter *to;
    int error = 0;

    if ((change->flags & EV_ADD) != 0)
        error = add(of, descriptor, kind, change);
    if (error != 0)
        return error;
    if ((change->flags & EV_DELETE) != 0)
        return drop(of, descriptor, kind);
    to = double_filter_at(of, descriptor, kind);
    if (to == NULL || !to->is_there)
        return ENOENT;
    if ((change->flags & EV_DISABLE) != 0)
        to->is_enabled = false;
    if ((change->flags & EV_ENABLE) != 0) {
        to->is_enabled = true;
        if (!double_has(DOUBLE_DISPATCH))
            double_stand_in_line(of, to);
    }
    return 0;
}

int double_pull_trigger(const queue *of)
{
    const uint64_t one = 1;

    if (!atomic_load(&of->has_user))
        return ENOENT;
    (void)!write(of->user, &one, sizeof one); /* full is as good */
    return 0;
}

static int change_user(queue *of, const event *change)
{
#ifdef EVFILT_USER
    if (double_has(DOUBLE_NO_USER))
        return EINVAL;
    if ((change->flags & EV_ADD) != 0) {
        of->user_udata = (uint64_t)(uintptr_t)change->udata;
        atomic_store(&of->has_user, true);
    }
    return (change->fflags & NOTE_TRIGGER) != 0 ? double_pull_trigger(of) : 0;
#else
    (void)of;
    (void)change;
    return EINVAL;
#endif
}

int double_change(queue *of, const event *change)
{
    if (change->filter == EVFILT_READ)
        return change_filter(of, (int)change->ident, DOUBLE_READ, change);
    if (change->filter == EVFILT_WRITE)
        return change_filter(of, (int)change->ident, DOUBLE_WRITE, change);
    return change_user(of, change);
}
