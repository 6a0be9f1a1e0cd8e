/* SPDX-License-Identifier: Apache-2.0 */
/* What macOS has in this header, as far as a backend needs it, for the double on Linux: structs without padding, kevent64
 * with a flag to poll, and EV_OOBAND. */
#ifndef KQUEUE_DOUBLE_EVENT_H
#define KQUEUE_DOUBLE_EVENT_H

#include <stdint.h>
#include <time.h>

#define EVFILT_READ  (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_USER  (-10)

#define EV_ADD      0x0001
#define EV_DELETE   0x0002
#define EV_ENABLE   0x0004
#define EV_DISABLE  0x0008
#define EV_ONESHOT  0x0010
#define EV_CLEAR    0x0020
#define EV_RECEIPT  0x0040
#define EV_DISPATCH 0x0080
#define EV_OOBAND   0x2000
#define EV_ERROR    0x4000
#define EV_EOF      0x8000

#define NOTE_TRIGGER          0x01000000
#define KEVENT_FLAG_NONE      0x000000
#define KEVENT_FLAG_IMMEDIATE 0x000001

#pragma pack(4)
struct kevent {
    uintptr_t ident;
    int16_t filter;
    uint16_t flags;
    uint32_t fflags;
    intptr_t data;
    void *udata;
};
#pragma pack()

struct kevent64_s {
    uint64_t ident;
    int16_t filter;
    uint16_t flags;
    uint32_t fflags;
    int64_t data;
    uint64_t udata;
    uint64_t ext[2];
};

int kqueue(void);
int kevent64(int queue, const struct kevent64_s *changes, int change_count, struct kevent64_s *events, int room,
             unsigned int flags, const struct timespec *timeout);

#endif
