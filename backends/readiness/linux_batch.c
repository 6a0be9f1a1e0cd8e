/* SPDX-License-Identifier: Apache-2.0 */
/* Linux: many datagrams in one system call, recvmmsg(2) and sendmmsg(2); and runs of equal datagrams to one destination
 * as one buffer that the kernel, or the network card, cuts up (UDP_SEGMENT, udp(7)): one way through the stack for all
 * of them. */
#include <netinet/udp.h>
#include <stddef.h>
#include <string.h>

#include "backends/readiness/datagram.h"
#include "core/base/assert.h"

#ifndef SOL_UDP
#define SOL_UDP IPPROTO_UDP
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103 /* linux/udp.h, since 4.18 */
#endif

/* The most datagrams of a run that every kernel with UDP_SEGMENT takes (UDP_MAX_SEGMENTS), and the most bytes: what fits
 * in one IPv6 or IPv4 packet, with room to spare for the extension headers that a socket may add. */
enum { SEGMENTS_MAX = 64, RUN_BYTES_MAX = 65000 };

/* For one call; the reactor's, since it is too large for the stack of a task. What is the same in every call is filled in
 * once, and what a call to receive changed is put right: the headers that it filled by itself, by the next whose control
 * data they have. */
typedef struct batch {
    const firth_datagram *datagrams; /* that the first of `in` are for, of the last call */
    unsigned count;
    unsigned controlled;
    struct mmsghdr in[FIRTH_OP_DATAGRAMS_MAX];
    struct mmsghdr out[FIRTH_OP_DATAGRAMS_MAX];
    struct iovec pieces[FIRTH_OP_DATAGRAMS_MAX];
    fth_native_address addresses[FIRTH_OP_DATAGRAMS_MAX];
    fth_control controls[FIRTH_OP_DATAGRAMS_MAX];
} batch;

static void start(void *memory)
{
    batch *with = memory;

    with->datagrams = NULL;
    with->count = with->controlled = 0;
    for (int i = 0; i < FIRTH_OP_DATAGRAMS_MAX; i++)
        with->in[i].msg_hdr =
            (struct msghdr){.msg_name = &with->addresses[i], .msg_namelen = sizeof with->addresses[i], .msg_iovlen = 1};
}

static batch *batch_of(const firth_op *op)
{
    return fth_reactor_of(op->io)->batch;
}

/* ---- receiving --------------------------------------------------------------------------------------------------- */

static void prepare_controls(const firth_op *op, batch *with, bool wanted_by_all)
{
    unsigned i;

    for (i = 0; i < op->piece_count || i < with->controlled; i++) {
        struct msghdr *message = &with->in[i].msg_hdr;
        bool wanted = i < op->piece_count && (wanted_by_all || op->with.datagrams[i].control != NULL);

        message->msg_control = wanted ? with->controls[i].bytes : NULL;
        message->msg_controllen = wanted ? sizeof with->controls[i].bytes : 0;
    }
}

/* What a datagram is received into lies in it as in the system's form, so the system reads it there. */
_Static_assert(offsetof(firth_datagram, bytes) == offsetof(struct iovec, iov_base) &&
                   offsetof(firth_datagram, capacity) == offsetof(struct iovec, iov_len) &&
                   sizeof(struct iovec) == offsetof(firth_datagram, size),
               "bytes and capacity are an iovec");

/* A program as a rule receives into the same array each time. */
static void point_at(firth_datagram *datagrams, unsigned count, batch *with)
{
    with->datagrams = datagrams;
    with->count = count;
    for (unsigned i = 0; i < count; i++)
        with->in[i].msg_hdr.msg_iov = (struct iovec *)(void *)&datagrams[i];
}

static void prepare_receive(const firth_op *op, batch *with)
{
    bool coalesces = (op->io->state & FTH_COALESCES) != 0, has_control = coalesces || op->has_control;

    if (op->with.datagrams != with->datagrams || op->piece_count > with->count)
        point_at(op->with.datagrams, op->piece_count, with);
    if (has_control || with->controlled > 0)
        prepare_controls(op, with, coalesces);
    with->controlled = has_control ? op->piece_count : 0;
}

/* As fth_datagram_read, in short where there is no control. */
FIRTH_INLINE void read_one(firth_datagram *datagram, struct mmsghdr *from)
{
    size_t whole_size = from->msg_len, capacity = datagram->capacity;

    if (from->msg_hdr.msg_control != NULL) {
        fth_datagram_read(datagram, &from->msg_hdr, whole_size);
    } else {
        datagram->whole_size = whole_size;
        datagram->truncated = whole_size > capacity;
        datagram->size = whole_size > capacity ? capacity : whole_size;
        datagram->segment_bytes = 0;
        fth_datagram_from(&datagram->address, from->msg_hdr.msg_name);
    }
    from->msg_hdr.msg_namelen = sizeof(fth_native_address);
}

/* Fewer than asked: the socket is empty, and what comes will be reported; to believe that saves the call that would only
 * say so. But datagrams that come about as fast as they are taken are there again by then, and the call saves the wait and
 * a turn of the loop. Which of the two it is, is asked now and then, and after each such batch as long as more than half of
 * the calls find something. Tests: datagrams_that_come_one_at_a_time_are_seldom_asked_for_twice,
 * datagrams_that_keep_coming_are_received_without_a_wait. */
enum { FOUND_MOST = 15, FOUND_OFTEN = 8, BELIEVED_MOST = 31 };

static void believe_or_ask_again(firth_io *io, fth_slot *slot)
{
    slot->of.datagrams.asks_again =
        slot->of.datagrams.found >= FOUND_OFTEN || slot->of.datagrams.believed == BELIEVED_MOST;
    if (slot->of.datagrams.asks_again) {
        slot->of.datagrams.believed = 0;
    } else {
        slot->of.datagrams.believed++;
        fth_set_dry(io);
    }
}

static void note_asked_again(fth_slot *slot, bool found)
{
    slot->of.datagrams.asks_again = false;
    if (!found && slot->of.datagrams.found > 0)
        slot->of.datagrams.found--;
    else if (found && slot->of.datagrams.found < FOUND_MOST)
        slot->of.datagrams.found++;
}

FIRTH_HOT static bool receive_batch(firth_op *op)
{
    firth_datagram *datagram = op->with.datagrams;
    firth_io *io = op->io;
    const fth_reactor *reactor = fth_reactor_of(io);
    fth_slot *slot = &reactor->slots[io->slot];
    batch *with = reactor->batch;
    int n;

    prepare_receive(op, with);
    do
        n = recvmmsg((int)io->native, with->in, op->piece_count, FTH_TELL_WHOLE_SIZE, NULL);
    while (n < 0 && errno == EINTR);
    if (slot->of.datagrams.asks_again)
        note_asked_again(slot, n > 0);
    if (n <= 0)
        return fth_not_received(op, n < 0 ? errno : EAGAIN);
    for (struct mmsghdr *from = with->in, *end = from + n; from < end; from++, datagram++)
        read_one(datagram, from);
    /* Not so if an error ended it, which the kernel keeps for the next call without another report (recvmmsg(2), BUGS). */
    if (n < op->piece_count && (io->state & FTH_HANGUP) == 0)
        believe_or_ask_again(io, slot);
    return fth_succeed(op, n);
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

static bool is_alike(const firth_datagram *a, const firth_datagram *b)
{
    return a->address.port == b->address.port && a->control == b->control && a->address.family == b->address.family &&
           a->address.scope_id == b->address.scope_id &&
           memcmp(a->address.ip, b->address.ip, sizeof a->address.ip) == 0;
}

/* How many datagrams from the first on can go as one: of its size, but for a shorter last. */
FIRTH_INLINE unsigned run_of(const firth_datagram *first, unsigned count, size_t segment_most)
{
    size_t total = first->size;
    unsigned n = 1;

    if (count == 1 || first->size == 0 || first->size > segment_most || !is_alike(first, &first[1]))
        return 1;
    while (n < count && n < SEGMENTS_MAX && first[n].size > 0 && first[n].size <= first->size &&
           total + first[n].size <= RUN_BYTES_MAX && is_alike(first, &first[n])) {
        total += first[n].size;
        if (first[n++].size < first->size)
            break;
    }
    return n;
}

static void add_segment_size(struct msghdr *message, size_t size)
{
    struct cmsghdr *header = (struct cmsghdr *)(void *)((char *)message->msg_control + message->msg_controllen);
    uint16_t value = (uint16_t)size;

    FTH_ASSERT(message->msg_controllen + CMSG_SPACE(sizeof value) <= FTH_CONTROL_BYTES);
    memset(header, 0, CMSG_SPACE(sizeof value));
    header->cmsg_level = SOL_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof value);
    memcpy(CMSG_DATA(header), &value, sizeof value);
    message->msg_controllen += CMSG_SPACE(sizeof value);
}

/* The control data of a message for a run of datagrams. FIRTH_OK, or a code with *step. */
FIRTH_NOINLINE static int add_control(const firth_op *op, batch *with, unsigned number, const firth_datagram *first,
                                      unsigned run, const char **step)
{
    struct msghdr *message = &with->out[number].msg_hdr;
    int rc;

    message->msg_control = with->controls[number].bytes;
    rc = fth_control_write(op->io, first->control, &with->addresses[number], message, step);
    if (run > 1 && rc >= 0)
        add_segment_size(message, first->size);
    if (message->msg_controllen == 0)
        message->msg_control = NULL;
    return rc;
}

/* The memory of a run; what lies side by side is one piece, which the kernel copies faster. Returns how many pieces. */
FIRTH_INLINE size_t gather(struct iovec *pieces, const firth_datagram *first, unsigned run)
{
    struct iovec *last = pieces;

    *last = (struct iovec){first->bytes, first->size};
    for (unsigned i = 1; i < run; i++) {
        if ((char *)last->iov_base + last->iov_len == first[i].bytes)
            last->iov_len += first[i].size;
        else
            *++last = (struct iovec){first[i].bytes, first[i].size};
    }
    return (size_t)(last - pieces) + 1;
}

/* One message of a run of datagrams that begins at `at`. FIRTH_OK, or a code with *step. */
FIRTH_INLINE int prepare_message(const firth_op *op, batch *with, unsigned number, unsigned at, unsigned run,
                                 const char **step)
{
    const firth_datagram *first = &op->with.datagrams[at];
    struct msghdr *message = &with->out[number].msg_hdr;
    int size = fth_datagram_to(op->io, &first->address, &with->addresses[number]);

    *step = "datagram address";
    if (size < 0)
        return FIRTH_ERR_ARGUMENT;
    message->msg_name = size > 0 ? &with->addresses[number] : NULL;
    message->msg_namelen = (socklen_t)size;
    message->msg_iov = &with->pieces[at];
    message->msg_iovlen = gather(&with->pieces[at], first, run);
    message->msg_control = NULL;
    message->msg_controllen = 0;
    if (run == 1 && first->control == NULL)
        return FIRTH_OK;
    return add_control(op, with, number, first, run, step);
}

/* A kernel that does not know the option would send a run as one long datagram. */
static size_t segment_most(firth_io *io)
{
    fth_slot *slot = &fth_reactor_of(io)->slots[io->slot];
    socklen_t size = sizeof(int);
    int value;

    if (slot->of.datagrams.segment_most == UINT16_MAX)
        slot->of.datagrams.segment_most =
            getsockopt((int)io->native, SOL_UDP, UDP_SEGMENT, &value, &size) == 0 ? RUN_BYTES_MAX : 0;
    return slot->of.datagrams.segment_most;
}

/* Whether a run was refused for what it is: longer datagrams than fit in a packet on the way there, which alone may be
 * fragmented (EINVAL, since 6.? EMSGSIZE), or a way that cannot cut (EIO). It goes one by one then, and so do those of
 * that size later. Test: batch_of_datagrams_longer_than_the_mtu_arrives. */
static bool was_refused(firth_io *io, int os_code, size_t size)
{
    fth_slot *slot = &fth_reactor_of(io)->slots[io->slot];

    if (os_code == EIO)
        slot->of.datagrams.segment_most = 0;
    else if (os_code == EINVAL || os_code == EMSGSIZE)
        slot->of.datagrams.segment_most = (uint16_t)(size - 1);
    else
        return false;
    return true;
}

/* The datagrams of the op as messages: *runs tells how many each has. Returns how many messages, or a code with *step if
 * not even the first can be one. */
static int prepare_send(const firth_op *op, batch *with, uint8_t *runs, const char **step)
{
    size_t most = segment_most(op->io);
    unsigned at = 0;
    int count = 0, rc;

    while (at < op->piece_count) {
        unsigned run = run_of(&op->with.datagrams[at], op->piece_count - at, most);

        rc = prepare_message(op, with, (unsigned)count, at, run, step);
        if (rc < 0)
            return count > 0 ? count : rc;
        runs[count++] = (uint8_t)run;
        at += run;
    }
    return count;
}

static int64_t datagrams_of(const uint8_t *runs, int messages)
{
    int64_t count = 0;

    for (int i = 0; i < messages; i++)
        count += runs[i];
    return count;
}

FIRTH_HOT static bool send_batch(firth_op *op)
{
    uint8_t runs[FIRTH_OP_DATAGRAMS_MAX] = {0};
    batch *with = batch_of(op);
    const char *step;
    int count, n;

    for (;;) {
        count = prepare_send(op, with, runs, &step);
        if (count < 0)
            return fth_end(op, count, 0, step);
        n = sendmmsg((int)op->io->native, with->out, (unsigned)count, MSG_NOSIGNAL);
        if (n > 0)
            return fth_succeed(op, datagrams_of(runs, n));
        if (errno == EINTR || (runs[0] > 1 && was_refused(op->io, errno, op->with.datagrams[0].size)))
            continue;
        return fth_not_sent(op, errno);
    }
}

const fth_batch fth_linux_batch = {
    .start = start, .bytes = sizeof(batch), .receive = receive_batch, .send = send_batch};
