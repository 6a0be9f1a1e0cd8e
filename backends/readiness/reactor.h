/* SPDX-License-Identifier: Apache-2.0 */
/* The reactor: the part that all readiness backends share. It turns reports of a poller into completions of ops.
 *
 * It tries first and waits later. firth_io.state says what the last report and the last transfer proved: a set
 * FTH_READABLE means a read may succeed, a clear one that it would block until the next report. So an op on a ready
 * socket costs one system call, and one on a socket that is known to be empty costs none. */
#ifndef FTH_READINESS_REACTOR_H
#define FTH_READINESS_REACTOR_H

#include "backends/readiness/errors.h"
#include "backends/readiness/poller.h"

/* Beside the poller's bits, in firth_io.state. The upper 16 bits hold an errno that a call took from the socket, see
 * fail_transfer in ops.c, or that a report told of. */
enum {
    FTH_WATCHED_READ = FTH_READABLE << 4,  /* the poller was asked for FTH_READABLE: it knows the descriptor */
    FTH_WATCHED_WRITE = FTH_WRITABLE << 4, /* and for FTH_WRITABLE, once a write was blocked */
    FTH_IPV6 = 1u << 6,                    /* its family; IPv4 otherwise */
    FTH_STANDING = 1u << 7,                /* what was asked for is reported again and again, until it is forgotten */
    FTH_DATAGRAMS = 1u << 8,               /* a datagram socket */
    FTH_CONNECTED = 1u << 9,  /* a datagram socket with a peer, whose errors are queued: see datagram_errors.c */
    FTH_MAPPED = 1u << 10,    /* whose address is IPv4's inside IPv6 */
    FTH_COALESCES = 1u << 11, /* a receive may bring a run of datagrams */
    FTH_UNIX = 1u << 12       /* a Unix socket */
};

/* What is known of reading: that it may succeed, or that it would block. Core asks for it by FIRTH_IO_DRY. */
static inline void fth_set_readable(firth_io *io)
{
    io->state = (io->state | FTH_READABLE) & ~(uint32_t)FIRTH_IO_DRY;
}
static inline void fth_set_dry(firth_io *io)
{
    io->state = (io->state & ~(uint32_t)FTH_READABLE) | FIRTH_IO_DRY;
}

/* Linux moves at most 2 GiB less a page at once and a BSD refuses more than INT_MAX (EINVAL, send(2)); a transfer that the
 * system cut short by itself would be taken for a short one. Streams ask for less than either. Tests:
 * no_call_asks_for_more_than_the_system_moves, more_bytes_than_any_call_takes_go_with_one_descriptor. */
enum { FTH_TRANSFER_BYTES = 1 << 30 };

/* A socket's place in the reactor's table. Its number and generation are the token of its registration, so a report that
 * was meant for the place's last owner is known as such. */
typedef struct fth_slot {
    union {
        firth_io *io;
        size_t next_free;
    } is;
    uint32_t generation;
    union {
        struct {
            /* The largest datagram that the system is asked to cut off a run; 0: it cannot. See linux_batch.c */
            uint16_t segment_most;
            uint8_t traffic_class; /* as set, for datagrams that differ from it in their ECN alone */
            bool asks_again;  /* the next receive is one that takes a short batch for no proof; see linux_batch.c */
            uint8_t found;    /* how often such a receive found something lately */
            uint8_t believed; /* short batches since the last such receive */
        } datagrams;
        struct {
            uint8_t used_up;  /* reports in a row of which every accept was used; see accept.c */
            uint8_t left;     /* accepts of the report that is being used */
            uint8_t unheeded; /* reports since the last accept */
            uint8_t hurried;  /* the reactor's, at the last accept */
        } listener;
    } of;
} fth_slot;

struct fth_reactor {
    firth_selector *selector;
    const fth_poller *poller;
    void *poller_state;
    fth_slot *slots;
    size_t capacity;
    size_t used; /* slots below this have been in use at least once */
    size_t first_free;
    size_t free_count;
    void *batch;     /* the memory of poller->batch, once there is a datagram socket */
    uint8_t hurried; /* counts the waits that did not sleep, since tasks were ready already */
};

static inline fth_reactor *fth_reactor_of(const firth_io *io)
{
    return firth_selector_state(io->selector);
}

/* ---- slots.c ----------------------------------------------------------------------------------------------------- */

/* Makes sure that fth_slots_take succeeds once. FIRTH_OK or FIRTH_ERR_NO_MEMORY. */
int fth_slots_reserve(fth_reactor *reactor);
void fth_slots_take(fth_reactor *reactor, firth_io *io);
void fth_slots_give(fth_reactor *reactor, firth_io *io);
uint64_t fth_slots_token(const fth_reactor *reactor, const firth_io *io);

/* NULL when the token is stale. A free slot has a generation that was never handed out yet. */
static inline firth_io *fth_slots_find(const fth_reactor *reactor, uint64_t token)
{
    size_t number = (uint32_t)token;

    if (number >= reactor->used || reactor->slots[number].generation != token >> 32)
        return NULL;
    return reactor->slots[number].is.io;
}
void fth_slots_release(fth_reactor *reactor);

/* ---- reactor.c, ops.c: slots of firth_backend ---------------------------------------------------------------------- */

int fth_reactor_open(firth_selector *selector, const fth_poller *poller);
void fth_reactor_close(firth_selector *selector);
firth_submit fth_reactor_submit(firth_op *op);
void fth_reactor_cancel(firth_op *op);

/* NetBSD hands on no more of TCP's and IP's options to an accepted socket than TCP_NODELAY (syn_cache_get), so core sets them
 * there once more. FTH_FEW_INHERITED: as there in any case.
 * Test: every_option_is_on_the_connected_and_the_accepted_socket, preset kqueue-netbsd. */
#if defined(__NetBSD__) || defined(FTH_FEW_INHERITED)
#define FTH_CAN_INHERIT 0u
#else
#define FTH_CAN_INHERIT FIRTH_CAN_INHERIT
#endif

/* What a wait may take. */
int fth_reactor_timeout_ms(fth_reactor *reactor, int64_t until_ns);
void fth_reactor_wake(firth_selector *selector);
int fth_reactor_pollable(firth_selector *selector, intptr_t *descriptor);

/* poll, of a backend whose poller that is. Inline, and so is what its wait makes of a report: behind a system call
 * processors do not know any more where a return goes, so each level of calls around one costs. */
FIRTH_INLINE int fth_reactor_poll(const fth_poller *poller, firth_selector *selector, int64_t until_ns)
{
    fth_reactor *reactor = firth_selector_state(selector);
    int timeout_ms = until_ns == INT64_MAX ? -1 : fth_reactor_timeout_ms(reactor, until_ns);

    return poller->wait(reactor->poller_state, timeout_ms, reactor);
}

/* An op that waits is tried again, and ends or goes on waiting. */
void fth_reactor_retry(fth_reactor *reactor, firth_io *io, firth_op **side);

/* A listener was reported, and nobody accepts. */
FIRTH_COLD void fth_reactor_end_level(fth_reactor *reactor, firth_io *io);

/* Takes a report. Called from a poller's wait alone. */
FIRTH_INLINE void fth_reactor_event(fth_reactor *reactor, uint64_t token, unsigned ready)
{
    firth_io *io = fth_slots_find(reactor, token);

    if (io == NULL)
        return;
    if (ready >> FTH_ERROR_SHIFT != 0 && io->state >> FTH_ERROR_SHIFT != 0)
        ready &= ((uint32_t)1 << FTH_ERROR_SHIFT) - 1; /* the first error is the one that counts */
    io->state |= ready;
    if ((ready & FTH_READABLE) != 0)
        fth_set_readable(io);
    /* The reader first: a send would take the socket's error away, and the reader tells the bytes before it. */
    if (io->reading != NULL && (io->state & FTH_READABLE) != 0)
        fth_reactor_retry(reactor, io, &io->reading);
    else if ((io->state & FTH_LEVEL) != 0)
        fth_reactor_end_level(reactor, io);
    if (io->writing != NULL && (io->state & FTH_WRITABLE) != 0)
        fth_reactor_retry(reactor, io, &io->writing);
}

/* Ends the registration and the slot of io; the descriptor is about to be closed or given away. */
void fth_reactor_forget(firth_io *io, bool closing);

/* ---- attempts: each tries its op once and returns whether it ended; result, os_code and step are set then --------- */

bool fth_attempt_accept(firth_op *op);
bool fth_attempt_connect(firth_op *op);
bool fth_attempt_connected(firth_op *op);
bool fth_attempt_connect_datagrams(firth_op *op);

/* Ends an attempt; all return true. os_code is 0 when the system was not asked. */
static inline bool fth_end(firth_op *op, int64_t result, int os_code, const char *step)
{
    op->result = result;
    op->os_code = os_code;
    op->step = step;
    return true;
}
static inline bool fth_succeed(firth_op *op, int64_t result)
{
    return fth_end(op, result, 0, NULL);
}
static inline bool fth_fail(firth_op *op, int os_code, const char *step)
{
    return fth_end(op, fth_errno_code(os_code), os_code, step);
}

/* ---- sockets.c, adopt.c, options.c, datagram.c, multicast.c: slots of firth_backend --------------------------------------------------------- */

int fth_native_open(firth_io *io, firth_family family);
void fth_native_close(firth_io *io, firth_close_how how);
int fth_native_bind(firth_io *io, const firth_address *address);
int fth_native_listen(firth_io *io, int backlog);
int fth_native_local_address(const firth_io *io, firth_address *address);
int fth_native_peer_address(const firth_io *io, firth_address *address);
int fth_native_shutdown_write(firth_io *io);
int fth_native_adopt(firth_io *io, intptr_t native);
int fth_native_release(firth_io *io, intptr_t *native);

/* Takes over a native socket that was looked at: its flags are set, and it has its slot, or everything is as it was. */
int fth_adopt(firth_io *io, int native, uint32_t state);
int fth_native_set_option(firth_io *io, firth_option option, int value);
int fth_native_get_option(const firth_io *io, firth_option option, int *value);
int fth_native_datagram_open(firth_io *io, firth_family family);
int fth_native_multicast(firth_io *io, firth_membership membership, const firth_address *group,
                         uint32_t interface_index, const firth_address *source);

extern const firth_unix_backend fth_readiness_unix; /* unix.c */

/* The slots of firth_backend that all readiness backends have in common. */
/* clang-format off */
#define FTH_READINESS_SLOTS                                                                                            \
    .close = fth_reactor_close,                                                                                        \
    .socket_open = fth_native_open,                                                                                    \
    .datagram_open = fth_native_datagram_open,                                                                         \
    .socket_close = fth_native_close,                                                                                  \
    .adopt = fth_native_adopt,                                                                                         \
    .release = fth_native_release,                                                                                     \
    .bind = fth_native_bind,                                                                                           \
    .listen = fth_native_listen,                                                                                       \
    .set_option = fth_native_set_option,                                                                               \
    .get_option = fth_native_get_option,                                                                               \
    .multicast = fth_native_multicast,                                                                                 \
    .local_address = fth_native_local_address,                                                                         \
    .peer_address = fth_native_peer_address,                                                                           \
    .shutdown_write = fth_native_shutdown_write,                                                                       \
    .submit = fth_reactor_submit,                                                                                      \
    .cancel = fth_reactor_cancel,                                                                                      \
    .wake = fth_reactor_wake,                                                                                          \
    .unix_sockets = &fth_readiness_unix
/* clang-format on */

#endif
