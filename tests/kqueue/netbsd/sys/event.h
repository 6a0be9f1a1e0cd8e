/* SPDX-License-Identifier: Apache-2.0 */
/* What NetBSD before 10 has in this header, as far as a backend needs it, for the double on Linux: filters are no signed
 * numbers and EVFILT_READ is 0, udata is no pointer, counts are size_t, and there is no EVFILT_USER. */
#ifndef KQUEUE_DOUBLE_EVENT_H
#define KQUEUE_DOUBLE_EVENT_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define EVFILT_READ  0U
#define EVFILT_WRITE 1U

#define EV_ADD      0x0001U
#define EV_DELETE   0x0002U
#define EV_ENABLE   0x0004U
#define EV_DISABLE  0x0008U
#define EV_ONESHOT  0x0010U
#define EV_CLEAR    0x0020U
#define EV_RECEIPT  0x0040U
#define EV_DISPATCH 0x0080U
#define EV_ERROR    0x4000U
#define EV_EOF      0x8000U

struct kevent {
    uintptr_t ident;
    uint32_t filter;
    uint32_t flags;
    uint32_t fflags;
    int64_t data;
    intptr_t udata;
};

int kqueue(void);
int kevent(int queue, const struct kevent *changes, size_t change_count, struct kevent *events, size_t room,
           const struct timespec *timeout);

#endif
