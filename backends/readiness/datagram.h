/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams, one a system call; see linux_batch.c for many. What is inline here is so for ops.c: see there. */
#ifndef FTH_READINESS_DATAGRAM_H
#define FTH_READINESS_DATAGRAM_H

#include <errno.h>

#include "backends/readiness/address.h"
#include "backends/readiness/descriptors.h"
#include "backends/readiness/reactor.h"

/* Linux and macOS tell of a datagram's destination and interface in one struct. The BSDs have IP_RECVDSTADDR and IP_RECVIF
 * for the two, and IP_SENDSRCADDR to send from an address; NetBSD's struct is another. */
#if defined(__linux__) || defined(__APPLE__)
#define FTH_HAS_PKTINFO 1
#endif

/* Most bytes of control data of one datagram, either way. */
enum { FTH_CONTROL_BYTES = 192 };

typedef struct fth_control {
    _Alignas(struct cmsghdr) char bytes[FTH_CONTROL_BYTES];
} fth_control;

/* Calls for many datagrams at once. */
typedef struct fth_batch {
    void (*start)(void *memory);   /* once */
    size_t bytes;                  /* of the memory that they need, reactor->batch */
    bool (*receive)(firth_op *op); /* attempts */
    bool (*send)(firth_op *op);
} fth_batch;

extern const fth_batch fth_linux_batch;

/* ---- datagram_control.c ------------------------------------------------------------------------------------------ */

/* Adds to message->msg_control, which has FTH_CONTROL_BYTES, what the control asks for; to: the native destination, or
 * of a family of 0 for the socket's peer. FIRTH_OK, or a code with *step the field's name. */
int fth_control_write(const firth_io *io, const firth_datagram_control *control, const fth_native_address *to,
                      struct msghdr *message, const char **step);

/* Fills in what a received message tells: size, truncated, segments, address and control. */
void fth_datagram_read(firth_datagram *datagram, struct msghdr *message, size_t whole_size);

/* ---- datagram_errors.c ------------------------------------------------------------------------------------------- */

/* Has the errors of a connected socket queued. */
int fth_errors_ask(const firth_io *io);

/* Empties the queue; the first error in it, or 0. */
int fth_errors_drain(const firth_io *io);

/* What a failed call means; whether the op has ended. */
bool fth_not_received(firth_op *op, int os_code);
bool fth_not_sent(firth_op *op, int os_code);

/* ---- datagram.c -------------------------------------------------------------------------------------------------- */

/* The address for a socket of io's family; the length, 0 for FIRTH_FAMILY_NONE, or -1 for one that cannot be. */
int fth_datagram_address(const firth_io *io, const firth_address *address, fth_native_address *native);

/* Where to send. Most sockets are IPv4's. A connected one sends to its peer alone, whose address need not be said and must not
 * be on the BSDs and macOS (EISCONN, send(2)). Test:
 * connected_socket_sends_without_an_address_and_knows_its_peer, on tests/kqueue. */
FIRTH_INLINE int fth_datagram_to(const firth_io *io, const firth_address *address, fth_native_address *native)
{
    if ((io->state & FTH_CONNECTED) != 0) {
        native->any.sa_family = AF_UNSPEC;
        return 0;
    }
    if (address->family != FIRTH_FAMILY_IPV4 || (io->state & FTH_IPV6) != 0)
        return fth_datagram_address(io, address, native);
    fth_ipv4_to_native(&native->ipv4, address);
    return sizeof native->ipv4;
}
FIRTH_INLINE void fth_datagram_from(firth_address *address, const fth_native_address *native)
{
    if (native->any.sa_family == AF_INET)
        fth_ipv4_from_native(address, &native->ipv4);
    else
        (void)fth_address_from_native(address, native);
}

/* With control data. */
bool fth_receive_with_control(firth_op *op);
bool fth_send_with_control(firth_op *op);

#ifdef __linux__
enum { FTH_TELL_WHOLE_SIZE = MSG_TRUNC }; /* recv(2): the result is the datagram's size, however much of it there is */
#else
enum { FTH_TELL_WHOLE_SIZE = 0 };
#endif

/* recvfrom(2) where it can tell of truncation, which is cheaper than recvmsg(2). */
FIRTH_INLINE bool fth_receive_one(firth_op *op)
{
    firth_datagram *datagram = op->with.datagrams;
    fth_native_address from;
    socklen_t size = sizeof from;
    ssize_t n;

    if (FTH_TELL_WHOLE_SIZE == 0 || datagram->control != NULL || (op->io->state & FTH_COALESCES) != 0)
        return fth_receive_with_control(op);
    do
        n = recvfrom((int)op->io->native, datagram->bytes, datagram->capacity, FTH_TELL_WHOLE_SIZE, &from.any, &size);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return fth_not_received(op, errno);
    datagram->whole_size = (size_t)n;
    datagram->truncated = (size_t)n > datagram->capacity;
    datagram->size = datagram->truncated ? datagram->capacity : (size_t)n;
    datagram->segment_bytes = 0;
    fth_datagram_from(&datagram->address, &from);
    return fth_succeed(op, 1);
}

FIRTH_INLINE bool fth_send_one(firth_op *op)
{
    const firth_datagram *datagram = op->with.datagrams;
    fth_native_address to;
    int size;
    ssize_t n;

    if (datagram->control != NULL)
        return fth_send_with_control(op);
    size = fth_datagram_to(op->io, &datagram->address, &to);
    if (size < 0)
        return fth_end(op, FIRTH_ERR_ARGUMENT, 0, "datagram address");
    do
        n = sendto((int)op->io->native, datagram->bytes, datagram->size, MSG_NOSIGNAL, size > 0 ? &to.any : NULL,
                   (socklen_t)size);
    while (n < 0 && errno == EINTR);
    return n >= 0 ? fth_succeed(op, 1) : fth_not_sent(op, errno);
}

/* ---- attempts ---------------------------------------------------------------------------------------------------- */

FIRTH_INLINE bool fth_attempt_receive_datagrams(firth_op *op)
{
    const fth_batch *batch;

    if (op->piece_count == 1 || (batch = fth_reactor_of(op->io)->poller->batch) == NULL)
        return fth_receive_one(op);
    return batch->receive(op);
}

FIRTH_INLINE bool fth_attempt_send_datagrams(firth_op *op)
{
    const fth_batch *batch;

    if (op->piece_count == 1 || (batch = fth_reactor_of(op->io)->poller->batch) == NULL)
        return fth_send_one(op);
    return batch->send(op);
}

#endif
