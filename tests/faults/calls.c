/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls, led here on their way from the library to the system. */
#include "tests/faults/faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each call is a function faults_NAME here, and the system's is REAL(NAME). Where the library is a part of the program the
 * linker's --wrap leads the one to the other; where it is a shared library, the program's definition of a name comes
 * before the C library's. */
#ifdef FAULTS_INTERPOSE
#define LEAD(name, type, parameters)                                                                                   \
    type faults_##name parameters __asm__(#name);                                                                      \
    static type(*real_##name) parameters;
#define REAL(name) (find_real(&real_##name, sizeof real_##name, #name), real_##name)

static void find_real(void *real, size_t size, const char *name)
{
    static void *const none;
    void *found;

    if (memcmp(real, &none, size) != 0)
        return;
    found = dlsym(RTLD_NEXT, name);
    if (found == NULL)
        abort();
    memcpy(real, &found, size);
}
#else
#define LEAD(name, type, parameters)                                                                                   \
    type faults_##name parameters __asm__("__wrap_" #name);                                                            \
    type real_##name parameters __asm__("__real_" #name);
#define REAL(name) real_##name
#endif

enum { STORM_EACH = 3, DESCRIPTORS = 8192 };

static faults_site sites[FAULTS_SITES];
static size_t site_count;
static bool watching;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* wakes are written by other threads */

static struct {
    bool armed;
    faults_call call;
    const faults_site *site; /* NULL: any */
    size_t n;
    size_t seen;
    faults_how how;
    int os_code;
    size_t fired;
} fault;

/* What epoll was last asked to report of a descriptor: after a call that lied the report comes again, as it would if the
 * system had told the truth. */
static struct {
    int queue;
    struct epoll_event event;
} registered[DESCRIPTORS];

void faults_watch(bool on)
{
    (void)pthread_mutex_lock(&lock);
    watching = on;
    (void)pthread_mutex_unlock(&lock);
}

const faults_site *faults_site_at(size_t i)
{
    return i < site_count ? &sites[i] : NULL;
}

void faults_forget_counts(void)
{
    for (size_t i = 0; i < site_count; i++)
        sites[i].made = 0;
}

void faults_arm(faults_call call, const faults_site *site, size_t n, faults_how how, int os_code)
{
    memset(&fault, 0, sizeof fault);
    fault.call = call;
    fault.site = site;
    fault.n = n;
    fault.how = how;
    fault.os_code = os_code;
    fault.armed = true;
}

size_t faults_disarm(void)
{
    fault.armed = false;
    return fault.fired;
}

static faults_site *site_of(faults_call call, const void *address)
{
    for (size_t i = 0; i < site_count; i++)
        if (sites[i].call == call && sites[i].address == address)
            return &sites[i];
    if (site_count == FAULTS_SITES)
        return NULL;
    sites[site_count].call = call;
    sites[site_count].address = address;
    return &sites[site_count++];
}

/* Counts the call, and tells whether it is to fail. `possible`: the fault makes sense for these arguments. */
static bool count_and_judge(faults_call call, const void *address, bool possible)
{
    faults_site *site;

    if (!watching)
        return false;
    site = site_of(call, address);
    if (site != NULL)
        site->made++;
    if (!fault.armed || fault.call != call || !possible || (fault.site != NULL && fault.site != site))
        return false;
    fault.seen++;
    if (fault.site != NULL ? fault.seen != fault.n : fault.seen % STORM_EACH != 0)
        return false;
    fault.fired++;
    return true;
}

static bool fails(faults_call call, const void *address, bool possible)
{
    bool failing;

    (void)pthread_mutex_lock(&lock);
    failing = count_and_judge(call, address, possible);
    (void)pthread_mutex_unlock(&lock);
    return failing;
}

/* Asks epoll once more for what it was asked for: EPOLL_CTL_MOD reports what is ready, edge-triggered or not. */
static void report_again(int descriptor);

static int failure(int descriptor)
{
    if (fault.os_code == EAGAIN)
        report_again(descriptor);
    errno = fault.os_code;
    return -1;
}

/* ---- calls that are made or not ---------------------------------------------------------------------------------- */

#define CALL(name, type, parameters, arguments, descriptor)                                                            \
    LEAD(name, type, parameters)                                                                                       \
    type faults_##name parameters                                                                                      \
    {                                                                                                                  \
        if (!fails(FAULTS_##name, __builtin_return_address(0), true))                                                  \
            return REAL(name) arguments;                                                                               \
        if (fault.how == FAULTS_AFTER)                                                                                 \
            (void)REAL(name) arguments;                                                                                \
        return failure(descriptor);                                                                                    \
    }

CALL(accept4, int, (int native, struct sockaddr *address, socklen_t *size, int flags), (native, address, size, flags),
     native)
CALL(recvfrom, ssize_t, (int native, void *bytes, size_t size, int flags, struct sockaddr *from, socklen_t *from_size),
     (native, bytes, size, flags, from, from_size), native)
CALL(sendto, ssize_t,
     (int native, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t to_size),
     (native, bytes, size, flags, to, to_size), native)
CALL(socket, int, (int domain, int type, int protocol), (domain, type, protocol), -1)
CALL(bind, int, (int native, const struct sockaddr *address, socklen_t size), (native, address, size), native)
CALL(listen, int, (int native, int backlog), (native, backlog), native)
CALL(getsockopt, int, (int native, int level, int name, void *value, socklen_t *size),
     (native, level, name, value, size), native)
CALL(getsockname, int, (int native, struct sockaddr *address, socklen_t *size), (native, address, size), native)
CALL(getpeername, int, (int native, struct sockaddr *address, socklen_t *size), (native, address, size), native)
CALL(shutdown, int, (int native, int how), (native, how), native)
CALL(close, int, (int native), (native), -1)
CALL(epoll_create1, int, (int flags), (flags), -1)
CALL(eventfd, int, (unsigned count, int flags), (count, flags), -1)
CALL(read, ssize_t, (int native, void *bytes, size_t size), (native, bytes, size), -1)
CALL(write, ssize_t, (int native, const void *bytes, size_t size), (native, bytes, size), -1)
CALL(pipe2, int, (int ends[2], int flags), (ends, flags), -1)
CALL(lstat, int, (const char *path, struct stat *found), (path, found), -1)
CALL(unlink, int, (const char *path), (path), -1)
CALL(chmod, int, (const char *path, mode_t mode), (path, mode), -1)
CALL(fchmod, int, (int native, mode_t mode), (native, mode), -1)
CALL(poll, int, (struct pollfd * entries, nfds_t count, int timeout_ms), (entries, count, timeout_ms), -1)

static int type_of(int native)
{
    int type = 0;
    socklen_t size = sizeof type;

    return REAL(getsockopt)(native, SOL_SOCKET, SO_TYPE, &type, &size) == 0 ? type : 0;
}

/* A connect to a path is over at once: no signal interrupts it and no route is looked for. But a listener's backlog may be
 * full (unix(7)), of which there is none between datagram sockets. */
static bool can_connect_fail(int native, const struct sockaddr *address)
{
    bool of_paths_alone = fault.os_code == EAGAIN || fault.os_code == ENOMEM;

    if ((address->sa_family == AF_UNIX) != of_paths_alone)
        return false;
    return fault.os_code != EAGAIN || type_of(native) == SOCK_STREAM;
}

LEAD(connect, int, (int native, const struct sockaddr *address, socklen_t size))
int faults_connect(int native, const struct sockaddr *address, socklen_t size)
{
    if (!fails(FAULTS_connect, __builtin_return_address(0), can_connect_fail(native, address)))
        return REAL(connect)(native, address, size);
    if (fault.how == FAULTS_AFTER)
        (void)REAL(connect)(native, address, size);
    return failure(native);
}

/* Setting SO_LINGER takes no memory (Linux, sk_setsockopt), and whoever resets a connection has no other way to say so:
 * that one does not fail here. */
LEAD(setsockopt, int, (int native, int level, int name, const void *value, socklen_t size))
int faults_setsockopt(int native, int level, int name, const void *value, socklen_t size)
{
    if (fails(FAULTS_setsockopt, __builtin_return_address(0), level != SOL_SOCKET || name != SO_LINGER))
        return failure(native);
    return REAL(setsockopt)(native, level, name, value, size);
}

LEAD(fcntl, int, (int native, int command, ...))
int faults_fcntl(int native, int command, ...)
{
    va_list arguments;
    int argument;

    va_start(arguments, command);
    argument = va_arg(arguments, int);
    va_end(arguments);
    return fails(FAULTS_fcntl, __builtin_return_address(0), true) ? failure(-1)
                                                                  : REAL(fcntl)(native, command, argument);
}

/* ---- transfers: short counts ------------------------------------------------------------------------------------- */

/* A count that lies is followed by a report of what is left, as from the system. */
#define TRANSFER(name, bytes_type)                                                                                     \
    LEAD(name, ssize_t, (int native, bytes_type bytes, size_t size, int flags))                                        \
    ssize_t faults_##name(int native, bytes_type bytes, size_t size, int flags)                                        \
    {                                                                                                                  \
        ssize_t n;                                                                                                     \
        if (!fails(FAULTS_##name, __builtin_return_address(0), fault.how != FAULTS_SHORT || size > 1))                 \
            return REAL(name)(native, bytes, size, flags);                                                             \
        if (fault.how != FAULTS_SHORT)                                                                                 \
            return failure(native);                                                                                    \
        n = REAL(name)(native, bytes, (size + 1) / 2 < 7 ? (size + 1) / 2 : 7, flags);                                 \
        report_again(native);                                                                                          \
        return n;                                                                                                      \
    }

TRANSFER(recv, void *)
TRANSFER(send, const void *)

/* No system cuts a datagram short but where its memory ends. And what is asked for a queue of errors is there or not: it
 * takes no memory (Linux, sock_dequeue_err_skb). */
static bool can_fail(int native, const struct msghdr *message, int flags)
{
    if (fault.how != FAULTS_SHORT)
        return (flags & MSG_ERRQUEUE) == 0;
    return message->msg_iovlen > 0 && type_of(native) == SOCK_STREAM;
}

/* The first piece alone, and not all of that. */
#define GATHERED(name, message_type)                                                                                   \
    LEAD(name, ssize_t, (int native, message_type message, int flags))                                                 \
    ssize_t faults_##name(int native, message_type message, int flags)                                                 \
    {                                                                                                                  \
        struct msghdr less = *message;                                                                                 \
        struct iovec first;                                                                                            \
        ssize_t n;                                                                                                     \
        if (!fails(FAULTS_##name, __builtin_return_address(0), can_fail(native, message, flags)))                      \
            return REAL(name)(native, message, flags);                                                                 \
        if (fault.how != FAULTS_SHORT)                                                                                 \
            return failure(native);                                                                                    \
        first = less.msg_iov[0];                                                                                       \
        first.iov_len = (first.iov_len + 1) / 2;                                                                       \
        less.msg_iov = &first;                                                                                         \
        less.msg_iovlen = 1;                                                                                           \
        n = REAL(name)(native, &less, flags);                                                                          \
        report_again(native);                                                                                          \
        return n;                                                                                                      \
    }

GATHERED(recvmsg, struct msghdr *)
GATHERED(sendmsg, const struct msghdr *)

/* The first of the datagrams alone. */
LEAD(recvmmsg, int, (int native, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout))
int faults_recvmmsg(int native, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
    int n;

    if (!fails(FAULTS_recvmmsg, __builtin_return_address(0), true))
        return REAL(recvmmsg)(native, messages, count, flags, timeout);
    if (fault.how != FAULTS_SHORT)
        return failure(native);
    n = REAL(recvmmsg)(native, messages, 1, flags, timeout);
    report_again(native);
    return n;
}

LEAD(sendmmsg, int, (int native, struct mmsghdr *messages, unsigned count, int flags))
int faults_sendmmsg(int native, struct mmsghdr *messages, unsigned count, int flags)
{
    if (!fails(FAULTS_sendmmsg, __builtin_return_address(0), true))
        return REAL(sendmmsg)(native, messages, count, flags);
    if (fault.how != FAULTS_SHORT)
        return failure(native);
    return REAL(sendmmsg)(native, messages, 1, flags);
}

/* ---- epoll ------------------------------------------------------------------------------------------------------- */

LEAD(epoll_ctl, int, (int queue, int action, int native, struct epoll_event *event))

/* Fails for a descriptor that was closed without being taken out of the queue before; errno is the call's own. */
static void report_again(int descriptor)
{
    int kept = errno;

    if (descriptor >= 0 && descriptor < DESCRIPTORS && registered[descriptor].event.events != 0)
        (void)REAL(epoll_ctl)(registered[descriptor].queue, EPOLL_CTL_MOD, descriptor, &registered[descriptor].event);
    errno = kept;
}

/* Only an addition takes memory and may fail for want of it (Linux, ep_insert; ep_modify and ep_remove allocate
 * nothing). */
int faults_epoll_ctl(int queue, int action, int native, struct epoll_event *event)
{
    if (fails(FAULTS_epoll_ctl, __builtin_return_address(0), action == EPOLL_CTL_ADD))
        return failure(-1);
    if (native >= 0 && native < DESCRIPTORS) {
        registered[native].queue = queue;
        registered[native].event = *event;
        if (action == EPOLL_CTL_DEL)
            registered[native].event.events = 0;
    }
    return REAL(epoll_ctl)(queue, action, native, event);
}

LEAD(epoll_wait, int, (int queue, struct epoll_event *events, int count, int timeout_ms))
int faults_epoll_wait(int queue, struct epoll_event *events, int count, int timeout_ms)
{
    if (!fails(FAULTS_epoll_wait, __builtin_return_address(0), true))
        return REAL(epoll_wait)(queue, events, count, timeout_ms);
    return fault.how == FAULTS_SHORT ? REAL(epoll_wait)(queue, events, 1, timeout_ms) : failure(-1);
}
