/* SPDX-License-Identifier: Apache-2.0 */
/* What ICMP says of datagrams sent earlier.
 *
 * A connected socket has it as its pending error, which the next call takes (RFC 1122 §4.1.3.3); but Linux keeps to
 * itself what need not last, as an unreachable host, unless it is asked to queue errors (ip(7), IP_RECVERR). The queue is
 * emptied with each error told, so that one cause is one error, and so that poll(2) does not report it for ever. */
#include "backends/readiness/datagram.h"

#include <string.h>

#ifdef IP_RECVERR

int fth_errors_ask(const firth_io *io)
{
    const int on = 1;
    int rc = setsockopt((int)io->native, IPPROTO_IP, IP_RECVERR, &on, sizeof on);

    if (rc == 0 && (io->state & FTH_IPV6) != 0)
        rc = setsockopt((int)io->native, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
    return rc;
}

/* errno and the rest of what a queued message tells, struct sock_extended_err, begins with an errno. */
static int error_of(struct msghdr *message)
{
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    uint32_t os_code;

    for (; header != NULL; header = CMSG_NXTHDR(message, header)) {
        if ((header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR) ||
            (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR)) {
            memcpy(&os_code, CMSG_DATA(header), sizeof os_code);
            return (int)os_code;
        }
    }
    return 0;
}

int fth_errors_drain(const firth_io *io)
{
    int first = 0;

    for (;;) {
        union {
            char bytes[512]; /* the error, its sender's address, and whatever the socket's options add */
            struct cmsghdr header;
        } control;
        struct msghdr message = {.msg_control = control.bytes, .msg_controllen = sizeof control.bytes};

        if (recvmsg((int)io->native, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
            if (errno == EINTR)
                continue;
            return first;
        }
        if (first == 0)
            first = error_of(&message);
    }
}

#else

int fth_errors_ask(const firth_io *io)
{
    (void)io;
    return 0;
}

int fth_errors_drain(const firth_io *io)
{
    (void)io;
    return 0;
}

#endif

/* What a report told of, which is told now: 0 for nothing. libkqueue takes the socket's error to tell it so. Test: the mode
 * "eaten" of tests/kqueue. */
static int take_reported(firth_io *io)
{
    int os_code = (int)(io->state >> FTH_ERROR_SHIFT);

    io->state &= ((uint32_t)1 << FTH_ERROR_SHIFT) - 1 - FTH_HANGUP;
    return os_code;
}

static bool fail(firth_op *op, int os_code, const char *step)
{
    if ((op->io->state & FTH_CONNECTED) != 0) {
        (void)fth_errors_drain(op->io);
        (void)take_reported(op->io);
    }
    return fth_fail(op, os_code, step);
}

bool fth_not_received(firth_op *op, int os_code)
{
    firth_io *io = op->io;

    if (os_code != EAGAIN && os_code != EWOULDBLOCK)
        return fail(op, os_code, "recvmsg");
    if ((io->state & FTH_HANGUP) != 0) {
        /* An error was reported, and is not pending any more: the queue may have it, and must not keep it. */
        const int reported = take_reported(io);

        os_code = fth_errors_drain(io);
        if (os_code == 0)
            os_code = reported;
        if (os_code != 0)
            return fth_fail(op, os_code, "recvmsg");
    }
    fth_set_dry(io);
    return false;
}

bool fth_not_sent(firth_op *op, int os_code)
{
    if (os_code == EAGAIN || os_code == EWOULDBLOCK) {
        op->io->state &= ~(uint32_t)FTH_WRITABLE;
        return false;
    }
    /* As for streams: see attempt_send in ops.c. */
    if (os_code == ENOBUFS && fth_reactor_of(op->io)->poller->waits_for_buffers)
        return false;
    return fail(op, os_code, "sendmsg");
}
