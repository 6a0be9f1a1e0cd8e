/* SPDX-License-Identifier: Apache-2.0 */
/* The backend interface: what Firth asks of a network. Whoever brings Firth to a new platform reads this file, copies
 * backends/poll (a system with readiness) or writes submit and cancel directly (one with completions), and runs the
 * tests. Everything about time, tasks, buffers and names is in core; a backend moves bytes.
 *
 * Completion is the only shape. Core fills in an op and submits it; the backend either finishes it at once (DONE) or
 * keeps it (PENDING) and later ends it with firth_op_complete.
 *
 * The law of one ending: every op that submit left PENDING gets exactly one firth_op_complete, whatever happens:
 * success, error, cancel. Until then the op and the memory it points to belong to the backend, also after cancel;
 * afterwards the backend touches neither. Ops live on the stacks of suspended tasks, so a late touch corrupts a stack.
 *
 * Threads: every slot is called from the selector's thread alone, except wake. No slot suspends a task; no slot but
 * poll may block the thread. No slot calls back into core except by the functions at the end of this file, and
 * firth_op_complete only from inside poll or cancel. */
#ifndef FIRTH_BACKEND_H
#define FIRTH_BACKEND_H

#include <firth/address.h>
#include <firth/channel.h>
#include <firth/selector.h>
#include <firth/socket.h>

FIRTH_BEGIN_DECLS

typedef struct firth_op firth_op;
typedef struct firth_io firth_io;

typedef enum firth_op_kind {
    FIRTH_OP_WAIT_READABLE, /* ends with FIRTH_OK when a receive or accept would not wait: bytes, a client, the end or
                               an error. May end early (core tries again), never late. Pins no memory */
    FIRTH_OP_WAIT_WRITABLE, /* the same for a send */
    FIRTH_OP_ACCEPT,        /* takes a client into `accepted`, an io that core has zeroed and that the backend opens.
                               Result FIRTH_OK; the client's error is not the listener's: drop that one and go on, but
                               let FIRTH_ERR_TOO_MANY_OPEN, _NO_MEMORY and _NO_BUFFERS through: core backs off */
    FIRTH_OP_CONNECT,       /* connects to `address`; result FIRTH_OK or why not. EINTR is no failure */
    FIRTH_OP_RECEIVE,       /* result: the count, at least 1; 0 for the peer's end of stream; an error, after all bytes
                               that came before it */
    FIRTH_OP_SEND,          /* sends the pieces in order; result: the count, at least 1 - fewer than all is fine, core
                               sends the rest - or an error. Raises no signal */
} firth_op_kind;

typedef enum firth_submit {
    FIRTH_SUBMIT_DONE = 0,   /* op->result is set; there will be no firth_op_complete */
    FIRTH_SUBMIT_PENDING = 1 /* there will be exactly one */
} firth_submit;

/* Most pieces a send or receive op has. */
enum { FIRTH_OP_PIECES_MAX = 16 };

/* One operation. Core owns the memory and sets the first group; the backend sets `result` by finishing the op and may
 * use `backend` as it likes while it has it. */
struct firth_op {
    uint8_t kind;      /* a firth_op_kind */
    bool attempt_only; /* never PENDING: FIRTH_ERR_WOULD_BLOCK instead */
    bool look_again;   /* ask the system even if its last report says that it would block */
    uint8_t state;     /* core's */
    uint8_t piece_count;
    int32_t os_code; /* by firth_op_fail or firth_op_complete: the system's code of a failure, else 0 */
    firth_io *io;
    union {
        firth_buffer *pieces; /* RECEIVE writes to, SEND reads from; sizes > 0 */
        firth_io *accepted;
        const firth_address *address;
    } with;
    int64_t result;
    const char *step; /* of a failure, as the manuals call it: "recv", "getsockopt(SO_ERROR)"; static storage */
    void (*done)(firth_op *op); /* core's; NULL: wakes the task that is the owner */
    void *owner;                /* core's */
    firth_op *next;             /* core's, once it is complete */
    void *backend[2];           /* the backend's, while it has the op */
};

/* The one bit of firth_io.state that core looks at: a receive is known to wait, until a WAIT_READABLE has ended. Core
 * then waits without an attempt. A backend that does not know leaves it clear. */
#define FIRTH_IO_DRY 0x8000u

/* A socket as the backend sees it: core's memory, the backend's contents, from socket_open, adopt or an ACCEPT to
 * socket_close or release. Core never moves it and has at most one op of {WAIT_READABLE, ACCEPT, RECEIVE} and one of
 * {WAIT_WRITABLE, CONNECT, SEND} on it at a time. */
struct firth_io {
    firth_selector *selector; /* set by core */
    intptr_t native;          /* descriptor, handle or control block; -1 while there is none */
    uint32_t slot;
    uint32_t state; /* see FIRTH_IO_DRY */
    firth_op *reading;
    firth_op *writing;
};

typedef enum firth_close_how {
    FIRTH_CLOSE_NORMAL, /* what the kernel has is sent, then FIN */
    FIRTH_CLOSE_RESET,  /* RST; unsent bytes are dropped */
} firth_close_how;

typedef enum firth_capability {
    FIRTH_CAN_POLLABLE = 1u << 0,  /* `pollable` gives a descriptor */
    FIRTH_CAN_INHERIT = 1u << 1,   /* accepted sockets have the listener's options; else core sets them again */
    FIRTH_CAN_ADOPT = 1u << 2,     /* adopt and release work */
    FIRTH_CAN_REUSE_PORT = 1u << 3 /* SO_REUSEPORT spreads clients */
} firth_capability;

/* A const table. Slots return FIRTH_OK or a negative code, made by firth_fail so that the system's code is kept. */
struct firth_backend {
    const char *name;      /* what -DFIRTH_BACKEND= calls it */
    unsigned capabilities; /* firth_capability bits; what is missing has a fallback in core or is refused by name */

    /* Makes the backend's state for a selector and hands it to firth_selector_set_state. After a failure close is not
     * called and nothing is left behind. */
    int (*open)(firth_selector *selector);

    /* Frees the state. All ios are closed and all ops have ended before. */
    void (*close)(firth_selector *selector);

    /* Makes an unbound, non-blocking TCP socket of that family in io (zeroed by core, `selector` set), not inherited by
     * child processes from its first moment on, that raises no SIGPIPE; and reserves whatever later submits need, as
     * far as it can be reserved: better to fail here than there. */
    int (*socket_open)(firth_io *io, firth_family family);

    /* Closes io; no op is pending on it. What the system would still report of it must not reach the next io that gets
     * the same descriptor or the same memory. Cannot fail. */
    void (*socket_close)(firth_io *io, firth_close_how how);

    /* Takes over a native connected stream socket, made non-blocking and uninheritable. On failure the descriptor is
     * as it was. NULL without FIRTH_CAN_ADOPT. */
    int (*adopt)(firth_io *io, intptr_t native);

    /* Gives the native socket away, open, non-blocking, and forgotten by the backend. No op is pending. */
    int (*release)(firth_io *io, intptr_t *native);

    /* bind(2) and listen(2); core has set the options before. */
    int (*bind)(firth_io *io, const firth_address *address);
    int (*listen)(firth_io *io, int backlog);

    /* Options, by intent: the unit and meaning of each are in socket.h and tcp.h and the same everywhere.
     * FIRTH_ERR_NOT_SUPPORTED for what the platform lacks: never a silent success. */
    int (*set_option)(firth_io *io, firth_option option, int value);
    int (*get_option)(const firth_io *io, firth_option option, int *value);

    /* The ends' addresses; FIRTH_ERR_NOT_CONNECTED when there is none any more. */
    int (*local_address)(const firth_io *io, firth_address *address);
    int (*peer_address)(const firth_io *io, firth_address *address);

    /* Ends the writing side with FIN; reading goes on. */
    int (*shutdown_write)(firth_io *io);

    /* Starts an op: DONE at once, or PENDING. Never calls firth_op_complete. */
    firth_submit (*submit)(firth_op *op);

    /* Asks a PENDING op to end soon. Cannot fail. It ends with FIRTH_ERR_CANCELED, or with its real result if it was
     * done already or could not be stopped: data beats cancel. May call firth_op_complete for this op. */
    void (*cancel)(firth_op *op);

    /* Waits until there is something to report, wake was called, or until_ns of firth_now_ns() has passed, and ends
     * the ops that are done. until_ns 0: do not wait; INT64_MAX: no limit. May return early with nothing done, must
     * not return before until_ns so often that the caller spins: round up. Negative code: the loop cannot go on. */
    int (*poll)(firth_selector *selector, int64_t until_ns);

    /* Makes the poll that runs, or else the next one, return soon. The only slot legal from another thread or a signal
     * handler. Many wakes may be one. */
    void (*wake)(firth_selector *selector);

    /* The descriptor that turns readable when poll has something to do. NULL without FIRTH_CAN_POLLABLE. */
    int (*pollable)(firth_selector *selector, intptr_t *descriptor);

    /* The time of the selector, in nanoseconds, > 0, that never goes back: all its deadlines, until_ns and firth_now_ns()
     * in its tasks are of this clock. NULL: the port's, as for every real network. Selector's thread. */
    int64_t (*now_ns)(const firth_selector *selector);
};

/* ---- what core gives a backend ----------------------------------------------------------------------------------- */

/* Ends a PENDING op: result as its kind says; os_code and step of a failure, else 0 and NULL. The op is core's again
 * when this returns. Selector's thread, inside poll or cancel. Never suspends, never runs a task. */
FIRTH_API void firth_op_complete(firth_op *op, int64_t result, int os_code, const char *step);

/* Notes a failure for firth_last_failure and returns code. step: static storage. */
FIRTH_API FIRTH_COLD int firth_fail(int code, int os_code, const char *step);

/* What firth_selector_options.backend_argument was, for open. */
FIRTH_API void *firth_selector_backend_argument(const firth_selector *selector);

/* For a backend that turns the loops of several selectors on one thread. When the loop must turn next: 0, it has
 * something to do now; a deadline; INT64_MAX, never by itself. Selector's thread. */
FIRTH_API int64_t firth_selector_deadline_ns(const firth_selector *selector);

/* Whether a thread of the selector's is at work, in firth_blocking or at a name, whose end will wake it. Selector's
 * thread. */
FIRTH_API bool firth_selector_has_jobs(const firth_selector *selector);

/* The backend's state, as open left it. wake may call it from another thread. */
FIRTH_API void *firth_selector_state(const firth_selector *selector);
FIRTH_API void firth_selector_set_state(firth_selector *selector, void *state);

/* Memory by the selector's allocation hook, zeroed; NULL when there is none. Never after open except to grow. */
FIRTH_API void *firth_selector_allocate(firth_selector *selector, size_t bytes);
FIRTH_API void firth_selector_release(firth_selector *selector, void *memory);

/* The tables of the backends that come with Firth; which of them a build has is its configuration. */
extern FIRTH_API const firth_backend firth_backend_epoll;
extern FIRTH_API const firth_backend firth_backend_poll;
extern FIRTH_API const firth_backend firth_backend_sim; /* see sim.h */

FIRTH_END_DECLS

#endif
