/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/readiness/reactor.h"

#include <errno.h>

#include "backends/readiness/address.h"
#include "backends/readiness/descriptors.h"

static bool connected(firth_op *op)
{
    op->io->state |= FTH_WRITABLE;
    return fth_succeed(op, FIRTH_OK);
}

bool fth_attempt_connect(firth_op *op)
{
    fth_native_address native;
    socklen_t size = fth_address_to_native(&native, op->with.address);

    if ((op->io->state & FTH_DATAGRAMS) != 0)
        return fth_attempt_connect_datagrams(op);
    fth_set_dry(op->io);
    op->io->state &= ((uint32_t)1 << FTH_ERROR_SHIFT) - 1 - (FTH_WRITABLE | FTH_HANGUP);
    if (size == 0)
        return fth_end(op, FIRTH_ERR_ADDRESS_INVALID, 0, "connect");
    if (connect((int)op->io->native, &native.any, size) == 0)
        return connected(op);
    /* A signal interrupts the call, not the connecting (connect(2), POSIX); EALREADY: an earlier op began it. */
    if (errno == EINPROGRESS || errno == EINTR || errno == EALREADY)
        return false;
#ifdef __OpenBSD__ /* which says of a port nobody listens at, on the machine itself, that too (libuv, src/unix/tcp.c) */
    if (errno == EINVAL)
        errno = ECONNREFUSED;
#endif
    return fth_fail(op, errno, "connect");
}

/* A report came although there is neither a connection nor an error: what a read says decides. */
static bool doubt(firth_op *op)
{
    char byte;
    ssize_t n;

    /* libkqueue takes the socket's error to tell it by its report. Test: the mode "eaten" of tests/kqueue. */
    if (op->io->state >> FTH_ERROR_SHIFT != 0)
        return fth_fail(op, (int)(op->io->state >> FTH_ERROR_SHIFT), "connect");
    n = recv((int)op->io->native, &byte, sizeof byte, MSG_PEEK);
    if (n >= 0)
        return fth_fail(op, ECONNRESET, "connect"); /* it came and went */
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOTCONN) {
        op->io->state &= ~(uint32_t)FTH_WRITABLE;
        return false;
    }
    return fth_fail(op, errno, "connect");
}

bool fth_attempt_connected(firth_op *op)
{
    int native = (int)op->io->native, error = 0;
    socklen_t size = sizeof error;
    fth_native_address peer;

    if (getsockopt(native, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return fth_fail(op, errno, "getsockopt(SO_ERROR)");
    if (error != 0)
        return fth_fail(op, error, "connect");
    /* No error is no proof: a spurious report has none either. Test: a_spurious_report_does_not_connect. */
    size = sizeof peer;
    if (fth_getpeername(native, &peer.any, &size) == 0)
        return connected(op);
    if (errno == ENOTCONN)
        return doubt(op);
    return fth_fail(op, errno, "getpeername");
}
