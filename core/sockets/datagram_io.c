/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving and sending datagrams. */
#include "core/base/least.h"
#include "core/sockets/datagram.h"
#include <string.h>

/* ---- entering and leaving a call --------------------------------------------------------------------------------- */

/* Told once, by whichever call comes first. */
FIRTH_COLD static int tell_kept(firth_datagram_socket *socket)
{
    firth_failure kept = socket->kept;

    socket->kept.code = 0;
    return firth_fail(kept.code, kept.os_code, kept.step);
}

FIRTH_NOINLINE static int enter_slowly(firth_datagram_socket *socket, fth_datagram_side *side)
{
    int rc;

    side->task = fth_current;
    rc = fth_task_enter(socket->io.selector);
    if (rc >= 0 && socket->closed)
        rc = firth_fail(FIRTH_ERR_CLOSED, 0, "datagram socket");
    if (rc < 0) {
        side->task = NULL;
        if (socket->closed)
            fth_datagram_socket_settle(socket);
    }
    return rc;
}

FIRTH_INLINE int enter(firth_datagram_socket *socket, fth_datagram_side *side)
{
    int rc = fth_datagram_socket_check(socket);

    if (rc < 0)
        return rc;
    if (side->task != NULL)
        return firth_fail(FIRTH_ERR_BUSY, 0, "datagram socket");
    if (fth_task_goes_on(socket->io.selector))
        side->task = fth_current;
    else if ((rc = enter_slowly(socket, side)) < 0)
        return rc;
    if (socket->kept.code != 0) {
        side->task = NULL;
        return tell_kept(socket);
    }
    return FIRTH_OK;
}

/* Closed while the task was inside: whatever the op came to, the handle is gone. */
FIRTH_COLD static int64_t leave_closed(firth_datagram_socket *socket)
{
    fth_datagram_socket_settle(socket);
    return firth_fail(FIRTH_ERR_CLOSED, 0, "datagram socket");
}

FIRTH_INLINE int64_t leave(firth_datagram_socket *socket, fth_datagram_side *side, int64_t result)
{
    side->task = NULL;
    return socket->closed ? leave_closed(socket) : result;
}

/* ---- ops --------------------------------------------------------------------------------------------------------- */

FIRTH_INLINE void prepare(firth_op *op, firth_op_kind kind, firth_datagram_socket *socket, firth_datagram *datagrams,
                          size_t count)
{
    fth_op_init(op, kind, &socket->io);
    op->piece_count = (uint8_t)(count < FIRTH_OP_DATAGRAMS_MAX ? count : FIRTH_OP_DATAGRAMS_MAX);
    op->with.datagrams = datagrams;
}

FIRTH_INLINE int64_t await(firth_op *op, fth_datagram_side *side, const char *waiting_for)
{
    int64_t n;

    side->op = op;
    n = fth_op_await(op, waiting_for, 0);
    side->op = NULL;
    return n;
}

/* An error behind datagrams that were moved; it must not go with the success, and it is told once. */
static void keep(firth_datagram_socket *socket, const firth_op *op)
{
    socket->kept.code = (int)op->result;
    socket->kept.os_code = op->os_code;
    socket->kept.step = op->step != NULL ? op->step : "datagram socket";
}

/* ---- receiving --------------------------------------------------------------------------------------------------- */

static bool is_bad_control(const firth_datagram *datagram)
{
    return datagram->control != NULL && datagram->control->struct_bytes < sizeof(firth_datagram_control);
}

FIRTH_INLINE bool can_receive(const firth_datagram *datagram)
{
    return datagram->bytes != NULL && datagram->capacity > 0 && !is_bad_control(datagram);
}

FIRTH_NOINLINE static size_t good_by_control(const firth_datagram *datagrams, size_t count)
{
    size_t good = 0;

    while (good < count && !is_bad_control(&datagrams[good]))
        good++;
    return good;
}

/* How many from the first on can be received into, and whether one has a control, as few have. */
FIRTH_INLINE size_t good_to_receive(const firth_datagram *datagrams, size_t count, bool *has_control)
{
    const firth_datagram *at = datagrams;
    uintptr_t controls = 0;
    size_t left = count;

    for (; left > 0 && at->bytes != NULL && at->capacity > 0; at++, left--)
        controls |= (uintptr_t)at->control;
    *has_control = controls != 0;
    return controls != 0 ? good_by_control(datagrams, count - left) : count - left;
}

FIRTH_INLINE int64_t receive_one(firth_datagram_socket *socket, firth_datagram *datagram)
{
    firth_op op;
    int64_t n = enter(socket, &socket->receiving);

    if (n < 0)
        return n;
    prepare(&op, FIRTH_OP_RECEIVE_DATAGRAMS, socket, datagram, 1);
    n = leave(socket, &socket->receiving, await(&op, &socket->receiving, "receive"));
    return n < 0 ? n : (int64_t)datagram->size;
}

FIRTH_HOT int64_t firth_receive(firth_datagram_socket *socket, firth_datagram *datagram)
{
    return can_receive(datagram) ? receive_one(socket, datagram) : firth_fail(FIRTH_ERR_ARGUMENT, 0, "datagram");
}

FIRTH_HOT int64_t firth_receive_from(firth_datagram_socket *socket, void *bytes, size_t size, firth_address *from)
{
    firth_datagram datagram;
    int64_t n;

    if (bytes == NULL || size == 0)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "datagram");
    datagram.bytes = bytes;
    datagram.capacity = size;
    datagram.control = NULL;
    n = receive_one(socket, &datagram);
    if (n >= 0 && from != NULL)
        *from = datagram.address;
    return n;
}

/* What else is there, without waiting, when all were filled that the op before had: it asked for fewer than the caller
 * has, or moves one at a time where the backend does so. */
static size_t receive_rest(firth_datagram_socket *socket, firth_datagram *datagrams, size_t done, size_t asked,
                           size_t count)
{
    bool has_batches = (socket->io.selector->backend->capabilities & FIRTH_CAN_BATCH) != 0;
    size_t last = done;
    bool has_control;
    firth_op op;

    while (done < count && (!has_batches || last == asked)) {
        asked = good_to_receive(datagrams + done, fth_least(2 * asked, count - done), &has_control);
        if (asked == 0)
            break;
        prepare(&op, FIRTH_OP_RECEIVE_DATAGRAMS, socket, datagrams + done, asked);
        op.has_control = has_control;
        asked = op.piece_count;
        op.attempt_only = true;
        (void)fth_op_submit(&op);
        if (op.result < 0) {
            if (op.result != FIRTH_ERR_WOULD_BLOCK)
                keep(socket, &op);
            break;
        }
        last = (size_t)op.result;
        done += last;
    }
    return done;
}

/* Each datagram that is asked for costs, whether it comes or not. So twice as many are asked for at first as came the
 * last time, and more only if all of those are there. */
enum { ASK_AT_LEAST = 16 };

static void ask_next_time(firth_datagram_socket *socket, size_t came)
{
    size_t ask = fth_least(FIRTH_OP_DATAGRAMS_MAX, 2 * came);

    socket->ask = (uint8_t)(ask > ASK_AT_LEAST ? ask : ASK_AT_LEAST);
}

FIRTH_HOT int64_t firth_receive_many(firth_datagram_socket *socket, firth_datagram *datagrams, size_t count)
{
    firth_op op;
    size_t asked;
    bool has_control;
    int64_t n = enter(socket, &socket->receiving);

    if (n < 0)
        return n;
    asked = good_to_receive(datagrams, fth_least(count, socket->ask > 0 ? socket->ask : FIRTH_OP_DATAGRAMS_MAX),
                            &has_control);
    if (asked == 0) {
        n = firth_fail(FIRTH_ERR_ARGUMENT, 0, count > 0 ? "datagram" : "datagram count");
        return leave(socket, &socket->receiving, n);
    }
    prepare(&op, FIRTH_OP_RECEIVE_DATAGRAMS, socket, datagrams, asked);
    op.has_control = has_control;
    n = await(&op, &socket->receiving, "receive");
    if (n > 0 && !socket->closed) {
        n = (int64_t)receive_rest(socket, datagrams, (size_t)n, asked, count);
        ask_next_time(socket, (size_t)n);
    }
    return leave(socket, &socket->receiving, n);
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

FIRTH_INLINE int check_one(const firth_datagram_socket *socket, const firth_datagram *datagram)
{
    if (socket->peer.family != FIRTH_FAMILY_NONE && datagram->address.family != FIRTH_FAMILY_NONE &&
        !firth_address_equal(&datagram->address, &socket->peer))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "datagram address");
    if ((datagram->bytes == NULL && datagram->size > 0) || is_bad_control(datagram))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "datagram");
    /* RFC 1122 §3.2.1.7. Of IPv4 systems refuse it, of IPv6 they send what nobody may take. */
    if (datagram->control != NULL && datagram->control->hop_limit == 0)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "control hop_limit");
    return FIRTH_OK;
}

FIRTH_INLINE int send_one(firth_datagram_socket *socket, firth_datagram *datagram)
{
    firth_op op;
    int64_t n = enter(socket, &socket->sending);

    if (n < 0)
        return (int)n;
    n = check_one(socket, datagram);
    if (n >= 0) {
        prepare(&op, FIRTH_OP_SEND_DATAGRAMS, socket, datagram, 1);
        n = await(&op, &socket->sending, "send");
    }
    n = leave(socket, &socket->sending, n);
    return n < 0 ? (int)n : FIRTH_OK;
}

/* The op has the datagrams of a receive and of a send; the latter it only reads. */
static firth_datagram *writable(const firth_datagram *datagrams)
{
    return (firth_datagram *)(uintptr_t)datagrams;
}

FIRTH_HOT int firth_send(firth_datagram_socket *socket, const firth_datagram *datagram)
{
    return send_one(socket, writable(datagram));
}

FIRTH_HOT int firth_send_to(firth_datagram_socket *socket, const void *bytes, size_t size, const firth_address *to)
{
    firth_datagram datagram;

    datagram.bytes = (void *)(uintptr_t)bytes;
    datagram.size = size;
    datagram.control = NULL;
    if (to != NULL)
        datagram.address = *to;
    else
        datagram.address.family = FIRTH_FAMILY_NONE;
    return send_one(socket, &datagram);
}

/* What ICMP said of something sent earlier is gone from the system when it was told; other errors come again. */
static bool is_told_once(const firth_datagram_socket *socket, int64_t result)
{
    return socket->peer.family != FIRTH_FAMILY_NONE &&
           (result == FIRTH_ERR_REFUSED || result == FIRTH_ERR_HOST_UNREACHABLE ||
            result == FIRTH_ERR_NETWORK_UNREACHABLE);
}

/* Those before the first that has an argument wrong; its error if it is the first. */
static int64_t check_send(const firth_datagram_socket *socket, const firth_datagram *datagrams, size_t count)
{
    size_t good = 0;
    int rc = count > 0 ? FIRTH_OK : firth_fail(FIRTH_ERR_ARGUMENT, 0, "datagram count");

    while (rc >= 0 && good < count && (rc = check_one(socket, &datagrams[good])) >= 0)
        good++;
    return good > 0 ? (int64_t)good : rc;
}

static int64_t send_all(firth_datagram_socket *socket, const firth_datagram *datagrams, size_t count)
{
    size_t sent = 0;
    firth_op op;
    int64_t n;

    for (;;) {
        prepare(&op, FIRTH_OP_SEND_DATAGRAMS, socket, writable(datagrams) + sent, count - sent);
        n = await(&op, &socket->sending, "send");
        if (n < 0)
            break;
        sent += (size_t)n;
        if (sent == count || socket->closed)
            return (int64_t)sent;
        if (!fth_task_goes_on(socket->io.selector) && (fth_task_enter(socket->io.selector) < 0 || socket->closed))
            return (int64_t)sent;
    }
    if (sent > 0 && is_told_once(socket, n))
        keep(socket, &op);
    return sent > 0 ? (int64_t)sent : n;
}

FIRTH_HOT int64_t firth_send_many(firth_datagram_socket *socket, const firth_datagram *datagrams, size_t count)
{
    int64_t n = enter(socket, &socket->sending);

    if (n < 0)
        return n;
    n = check_send(socket, datagrams, count);
    if (n > 0)
        n = send_all(socket, datagrams, (size_t)n);
    return leave(socket, &socket->sending, n);
}
