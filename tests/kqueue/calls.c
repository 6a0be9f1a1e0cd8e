/* SPDX-License-Identifier: Apache-2.0 */
/* The library's system calls, led here by redirect.h: what a BSD's do and Linux's do not. */
#include "tests/kqueue/double.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int double_epoll_wait(int set, struct epoll_event *entries, int count, int timeout_ms)
{
    return epoll_pwait(set, entries, count, timeout_ms, NULL);
}

int double_epoll_ctl(int set, int action, int descriptor, struct epoll_event *entry)
{
    return (int)syscall(SYS_epoll_ctl, set, action, descriptor, entry);
}

int double_poll(int descriptor, int events, int timeout_ms)
{
    struct pollfd entry = {.fd = descriptor, .events = (short)events};
    const struct timespec timeout = {.tv_nsec = timeout_ms * 1000000L};

    return ppoll(&entry, 1, &timeout, NULL) == 1 ? entry.revents : 0;
}

int double_getsockopt(int native, int level, int name, void *value, size_t size)
{
    socklen_t length = (socklen_t)size;

    return (int)syscall(SYS_getsockopt, native, level, name, value, &length);
}

static atomic_int errors[DOUBLE_DESCRIPTORS];
static atomic_bool fresh[DOUBLE_DESCRIPTORS];
static atomic_bool silent[DOUBLE_DESCRIPTORS]; /* has SO_NOSIGPIPE */

static bool is_known(int descriptor)
{
    return descriptor >= 0 && descriptor < DOUBLE_DESCRIPTORS;
}

static void begin(int descriptor, bool is_fresh)
{
    if (!is_known(descriptor))
        return;
    atomic_store(&errors[descriptor], 0);
    atomic_store(&fresh[descriptor], is_fresh);
}

static void silence(int descriptor, bool is_silent)
{
    if (is_known(descriptor))
        atomic_store(&silent[descriptor], is_silent);
}

/* Without either of the two that ask for silence, Linux raises the signal as a BSD does. */
static int send_flags(int native, int flags)
{
    return is_known(native) && atomic_load(&silent[native]) ? flags | MSG_NOSIGNAL : flags;
}

bool double_is_fresh(int descriptor)
{
    return is_known(descriptor) && atomic_load(&fresh[descriptor]);
}

static int take_error(int descriptor)
{
    return is_known(descriptor) ? atomic_exchange(&errors[descriptor], 0) : 0;
}

int double_error(int descriptor)
{
    int error = 0;

    if (!is_known(descriptor))
        return 0;
    if (double_getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, sizeof error) == 0 && error != 0) {
        if (double_has(DOUBLE_EATEN))
            return error;
        atomic_store(&errors[descriptor], error);
    }
    return atomic_load(&errors[descriptor]);
}

/* ---- the calls --------------------------------------------------------------------------------------------------- */

int kqueue_double_socket(int domain, int type, int protocol);
int kqueue_double_socket(int domain, int type, int protocol)
{
    int native = socket(domain, type, protocol);

    begin(native, (type & 0xff) == SOCK_STREAM);
    double_limit(native, domain != AF_UNIX && (type & 0xff) == SOCK_DGRAM ? 9216 : 0);
    silence(native, false);
    return native;
}

int kqueue_double_close(int descriptor);
int kqueue_double_close(int descriptor)
{
    if (double_close_queue(descriptor))
        return 0;
    double_drop_filters(descriptor);
    begin(descriptor, false);
    silence(descriptor, false);
    return close(descriptor);
}

int kqueue_double_listen(int native, int backlog);
int kqueue_double_listen(int native, int backlog)
{
    begin(native, false);
    return listen(native, backlog);
}

/* An accepted socket has its listener's O_NONBLOCK, and not its SO_NOSIGPIPE, which XNU hands on and nobody promises. */
int kqueue_double_accept(int listener, struct sockaddr *address, socklen_t *size);
int kqueue_double_accept(int listener, struct sockaddr *address, socklen_t *size)
{
    int native = accept(listener, address, size);

    begin(native, false);
    silence(native, false);
    if (native >= 0)
        double_lose_options(native);
    if (native >= 0 && (fcntl(listener, F_GETFL) & O_NONBLOCK) != 0)
        (void)fcntl(native, F_SETFL, O_NONBLOCK);
    return native;
}

int kqueue_double_connect(int native, const struct sockaddr *address, socklen_t size);
int kqueue_double_connect(int native, const struct sockaddr *address, socklen_t size)
{
    int rc = connect(native, address, size), error = 0, saved;

    begin(native, false);
    if (rc == 0 || errno != EINPROGRESS || !double_has(DOUBLE_INSTANT))
        return rc;
    saved = errno;
    if (double_poll(native, POLLOUT, 10) != 0 &&
        double_getsockopt(native, SOL_SOCKET, SO_ERROR, &error, sizeof error) == 0) {
        errno = error;
        return error == 0 ? 0 : -1;
    }
    errno = saved;
    return -1;
}

int kqueue_double_getsockopt(int native, int level, int name, void *value, socklen_t *size);
int kqueue_double_getsockopt(int native, int level, int name, void *value, socklen_t *size)
{
    int rc = getsockopt(native, level, name, value, size);

    if (rc == 0 && level == SOL_SOCKET && name == SO_ERROR && *size == sizeof(int) && *(int *)value == 0)
        *(int *)value = take_error(native);
    return rc;
}

static bool is_datagram(int native)
{
    int type = 0;

    return double_getsockopt(native, SOL_SOCKET, SO_TYPE, &type, sizeof type) == 0 && type == SOCK_DGRAM;
}

/* FreeBSD and macOS leave no interface of RFC 3678 to the routes. */
static bool wants_interface(int level, int name, const void *request)
{
    uint32_t interface_index;

    if ((level != IPPROTO_IP && level != IPPROTO_IPV6) ||
        (name != MCAST_JOIN_GROUP && name != MCAST_LEAVE_GROUP && name != MCAST_JOIN_SOURCE_GROUP &&
         name != MCAST_LEAVE_SOURCE_GROUP))
        return false;
    memcpy(&interface_index, request, sizeof interface_index); /* the first field of both */
    return interface_index == 0;
}

int kqueue_double_setsockopt(int native, int level, int name, const void *value, socklen_t size);
int kqueue_double_setsockopt(int native, int level, int name, const void *value, socklen_t size)
{
    if (wants_interface(level, name, value)) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    if (level == SOL_SOCKET && name == SO_SNDBUF && is_datagram(native) && double_is_too_long(native, INT_MAX))
        double_limit(native, *(const int *)value);
    if (level != SOL_SOCKET || name != DOUBLE_NOSIGPIPE)
        return setsockopt(native, level, name, value, size);
    silence(native, *(const int *)value != 0);
    return 0;
}

/* More than an int tells in one call is an error, however little there is room for. */
static bool is_too_much(size_t size)
{
    if (size <= INT_MAX)
        return false;
    errno = EINVAL;
    return true;
}

static size_t size_of(const struct msghdr *message)
{
    size_t size = 0;

    for (size_t i = 0; i < message->msg_iovlen; i++)
        size += message->msg_iov[i].iov_len;
    return size;
}

/* After the bytes, and once. */
static ssize_t received(int native, ssize_t n)
{
    int error;

    if (n > 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK))
        return n;
    error = take_error(native);
    if (error == 0)
        return n;
    errno = error;
    return -1;
}

ssize_t kqueue_double_recv(int native, void *bytes, size_t size, int flags);
ssize_t kqueue_double_recv(int native, void *bytes, size_t size, int flags)
{
    return is_too_much(size) ? -1 : received(native, recv(native, bytes, size, flags));
}

ssize_t kqueue_double_recvfrom(int native, void *bytes, size_t size, int flags, struct sockaddr *from,
                               socklen_t *length);
ssize_t kqueue_double_recvfrom(int native, void *bytes, size_t size, int flags, struct sockaddr *from,
                               socklen_t *length)
{
    return received(native, recvfrom(native, bytes, size, flags, from, length));
}

ssize_t kqueue_double_recvmsg(int native, struct msghdr *message, int flags);
ssize_t kqueue_double_recvmsg(int native, struct msghdr *message, int flags)
{
    return is_too_much(size_of(message)) ? -1 : received(native, recvmsg(native, message, flags));
}

/* An error that is pending is told by a datagram that is to be sent, too (sosend). */
static bool fails_first(int native)
{
    static atomic_uint count;
    int error = is_datagram(native) ? take_error(native) : 0;

    if (error == 0 && double_has(DOUBLE_NO_BUFFERS) && atomic_fetch_add(&count, 1) % 5 == 0)
        error = ENOBUFS;
    if (error != 0)
        errno = error;
    return error != 0;
}

static ssize_t sent(ssize_t n)
{
    if (n < 0 && (errno == EPIPE || errno == ECONNRESET) && double_has(DOUBLE_EPROTOTYPE))
        errno = EPROTOTYPE;
    return n;
}

ssize_t kqueue_double_send(int native, const void *bytes, size_t size, int flags);
ssize_t kqueue_double_send(int native, const void *bytes, size_t size, int flags)
{
    return fails_first(native) || is_too_much(size) ? -1 : sent(send(native, bytes, size, send_flags(native, flags)));
}

/* An address is refused by a datagram socket that has a peer. */
static bool is_connected(int native, const void *to)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    int saved = errno;

    if (to == NULL || !is_datagram(native) || getpeername(native, (struct sockaddr *)&peer, &size) != 0) {
        errno = saved;
        return false;
    }
    errno = EISCONN;
    return true;
}

ssize_t kqueue_double_sendto(int native, const void *bytes, size_t size, int flags, const struct sockaddr *to,
                             socklen_t length);
ssize_t kqueue_double_sendto(int native, const void *bytes, size_t size, int flags, const struct sockaddr *to,
                             socklen_t length)
{
    return fails_first(native) || is_connected(native, to) || double_is_too_long(native, size)
               ? -1
               : sent(sendto(native, bytes, size, send_flags(native, flags), to, length));
}

/* Room for control data without a header in it is refused. */
static bool lacks_header(const struct msghdr *message)
{
    if (message->msg_control == NULL || message->msg_controllen >= sizeof(struct cmsghdr))
        return false;
    errno = EINVAL;
    return true;
}

ssize_t kqueue_double_sendmsg(int native, const struct msghdr *message, int flags);
ssize_t kqueue_double_sendmsg(int native, const struct msghdr *message, int flags)
{
    return fails_first(native) || lacks_header(message) || double_is_too_long(native, size_of(message)) ||
                   is_connected(native, message->msg_name) || is_too_much(size_of(message))
               ? -1
               : sent(sendmsg(native, message, send_flags(native, flags)));
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

static int tcp_state(int native)
{
    struct tcp_info info;

    return double_getsockopt(native, IPPROTO_TCP, TCP_INFO, &info, sizeof info) == 0 ? info.tcpi_state : -1;
}

int kqueue_double_getpeername(int native, struct sockaddr *address, socklen_t *size);
int kqueue_double_getpeername(int native, struct sockaddr *address, socklen_t *size)
{
    int rc = getpeername(native, address, size), saved = errno;

    if (rc != 0 && saved == ENOTCONN && double_has(DOUBLE_EPROTOTYPE) && !double_is_fresh(native) &&
        tcp_state(native) == TCP_CLOSE)
        saved = EINVAL;
    errno = saved;
    return rc;
}

/* No FIN or RST of ours has gone out. */
static bool can_send(int native)
{
    switch (tcp_state(native)) {
    case TCP_FIN_WAIT1:
    case TCP_FIN_WAIT2:
    case TCP_TIME_WAIT:
    case TCP_CLOSE:
    case TCP_LAST_ACK:
    case TCP_CLOSING:
        return false;
    default:
        return true;
    }
}

double_look double_look_at(int descriptor, int filter)
{
    const bool is_read = filter == DOUBLE_READ, is_packet = is_datagram(descriptor);
    double_look look = {0};
    int bytes = 0, revents;

    if (double_is_fresh(descriptor))
        return look;
    revents = double_poll(descriptor, is_read ? POLLIN | POLLRDHUP | POLLPRI : POLLOUT, 0);
    look.error = is_known(descriptor) ? atomic_load(&errors[descriptor]) : 0;
    if ((revents & (POLLERR | POLLHUP)) != 0)
        look.error = double_error(descriptor);
    look.is_active = revents != 0 || look.error != 0;
    look.is_urgent = is_read && (revents & POLLPRI) != 0;
    if (is_read) {
        look.is_ended = !is_packet && (revents & (POLLRDHUP | POLLHUP)) != 0;
        look.data = ioctl(descriptor, FIONREAD, &bytes) == 0 ? bytes : 1;
        if (look.is_urgent)
            look.data++; /* Linux counts as far as the mark alone (tcp_inq) */
        if (is_packet && look.is_active && double_has(DOUBLE_ADDRESSES))
            look.data += 16;
    } else {
        look.is_ended = !is_packet && ((revents & (POLLERR | POLLHUP)) != 0 || !can_send(descriptor));
    }
    if (is_packet && look.error != 0 && double_has(DOUBLE_EATEN))
        look.is_ended = true; /* as libkqueue has it, which no kernel does */
    if (!look.is_ended || (double_has(DOUBLE_QUIET_ERRORS) && look.error != 0 && look.data == 0)) {
        look.is_ended = look.is_ended && look.error == 0;
        look.error = 0; /* fflags go with EV_EOF */
    }
    return look;
}
