/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes with descriptors: cmsg(3), SCM_RIGHTS of unix(7). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "backends/readiness/descriptors.h"
#include "backends/readiness/unix.h"
#include "core/base/assert.h"

/* As many as Linux passes at once (SCM_MAX_FD); aligned as a header must be. The header and what aligns it need no more
 * than 64 bytes, and CMSG_SPACE is no constant on NetBSD. */
typedef union control {
    struct cmsghdr header;
    char bytes[64 + FIRTH_UNIX_DESCRIPTORS_MAX * sizeof(int)];
} control;

#ifndef MSG_CMSG_CLOEXEC /* macOS: a fork before take() has seen to it inherits the descriptor */
#define MSG_CMSG_CLOEXEC 0
#endif

#if defined(__linux__) && !defined(SCM_PIDFD)
#define SCM_PIDFD 4 /* linux/socket.h, from 6.5 on, of which older C libraries know nothing */
#endif

/* ---- receiving ----------------------------------------------------------------------------------------------------- */

/* Takes the descriptors of one header. More than were asked for cannot come: the room was cut to that, but for what
 * alignment adds. */
static void take(firth_unix_message *message, const struct cmsghdr *header)
{
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int), i;

    for (i = 0; i < count; i++) {
        int descriptor;

        memcpy(&descriptor, CMSG_DATA(header) + i * sizeof descriptor, sizeof descriptor);
        if (MSG_CMSG_CLOEXEC == 0)
            (void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        if (message->descriptor_count < message->descriptor_capacity) {
            message->descriptors[message->descriptor_count++] = descriptor;
        } else {
            (void)close(descriptor);
            message->descriptors_lost = true;
        }
    }
}

/* Who sent it, as a descriptor, which a socket that was adopted with SO_PASSPIDFD gets with all it receives. Nobody asks
 * for it here. Test: what_tells_of_the_sender_by_a_descriptor_does_not_stay_open. */
static void drop_sender(const struct cmsghdr *header)
{
    int descriptor;

    memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    if (descriptor >= 0) /* else why there is none */
        (void)close(descriptor);
}

static bool is_sender(const struct cmsghdr *header)
{
#ifdef __linux__
    return header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_PIDFD &&
           header->cmsg_len == CMSG_LEN(sizeof(int));
#else
    (void)header;
    return false;
#endif
}

static void take_all(firth_unix_message *message, struct msghdr *native)
{
    struct cmsghdr *header;

    message->descriptor_count = 0;
    message->descriptors_lost = (native->msg_flags & MSG_CTRUNC) != 0;
    for (header = CMSG_FIRSTHDR(native); header != NULL; header = CMSG_NXTHDR(native, header))
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
            take(message, header);
        else if (is_sender(header))
            drop_sender(header);
}

#ifdef __linux__
enum { TELL_WHOLE_SIZE = MSG_TRUNC }; /* recv(2): the result is the datagram's size, however much of it there is */
#else
enum { TELL_WHOLE_SIZE = 0 };
#endif

static int64_t received(firth_unix_message *message, struct msghdr *native, size_t size)
{
    message->truncated = (native->msg_flags & MSG_TRUNC) != 0;
    message->size = size < message->capacity ? size : message->capacity;
    message->whole_size = message->truncated && size <= message->capacity ? 0 : size;
    if (message->address != NULL)
        fth_unix_from_native(message->address, native->msg_name, native->msg_namelen);
    take_all(message, native);
    return (int64_t)message->size;
}

/* A datagram is sent whole or not at all. */
static size_t one_call(bool datagrams, size_t size)
{
    return datagrams || size < (size_t)FTH_TRANSFER_BYTES ? size : (size_t)FTH_TRANSFER_BYTES;
}

int64_t fth_unix_native_receive(firth_io *io, firth_unix_message *message)
{
    bool datagrams = (io->state & FTH_DATAGRAMS) != 0;
    struct iovec piece = {.iov_base = message->bytes, .iov_len = one_call(datagrams, message->capacity)};
    struct {
        struct sockaddr_un address;
        char end; /* that Linux counts and does not write (unix(7), BUGS); AddressSanitizer believes the count */
    } from;
    control space;
    struct msghdr native = {.msg_iov = &piece, .msg_iovlen = 1};
    ssize_t n;

    FTH_ASSERT(message->descriptor_capacity <= FIRTH_UNIX_DESCRIPTORS_MAX);
    if (message->descriptor_capacity > 0) {
        native.msg_control = space.bytes;
        native.msg_controllen =
            (__typeof__(native.msg_controllen))CMSG_SPACE(message->descriptor_capacity * sizeof(int));
    }
    if (message->address != NULL) {
        native.msg_name = &from.address;
        native.msg_namelen = sizeof from.address;
    }
    do
        n = recvmsg((int)io->native, &native, MSG_CMSG_CLOEXEC | (datagrams ? TELL_WHOLE_SIZE : 0));
    while (n < 0 && errno == EINTR);
    if (n > 0 || (n == 0 && datagrams))
        return received(message, &native, (size_t)n);
    if (n == 0) {
        io->state |= FTH_HANGUP;
        return 0;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        fth_set_dry(io);
        return FIRTH_ERR_WOULD_BLOCK;
    }
    return fth_fail_errno("recvmsg");
}

void fth_unix_native_discard(intptr_t descriptor)
{
    (void)close((int)descriptor);
}

/* ---- sending ------------------------------------------------------------------------------------------------------- */

/* False for a number that is no descriptor. */
static bool give(control *space, struct msghdr *native, const firth_unix_message *message)
{
    struct cmsghdr *header;
    size_t i;

    memset(space, 0, sizeof *space);
    native->msg_control = space->bytes;
    native->msg_controllen = (__typeof__(native->msg_controllen))CMSG_SPACE(message->descriptor_count * sizeof(int));
    header = CMSG_FIRSTHDR(native);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = (__typeof__(header->cmsg_len))CMSG_LEN(message->descriptor_count * sizeof(int));
    for (i = 0; i < message->descriptor_count; i++) {
        int descriptor = (int)message->descriptors[i];

        if (message->descriptors[i] < 0 || message->descriptors[i] > INT_MAX)
            return false;
        memcpy(CMSG_DATA(header) + i * sizeof descriptor, &descriptor, sizeof descriptor);
    }
    return true;
}

/* Buffers come back without an event (see attempt_send in ops.c), and a BSD says so of a receiver without room too (unix(4),
 * FreeBSD): whoever waits now asks for a second look. A datagram with an address finds no room at its receiver, which no
 * report of this socket tells of; so it stays writable. Test: the mode "no_buffers" of tests/kqueue. */
static int64_t would_block(firth_io *io, const firth_unix_message *message, uint32_t cleared)
{
    if (message->address == NULL)
        io->state &= ~cleared;
    return FIRTH_ERR_WOULD_BLOCK;
}

static int64_t not_sent(firth_io *io, const firth_unix_message *message)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return would_block(io, message, FTH_WRITABLE);
    if (errno == ENOBUFS && fth_reactor_of(io)->poller->waits_for_buffers)
        return would_block(io, message, FTH_WRITABLE | FTH_WATCHED_WRITE);
    if (errno == EPROTOTYPE && message->address == NULL)
        errno = ECONNRESET; /* macOS, as of TCP's: see attempt_send. Test: the mode "eprototype" */
    if (errno == ENOENT || errno == EPROTOTYPE)
        return firth_fail(FIRTH_ERR_REFUSED, errno, "sendmsg");
    return fth_fail_errno("sendmsg");
}

int64_t fth_unix_native_send(firth_io *io, const firth_unix_message *message)
{
    struct iovec piece = {.iov_base = message->bytes,
                          .iov_len = one_call((io->state & FTH_DATAGRAMS) != 0, message->size)};
    struct msghdr native = {.msg_iov = &piece, .msg_iovlen = 1};
    struct sockaddr_un to;
    control space;
    ssize_t n;
    int rc;

    FTH_ASSERT(message->descriptor_count <= FIRTH_UNIX_DESCRIPTORS_MAX);
    if (message->descriptor_count > 0 && !give(&space, &native, message))
        return firth_fail(FIRTH_ERR_ARGUMENT, EBADF, "sendmsg");
    if (message->address != NULL) {
        native.msg_name = &to;
        rc = fth_unix_to_native(&to, &native.msg_namelen, message->address);
        if (rc < 0)
            return rc;
    }
    do
        n = sendmsg((int)io->native, &native, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n >= 0 ? n : not_sent(io, message);
}
