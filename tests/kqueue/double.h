/* SPDX-License-Identifier: Apache-2.0 */
/* kqueue on Linux, for tests: the backend's source runs unchanged on real sockets, with what real kernels do and Linux does
 * not, and by FIRTH_KQUEUE_MODE - a list with commas - with more of it than any single kernel shows:
 *   no_user       EVFILT_USER is refused: EINVAL
 *   disabled      EV_ADD does not enable
 *   dispatch      EV_ENABLE does not report what is there already (NetBSD 7)
 *   one           no call has more than one event to tell
 *   eintr         each third wait that makes changes is interrupted after them
 *   shuffled      events come in any order, with others that are not true among them
 *   instant       connect ends at once, with success or refusal (OpenBSD)
 *   quiet_errors  an error without bytes before it comes without EV_EOF, and fflags are 0
 *   eaten         the queue takes the socket's error, and only fflags tell of it (libkqueue)
 *   strict        to close a descriptor that has a filter aborts (libkqueue goes on reporting it), and adding a filter once
 *                 more changes nothing
 *   refused       each third addition of a filter fails: ENOMEM
 *   no_buffers    each fifth send fails: ENOBUFS
 *   eprototype    macOS: a send after the connection's end fails with EPROTOTYPE, and getpeername with EINVAL
 *   addresses     the bytes of a datagram's address are counted as data (NetBSD, OpenBSD)
 * Filters are read and write alone, and the one user event has the ident 0. */
#ifndef KQUEUE_DOUBLE_H
#define KQUEUE_DOUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct epoll_event;

typedef enum double_mode {
    DOUBLE_NO_USER,
    DOUBLE_DISABLED,
    DOUBLE_DISPATCH,
    DOUBLE_ONE,
    DOUBLE_EINTR,
    DOUBLE_SHUFFLED,
    DOUBLE_INSTANT,
    DOUBLE_QUIET_ERRORS,
    DOUBLE_EATEN,
    DOUBLE_STRICT,
    DOUBLE_REFUSED,
    DOUBLE_NO_BUFFERS,
    DOUBLE_EPROTOTYPE,
    DOUBLE_ADDRESSES,
    DOUBLE_MODES_
} double_mode;

bool double_has(double_mode mode);

/* A number of chance's below limit; the same ones in each run, or others by FIRTH_KQUEUE_SEED, a number. */
unsigned double_chance(unsigned limit);

enum { DOUBLE_READ, DOUBLE_WRITE, DOUBLE_FILTERS };
enum { DOUBLE_DESCRIPTORS = 1 << 16 };
enum { DOUBLE_NOSIGPIPE = 0x1022 }; /* SO_NOSIGPIPE: macos/silence.h */

/* What a filter of that descriptor would report. */
typedef struct double_look {
    bool is_active;
    bool is_ended;  /* EV_EOF */
    bool is_urgent; /* EV_OOBAND */
    int error;      /* fflags */
    int64_t data;
} double_look;

double_look double_look_at(int descriptor, int filter);

/* What the double itself asks of Linux, by ways on which no test counts calls or makes them fail. */
int double_epoll_wait(int set, struct epoll_event *entries, int count, int timeout_ms);
int double_epoll_ctl(int set, int action, int descriptor, struct epoll_event *entry);
int double_poll(int descriptor, int events, int timeout_ms); /* revents, or 0 */
int double_getsockopt(int native, int level, int name, void *value, size_t size);

/* The longest datagram that the socket sends; 0: Linux decides. */
void double_limit(int native, int bytes);
bool double_is_too_long(int native, size_t size);

/* What NetBSD does not hand on to an accepted socket; its types are told by the user event that they lack. */
void double_lose_options(int native);

/* A descriptor is about to be closed. True if it was a queue, which closes it. */
bool double_close_queue(int descriptor);
void double_drop_filters(int descriptor);

/* Linux reports a socket that was never connected as ended; a BSD does not report it. */
bool double_is_fresh(int descriptor);

/* The error that was taken from the socket to tell it by fflags, and is still to be told by a call; 0: none. */
int double_error(int descriptor);

#endif
