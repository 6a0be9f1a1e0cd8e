/* SPDX-License-Identifier: Apache-2.0 */
/* The poller: what the shared reactor asks of a system that reports readiness. Whoever brings Firth to such a system
 * (epoll, kqueue, poll, event ports, /dev/poll) reads this file, copies backends/epoll or backends/poll, and writes
 * these few functions; sockets, transfers, options and the ops' state machine are there already.
 *
 * A poller reports descriptors, it does not know sockets: a registration is a descriptor and a token. It keeps the token
 * as it is and hands it back with every report. The reactor knows a token that has grown stale - its socket closed,
 * its descriptor reused - and drops the report, so a poller need not search what it has fetched already.
 *
 * Threads: all is called from the selector's thread, except wake. Memory comes from firth_selector_allocate alone. */
#ifndef FTH_READINESS_POLLER_H
#define FTH_READINESS_POLLER_H

#include <firth/backend.h>

typedef struct fth_reactor fth_reactor;

/* What a poller reports; the reactor keeps the same bits in firth_io.state. Reporting too much is harmless - a
 * spurious wake-up - and reporting too little is a hang. */
enum {
    FTH_READABLE = 1u << 0, /* a read or accept may not wait: bytes, a client, the end of the stream, an error */
    FTH_WRITABLE = 1u << 1, /* a write may not wait: room, or an error */
    FTH_HANGUP = 1u << 2, /* one direction or both have ended, or an error is pending; comes with what it makes ready */
    FTH_URGENT = 1u << 3, /* urgent data (RFC 9293 §3.8.5) splits the stream: a short read is no proof any more */
    FTH_ERROR_SHIFT = 16  /* with FTH_HANGUP, the bits from here on may be the errno that the socket has, or had */
};

/* Asked for together with FTH_READABLE: each wait reports it for as long as it is so (level-triggered). */
enum { FTH_LEVEL = 1u << 13 };

/* A const table. Results are FIRTH_OK or a negative code made by firth_fail, but for `add`. */
typedef struct fth_poller {
    /* true: what `add` or `arm` asked for is reported at every change, for ever (edge-triggered), and `arm` only widens
     * a registration or asks for a second look.
     * false: a report comes only after `arm`, and disarms what it reports (one-shot). */
    bool edges;

    /* With edges: `add` and `arm` know FTH_LEVEL, which is asked for listeners alone, and `arm` without it ends it. */
    bool levels;

    /* With edges: `arm` for what is asked for already brings a report after a moment, and not at once. So a send that
     * found no buffers (ENOBUFS) waits and is tried again. Else it fails. */
    bool waits_for_buffers;

    /* Makes the poller's state in *state, and whatever wake needs, so that no later call lacks a descriptor. All
     * descriptors are closed on exec. After a failure nothing is left behind. */
    int (*open)(firth_selector *selector, void **state);
    void (*close)(void *state);

    /* Makes room for that many registrations, so that `arm` cannot fail. The low half of a token is below capacity.
     * NULL: nothing to reserve. */
    int (*reserve)(void *state, size_t capacity);

    /* With edges: registers a descriptor for `ready`, which has FTH_READABLE always and FTH_WRITABLE when a write is
     * blocked - most never are, and would only be reported as writable once more. Returns 0 or the errno of the step
     * named add_step. What is ready already is reported by the next wait. A registration that is there from an earlier
     * life of the descriptor is taken over. Without edges: NULL. */
    int (*add)(void *state, int descriptor, uint64_t token, unsigned ready);
    const char *add_step;

    /* Wants reports of `ready`, also of what is so already; with edges `ready` is all that is wanted from now on. Cannot
     * fail. */
    void (*arm)(void *state, int descriptor, uint64_t token, unsigned ready);

    /* Ends a registration, armed or not. `ended`: the peer's end of stream was seen and the descriptor is closed next.
     * Cannot fail. */
    void (*remove)(void *state, int descriptor, uint64_t token, bool ended);

    /* Waits at most timeout_ms (< 0: no limit) and calls fth_reactor_event (reactor.h) for each report of one batch. A signal or a
     * wake ends the wait early. Inside fth_reactor_event, arm, add and reserve may be called, remove may not. */
    int (*wait)(void *state, int timeout_ms, fth_reactor *reactor);

    /* Ends the wait that runs, or else the next one. Any thread, and signal handlers: async-signal-safe, errno is
     * kept. Many may be one. */
    void (*wake)(void *state);

    /* How many bytes the last report of FTH_READABLE told of, which whoever reads them counts down: of a poller that says
     * FTH_URGENT of each, a short read proves that there are no more bytes if it was of the last of these. NULL: it proves
     * nothing. */
    uint32_t *(*bytes)(void *state, uint64_t token);

    /* The descriptor that turns readable when wait has something to report; it stays the poller's. NULL: none. */
    int (*pollable)(void *state);

    /* The system's calls for many datagrams, for a backend that says FIRTH_CAN_BATCH; NULL: one is moved at a time. */
    const struct fth_batch *batch;
} fth_poller;

#endif
