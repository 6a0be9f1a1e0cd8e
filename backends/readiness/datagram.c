/* SPDX-License-Identifier: Apache-2.0 */
/* Datagram sockets: opening, connecting, and single datagrams with control data. */
#include "backends/readiness/datagram.h"

#include <string.h>
#include <unistd.h>

#include "core/base/assert.h"

/* Unlike a BSD, Linux gives a socket what is sent to any group that anybody on the machine has joined (ip(7),
 * IP_MULTICAST_ALL). Test: group_that_only_others_have_joined_is_not_heard. */
static void hear_own_groups_only(int native, bool is_ipv6)
{
    const int off = 0;

    (void)is_ipv6;
    (void)native;
    (void)off;
#ifdef IP_MULTICAST_ALL
    (void)setsockopt(native, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
#endif
#ifdef IPV6_MULTICAST_ALL
    if (is_ipv6)
        (void)setsockopt(native, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof off);
#endif
}

/* Unlike Linux's, the send buffer of UDP on the BSDs and macOS holds nothing: it is the limit of a datagram, and 9216 bytes
 * unless somebody says more (udp_sendspace; EMSGSIZE, sosend). The receive buffer may have no room for the largest either:
 * 42080 bytes (FreeBSD, udp_recvspace). FTH_SHORT_DATAGRAMS: as there in any case.
 * Test: largest_datagram_is_whole_and_one_byte_more_is_too_long, on tests/kqueue. */
static void allow_largest(int native)
{
#if !defined(__linux__) || defined(FTH_SHORT_DATAGRAMS)
    const int largest = 65535, room = 2 * largest;
    int bytes;
    socklen_t size = sizeof bytes;

    (void)setsockopt(native, SOL_SOCKET, SO_SNDBUF, &largest, sizeof largest);
    if (getsockopt(native, SOL_SOCKET, SO_RCVBUF, &bytes, &size) == 0 && bytes < room)
        (void)setsockopt(native, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
#else
    (void)native;
#endif
}

/* Unlike others, Linux forbids fragments by itself and loses what is too long for the path until it has learnt of that
 * (ip(7), IP_MTU_DISCOVER). Test: datagram_longer_than_the_path_takes_arrives_in_fragments_of_ipv4. */
static int start_options(firth_io *io)
{
    int rc = FIRTH_OK;

#ifdef __linux__
    rc = fth_native_set_option(io, FIRTH_OPTION_DONT_FRAGMENT, 0);
#endif

    allow_largest((int)io->native);
    hear_own_groups_only((int)io->native, (io->state & FTH_IPV6) != 0);
    if (rc < 0)
        fth_native_close(io, FIRTH_CLOSE_NORMAL);
    return rc;
}

static int reserve(fth_reactor *reactor)
{
    const fth_batch *batch = reactor->poller->batch;
    int rc = fth_slots_reserve(reactor);

    if (rc < 0 || batch == NULL || reactor->batch != NULL)
        return rc;
    reactor->batch = firth_selector_allocate(reactor->selector, batch->bytes);
    if (reactor->batch == NULL)
        return firth_fail(FIRTH_ERR_NO_MEMORY, 0, "allocate");
    batch->start(reactor->batch);
    return FIRTH_OK;
}

int fth_native_datagram_open(firth_io *io, firth_family family)
{
    fth_reactor *reactor = fth_reactor_of(io);
    int domain = family == FIRTH_FAMILY_IPV6 ? AF_INET6 : AF_INET, native, rc;

    io->native = -1;
    if (family != FIRTH_FAMILY_IPV4 && family != FIRTH_FAMILY_IPV6)
        return firth_fail(FIRTH_ERR_ADDRESS_INVALID, 0, "socket");
    rc = reserve(reactor);
    if (rc < 0)
        return rc;
    native = fth_socket(domain, SOCK_DGRAM, IPPROTO_UDP);
    if (native < 0)
        return fth_fail_errno("socket");
    io->native = native;
    io->state = FTH_DATAGRAMS | FTH_WRITABLE | FIRTH_IO_DRY | (domain == AF_INET6 ? (unsigned)FTH_IPV6 : 0u);
    fth_slots_take(reactor, io);
    reactor->slots[io->slot].of.datagrams.segment_most = UINT16_MAX;
    return start_options(io);
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static bool is_mapped(const fth_native_address *address)
{
    return address->any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address->ipv6.sin6_addr);
}

int fth_datagram_address(const firth_io *io, const firth_address *address, fth_native_address *native)
{
    return fth_address_for_socket(native, address, (io->state & FTH_IPV6) != 0);
}

/* ---- connect ----------------------------------------------------------------------------------------------------- */

/* Datagrams of others that came while it was bound and had no peer yet. What the peer itself sent then may be among
 * them. Test: a_connected_socket_hands_out_nothing_that_came_before. */
static void discard_earlier(int native)
{
    int failures = 0;
    char byte;

    /* Twice: a datagram with a wrong checksum looks like an empty socket on Linux before 4.1, whatever is behind it. */
    while (failures < 2)
        if (recv(native, &byte, sizeof byte, MSG_DONTWAIT) < 0 && errno != EINTR)
            failures++;
}

bool fth_attempt_connect_datagrams(firth_op *op)
{
    firth_io *io = op->io;
    fth_native_address native;
    int size = fth_datagram_address(io, op->with.address, &native), rc;

    if (size <= 0)
        return fth_end(op, FIRTH_ERR_ADDRESS_INVALID, 0, "connect");
    do
        rc = connect((int)io->native, &native.any, (socklen_t)size);
    while (rc != 0 && errno == EINTR);
    if (rc != 0 || fth_errors_ask(io) != 0)
        return fth_fail(op, errno, "connect");
    discard_earlier((int)io->native);
    io->state |= FTH_CONNECTED | (is_mapped(&native) ? (unsigned)FTH_MAPPED : 0u);
    return fth_succeed(op, FIRTH_OK);
}

/* ---- with control data ------------------------------------------------------------------------------------------- */

bool fth_receive_with_control(firth_op *op)
{
    firth_datagram *datagram = op->with.datagrams;
    fth_native_address from;
    fth_control control;
    struct iovec piece = {datagram->bytes, datagram->capacity};
    struct msghdr message = {.msg_name = &from, .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes};
    ssize_t n;

    do {
        message.msg_namelen = sizeof from;
        message.msg_controllen = sizeof control.bytes;
        n = recvmsg((int)op->io->native, &message, FTH_TELL_WHOLE_SIZE);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return fth_not_received(op, errno);
    fth_datagram_read(datagram, &message, (size_t)n);
    return fth_succeed(op, 1);
}

bool fth_send_with_control(firth_op *op)
{
    const firth_datagram *datagram = op->with.datagrams;
    fth_native_address to;
    fth_control control;
    int size = fth_datagram_to(op->io, &datagram->address, &to), rc;
    struct iovec piece = {datagram->bytes, datagram->size};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes};
    const char *step = "datagram address";
    ssize_t n;

    if (size < 0)
        return fth_end(op, FIRTH_ERR_ARGUMENT, 0, step);
    message.msg_name = size > 0 ? &to : NULL;
    message.msg_namelen = (socklen_t)size;
    rc = fth_control_write(op->io, datagram->control, &to, &message, &step);
    if (rc < 0)
        return fth_end(op, rc, 0, step);
    /* The BSDs and macOS refuse room without a header in it (EINVAL; FreeBSD, sendit).
     * Test: a_control_that_says_nothing_is_as_none. */
    if (message.msg_controllen == 0)
        message.msg_control = NULL;
    do
        n = sendmsg((int)op->io->native, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n >= 0 ? fth_succeed(op, 1) : fth_not_sent(op, errno);
}
