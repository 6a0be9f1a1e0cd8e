/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls of the backend, counted and failed at will: linked with --wrap. */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#ifdef FIRTH_TEST_KQUEUE
#include <sys/event.h>
#endif

#include "tests/backends/host.h"

static struct {
    atomic_int made, fail_times; /* a wake may be a call of another thread's */
    int fail_os_code;
    bool fail_after;
    atomic_size_t last_size;
} calls[HOST_CALLS_];

int host_calls(host_call call)
{
    return calls[call].made;
}

int host_calls_total(void)
{
    int total = 0, i;

    for (i = 0; i < HOST_CALLS_; i++)
        total += calls[i].made;
    return total;
}

void host_calls_reset(void)
{
    memset(calls, 0, sizeof calls);
}

void host_call_fail(host_call call, int os_code, int times)
{
    calls[call].fail_os_code = os_code;
    calls[call].fail_times = times;
    calls[call].fail_after = false;
}

void host_call_made_but_fail(host_call call, int os_code)
{
    host_call_fail(call, os_code, 1);
    calls[call].fail_after = true;
}

size_t host_call_size(host_call call)
{
    return calls[call].last_size;
}

host_call host_wait_call(void)
{
    if (host_backend_is("kqueue"))
        return HOST_KEVENT;
    return host_backend_is("poll") ? HOST_POLL : HOST_EPOLL_WAIT;
}

const char *host_wait_step(void)
{
    if (host_backend_is("kqueue"))
        return "kevent";
    return host_backend_is("poll") ? "poll" : "epoll_wait";
}

static bool fails(host_call call, size_t size)
{
    calls[call].made++;
    calls[call].last_size = size;
    return calls[call].fail_times > 0;
}

static int failure(host_call call)
{
    calls[call].fail_times--;
    errno = calls[call].fail_os_code;
    return -1;
}

static size_t size_of(const struct msghdr *message)
{
    size_t total = 0, i;

    for (i = 0; i < message->msg_iovlen; i++)
        total += message->msg_iov[i].iov_len;
    return total;
}

#define WRAP(call, type, name, parameters, arguments, bytes)                                                           \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters                                                                                      \
    {                                                                                                                  \
        if (!fails(call, bytes))                                                                                       \
            return __real_##name arguments;                                                                            \
        if (calls[call].fail_after)                                                                                    \
            (void)__real_##name arguments;                                                                             \
        return failure(call);                                                                                          \
    }

WRAP(HOST_RECV, ssize_t, recv, (int native, void *bytes, size_t size, int flags), (native, bytes, size, flags), size)
WRAP(HOST_RECVFROM, ssize_t, recvfrom,
     (int native, void *bytes, size_t size, int flags, struct sockaddr *from, socklen_t *from_size),
     (native, bytes, size, flags, from, from_size), size)
WRAP(HOST_RECVMMSG, int, recvmmsg,
     (int native, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout),
     (native, messages, count, flags, timeout), count)
WRAP(HOST_SENDTO, ssize_t, sendto,
     (int native, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t to_size),
     (native, bytes, size, flags, to, to_size), size)
WRAP(HOST_SENDMMSG, int, sendmmsg, (int native, struct mmsghdr *messages, unsigned count, int flags),
     (native, messages, count, flags), count)
WRAP(HOST_RECVMSG, ssize_t, recvmsg, (int native, struct msghdr *message, int flags), (native, message, flags),
     size_of(message))
WRAP(HOST_SEND, ssize_t, send, (int native, const void *bytes, size_t size, int flags), (native, bytes, size, flags),
     size)
WRAP(HOST_SENDMSG, ssize_t, sendmsg, (int native, const struct msghdr *message, int flags), (native, message, flags),
     size_of(message))
WRAP(HOST_ACCEPT, int, accept4, (int native, struct sockaddr *address, socklen_t *size, int flags),
     (native, address, size, flags), 0)
WRAP(HOST_ACCEPT, int, accept, (int native, struct sockaddr *address, socklen_t *size), (native, address, size), 0)
WRAP(HOST_CONNECT, int, connect, (int native, const struct sockaddr *address, socklen_t size), (native, address, size),
     0)
WRAP(HOST_GETSOCKOPT, int, getsockopt, (int native, int level, int name, void *value, socklen_t *size),
     (native, level, name, value, size), 0)
WRAP(HOST_SETSOCKOPT, int, setsockopt, (int native, int level, int name, const void *value, socklen_t size),
     (native, level, name, value, size), 0)
WRAP(HOST_EPOLL_CTL, int, epoll_ctl, (int queue, int action, int native, struct epoll_event *event),
     (queue, action, native, event), 0)
WRAP(HOST_EPOLL_WAIT, int, epoll_wait, (int queue, struct epoll_event *events, int count, int timeout_ms),
     (queue, events, count, timeout_ms), 0)
WRAP(HOST_POLL, int, poll, (struct pollfd * entries, nfds_t count, int timeout_ms), (entries, count, timeout_ms), 0)

#if defined(FIRTH_TEST_KQUEUE) && defined(KEVENT_FLAG_IMMEDIATE)
WRAP(HOST_KEVENT, int, kevent64,
     (int queue, const struct kevent64_s *changes, int change_count, struct kevent64_s *events, int room,
      unsigned flags, const struct timespec *timeout),
     (queue, changes, change_count, events, room, flags, timeout), 0)
#elif defined(FIRTH_TEST_KQUEUE)
#ifdef EVFILT_USER
typedef int count_type;
#else
typedef size_t count_type; /* NetBSD */
#endif
WRAP(HOST_KEVENT, int, kevent,
     (int queue, const struct kevent *changes, count_type change_count, struct kevent *events, count_type room,
      const struct timespec *timeout),
     (queue, changes, change_count, events, room, timeout), 0)
#endif
