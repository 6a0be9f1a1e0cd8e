/* SPDX-License-Identifier: Apache-2.0 */
/* struct kevent, which is not the same on any two systems: how it is filled and handed over. */
#ifndef FTH_KQUEUE_EVENT_H
#define FTH_KQUEUE_EVENT_H

#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include <sys/event.h>
#include <sys/time.h>
#include <time.h>

#include "backends/readiness/poller.h"

/* macOS: kevent sleeps for some 12 us even with a timeout of zero, and kevent64 can be told not to (libuv #5032).
 * Test: the_timeout_is_handed_over_and_none_is_immediate_where_that_is_known. */
#ifdef KEVENT_FLAG_IMMEDIATE
typedef struct kevent64_s fth_event;
#else
typedef struct kevent fth_event;
#endif
/* macOS alone tells of urgent data. Elsewhere there may always be some, and the count of bytes shows it: see poller.h.
 * Test: urgent_data_does_not_hide_what_follows. */
#ifndef EV_OOBAND
#define EV_OOBAND 0
#endif

enum { FTH_SLOT_BITS = UINTPTR_MAX > UINT32_MAX ? 32 : 24 };
static const uint64_t fth_slot_mask = ((uint64_t)1 << FTH_SLOT_BITS) - 1;

/* The counts are int here and size_t there (NetBSD); 16 bits become either. */
static inline int fth_kevent(int queue, const fth_event *changes, uint16_t change_count, fth_event *events,
                             uint16_t room, int timeout_ms)
{
    const struct timespec limit = {.tv_sec = timeout_ms / 1000, .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    const struct timespec *until = timeout_ms < 0 ? NULL : &limit;

#ifdef KEVENT_FLAG_IMMEDIATE
    return kevent64(queue, changes, change_count, events, room, timeout_ms == 0 ? KEVENT_FLAG_IMMEDIATE : 0u, until);
#else
    return kevent(queue, changes, change_count, events, room, until);
#endif
}

/* udata is as wide as a pointer: all of a token, or 8 bits of its generation and 24 of its slot.
 * Test: a_tag_tells_the_slot_and_the_generation. */
static inline uintptr_t fth_event_tag(uint64_t token)
{
    return (uintptr_t)(token >> 32 << FTH_SLOT_BITS | (token & fth_slot_mask));
}

/* Types and numbers differ: a filter is a short or a uint32_t, udata a pointer or a number (NetBSD before 10), and
 * FreeBSD 12 has fields of its own, so all is zeroed. Test: an_event_is_filled_and_nothing_else_is_in_it, of each layout. */
static inline void fth_event_fill(fth_event *change, int descriptor, __typeof__(((fth_event *)0)->filter) filter,
                                  unsigned flags, uint64_t token)
{
    memset(change, 0, sizeof *change);
    change->ident = (uintptr_t)descriptor;
    change->filter = filter;
    change->flags = (__typeof__(change->flags))flags;
    change->udata = (__typeof__(change->udata))fth_event_tag(token);
}

/* EVFILT_USER came with macOS 10.6, FreeBSD 8.1 and NetBSD 10; an older kernel says EINVAL, whatever the headers know.
 * So it is added, rung and has to be heard: `first`. 0, or -1 with errno. Test: the mode "no_user". */
static inline int fth_event_ring(int queue, uint64_t token, bool first)
{
#ifdef EVFILT_USER
    fth_event changes[2], event;

    fth_event_fill(&changes[0], 0, EVFILT_USER, EV_ADD | EV_CLEAR, token);
    fth_event_fill(&changes[1], 0, EVFILT_USER, 0, token);
    changes[1].fflags = NOTE_TRIGGER;
    if (!first)
        return fth_kevent(queue, &changes[1], 1, NULL, 0, 0);
    return fth_kevent(queue, changes, 2, &event, 1, 0) == 1 && (event.flags & EV_ERROR) == 0 ? 0 : -1;
#else
    (void)queue;
    (void)token;
    (void)first;
    return -1;
#endif
}

/* EV_EOF does not say that there are no bytes, and on the write filter it also follows our own shutdown. fflags is the
 * socket's error until a call takes it. An error may come without EV_EOF, and with data 0 (a connected UDP socket's): the
 * next call finds it. Tests: the modes "quiet_errors" and "eaten". */
static inline unsigned fth_event_ready(const fth_event *event)
{
    const bool ended = (event->flags & EV_EOF) != 0, is_read = event->filter == EVFILT_READ;
    unsigned ready = is_read ? FTH_READABLE : FTH_WRITABLE;

    if (ended && is_read)
        ready |= FTH_HANGUP;
    if (ended && event->fflags != 0)
        ready |= FTH_READABLE | FTH_HANGUP | (unsigned)event->fflags << FTH_ERROR_SHIFT;
    if (is_read && (EV_OOBAND == 0 || (event->flags & EV_OOBAND) != 0))
        ready |= FTH_URGENT;
    return ready;
}

#endif
