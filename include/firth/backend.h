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
#include <firth/datagram.h>
#include <firth/selector.h>
#include <firth/socket.h>
#include <firth/unix_datagram.h>

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
    FIRTH_OP_CONNECT,       /* connects to `address`; result FIRTH_OK or why not. EINTR is no failure. A datagram socket
                               is DONE at once: it takes datagrams from that peer alone from now on, and ICMP errors of
                               the peer are kept until the next op tells of them, and the socket lives on. One that is not
                               connected must never tell such errors */
    FIRTH_OP_RECEIVE,       /* result: the count, at least 1; 0 for the peer's end of stream; an error, after all bytes
                               that came before it */
    FIRTH_OP_SEND,          /* sends the pieces in order; result: the count, at least 1 - fewer than all is fine, core
                               sends the rest - or an error. Raises no signal */
    FIRTH_OP_RECEIVE_DATAGRAMS, /* fills in datagrams, whatever their size: result: how many, at least 1, in their order;
                                   fewer than there are is fine. Every field that datagram.h calls received, of the
                                   control too, is set each time; what is not known as the comments there say. Too long for
                                   its memory is truncated, no error. An error is one that was pending on the socket, see
                                   CONNECT, and is told once */
    FIRTH_OP_SEND_DATAGRAMS, /* sends datagrams in their order, each whole or not at all; result: how many, at least 1;
                                   fewer than all is fine, core sends the rest. An error: the first was not sent because
                                   of it, or because of one that was pending. No room for the first: it waits */
} firth_op_kind;

typedef enum firth_submit {
    FIRTH_SUBMIT_DONE = 0,   /* op->result is set; there will be no firth_op_complete */
    FIRTH_SUBMIT_PENDING = 1 /* there will be exactly one */
} firth_submit;

/* Most pieces a send or receive op has, and most datagrams. */
enum { FIRTH_OP_PIECES_MAX = 16, FIRTH_OP_DATAGRAMS_MAX = 64 };

/* One operation. Core owns the memory and sets the first group; the backend sets `result` by finishing the op and may
 * use `backend` as it likes while it has it. */
struct firth_op {
    uint8_t kind;        /* a firth_op_kind */
    bool attempt_only;   /* never PENDING: FIRTH_ERR_WOULD_BLOCK instead */
    bool look_again;     /* ask the system even if its last report says that it would block */
    uint8_t state;       /* core's */
    uint8_t piece_count; /* or datagrams */
    bool has_control;    /* RECEIVE_DATAGRAMS of more than one: a datagram may have a control struct */
    int32_t os_code;     /* by firth_op_fail or firth_op_complete: the system's code of a failure, else 0 */
    firth_io *io;
    union {
        firth_buffer *pieces; /* RECEIVE writes to, SEND reads from; sizes > 0 */
        firth_io *accepted;
        const firth_address *address;
        firth_datagram *datagrams; /* the caller's own; SEND_DATAGRAMS only reads them and what they point to */
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
 * socket_close or release. Core never moves it and has at most one op of {WAIT_READABLE, ACCEPT, RECEIVE,
 * RECEIVE_DATAGRAMS} and one of {WAIT_WRITABLE, CONNECT, SEND, SEND_DATAGRAMS} on it at a time. */
struct firth_io {
    firth_selector *selector; /* set by core */
    intptr_t native;          /* descriptor, handle or control block; -1 while there is none */
    uint32_t slot;
    uint32_t state; /* see FIRTH_IO_DRY */
    firth_op *reading;
    firth_op *writing;
};

/* A name that the network's own resolver looks up: core's memory, and the backend's use, from resolve until its end. */
typedef struct firth_name {
    const char *host; /* neither empty nor an address; ends with NUL */
    uint8_t family;   /* a firth_family; FIRTH_FAMILY_NONE: both */
    void *backend[2]; /* the backend's, while it has the name */
} firth_name;

typedef enum firth_close_how {
    FIRTH_CLOSE_NORMAL, /* what the kernel has is sent, then FIN */
    FIRTH_CLOSE_RESET,  /* RST; unsent bytes are dropped */
} firth_close_how;

typedef enum firth_membership { FIRTH_MEMBERSHIP_JOIN, FIRTH_MEMBERSHIP_LEAVE } firth_membership;

typedef enum firth_capability {
    FIRTH_CAN_POLLABLE = 1u << 0,   /* `pollable` gives a descriptor */
    FIRTH_CAN_INHERIT = 1u << 1,    /* accepted sockets have the listener's options; else core sets them again */
    FIRTH_CAN_ADOPT = 1u << 2,      /* adopt and release work */
    FIRTH_CAN_REUSE_PORT = 1u << 3, /* SO_REUSEPORT spreads clients */
    FIRTH_CAN_DATAGRAMS = 1u << 4,  /* datagram_open and multicast are there */
    FIRTH_CAN_BATCH = 1u << 5, /* one receive op takes all datagrams that are there; else core asks again for each */
    FIRTH_CAN_UNIX = 1u << 6   /* unix_sockets is there */
} firth_capability;

/* A file that a socket made, so that it is known again. */
typedef struct firth_unix_file {
    uint64_t device;
    uint64_t number;
    intptr_t folder; /* of a relative path, to find it from another working directory: the backend's; -1: not kept */
} firth_unix_file;

/* Unix sockets, a table of their own: most slots of firth_backend and the ops WAIT_READABLE, WAIT_WRITABLE, ACCEPT,
 * RECEIVE and SEND are theirs too, but for socket_open, adopt, bind, CONNECT and the addresses. */
typedef struct firth_unix_backend {
    /* As socket_open: a stream or a datagram socket. */
    int (*open)(firth_io *io, bool datagrams);

    /* As adopt; a datagram socket need not be connected. */
    int (*adopt)(firth_io *io, intptr_t native, bool datagrams);

    /* Connects, at once. FIRTH_OK; FIRTH_ERR_WOULD_BLOCK when the listener's backlog is full, and core asks again;
     * FIRTH_ERR_REFUSED also when there is nothing at that path; another code. A datagram socket may be connected again. */
    int (*connect)(firth_io *io, const firth_unix_address *address);

    /* bind(2), with mode and replace_stale as the builder has them. *file: the file made, device and number zero for an
     * abstract name. unlink_later: unlink is going to be called, from whatever working directory the program has by then.
     * After a failure no file is left behind that was not there, and nothing kept. */
    int (*bind)(firth_io *io, const firth_unix_address *address, int mode, bool replace_stale, bool unlink_later,
                firth_unix_file *file);

    /* Removes the file at that path if it still is that one, and lets go of the folder. io is still bound. Cannot fail. */
    void (*unlink)(const firth_unix_address *address, const firth_unix_file *file);

    /* The address of this end or of the peer's. FIRTH_ERR_NOT_CONNECTED when there is none any more. */
    int (*address)(const firth_io *io, bool of_peer, firth_unix_address *address);
    int (*credentials)(const firth_io *io, firth_unix_credentials *credentials);

    /* An attempt to receive, as a RECEIVE op that is attempt_only, with descriptors: the count, 0 for the end, or a code.
     * Of a datagram socket one datagram, which may be empty. Every field of the message that is called received is set. */
    int64_t (*receive)(firth_io *io, firth_unix_message *message);

    /* An attempt to send, as a SEND op that is attempt_only: descriptors go with the first byte. A datagram goes whole.
     * FIRTH_ERR_WOULD_BLOCK: a WAIT_WRITABLE tells when it may go - but not of a datagram with an address, for which core
     * asks again after a while. */
    int64_t (*send)(firth_io *io, const firth_unix_message *message);

    /* close(2) of a descriptor that was received. */
    void (*discard)(intptr_t descriptor);
} firth_unix_backend;

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

    /* The same for a UDP socket, which takes the slots below but for listen and shutdown_write, and the ops WAIT_READABLE,
     * WAIT_WRITABLE, CONNECT, RECEIVE_DATAGRAMS and SEND_DATAGRAMS. Sent to before it is bound, it gets a port. An IPv6
     * socket that is not ipv6_only takes IPv4 addresses as such and mapped (RFC 4291 §2.5.5.2), and shows them mapped.
     * NULL without FIRTH_CAN_DATAGRAMS. */
    int (*datagram_open)(firth_io *io, firth_family family);

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

    /* Options, by intent: the unit and meaning of each are in option.h, socket.h and the builders' headers, and the same
     * everywhere. Core has checked that sockets of that kind have the option and that the value is within the table's
     * range. FIRTH_ERR_NOT_SUPPORTED, naming it by firth_option_step, for what the platform lacks: never a silent
     * success. */
    int (*set_option)(firth_io *io, firth_option option, int value);
    int (*get_option)(const firth_io *io, firth_option option, int *value);

    /* Joins or leaves a group, see firth_multicast_join; source may be NULL. Core has checked that group and source are of
     * one family and group is a multicast address. NULL without FIRTH_CAN_DATAGRAMS. */
    int (*multicast)(firth_io *io, firth_membership membership, const firth_address *group, uint32_t interface_index,
                     const firth_address *source);

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

    /* NULL without FIRTH_CAN_UNIX. */
    const firth_unix_backend *unix_sockets;

    /* Starts to look a name up: FIRTH_OK, and then exactly one firth_name_complete, or resolve_cancel before it. Another
     * code: neither. NULL, both: names are the system's, which the port asks on a thread. */
    int (*resolve)(firth_selector *selector, firth_name *name);

    /* Nobody waits for it any more: it is core's again when this returns. Cannot fail. */
    void (*resolve_cancel)(firth_selector *selector, firth_name *name);
};

/* ---- what core gives a backend ----------------------------------------------------------------------------------- */

/* Ends a PENDING op: result as its kind says; os_code and step of a failure, else 0 and NULL. The op is core's again
 * when this returns. Selector's thread, inside poll or cancel. Never suspends, never runs a task. */
FIRTH_API void firth_op_complete(firth_op *op, int64_t result, int os_code, const char *step);

/* Ends a look-up: how many addresses there are, in the order in which they should be tried, or FIRTH_ERR_NAME_… with what
 * failed. The addresses are copied, their ports are nothing. Selector's thread, inside poll. Never suspends, never runs a
 * task. */
FIRTH_API void firth_name_complete(firth_name *name, int result, const firth_address *addresses, int os_code,
                                   const char *step);

/* Notes a failure for firth_last_failure and returns code. step: static storage. */
FIRTH_API FIRTH_COLD int firth_fail(int code, int os_code, const char *step);

/* The same with firth_failure.detail, at most 255 bytes of it, as printf(3). */
FIRTH_API FIRTH_COLD int firth_fail_in_words(int code, int os_code, const char *step, const char *format, ...)
    FIRTH_PRINTF(4, 5);

/* A build without words leaves them out of the image. */
#if defined(FIRTH_BUILDING) && defined(FIRTH_NO_WORDS)
#define firth_fail_in_words(code, os_code, step, ...)                                                                  \
    ((void)sizeof(firth_fail_in_words(code, os_code, step, __VA_ARGS__)), firth_fail(code, os_code, step))
#endif

/* One without steps leaves those out, too: what is noted is the code, and the system's. */
#if defined(FIRTH_BUILDING) && defined(FIRTH_NO_STEPS)
FIRTH_COLD int fth_fail_plainly(int code, int os_code);
FIRTH_COLD int fth_fail_alone(int code);
#define firth_fail(code, os_code, step)                                                                                \
    ((void)sizeof(step),                                                                                               \
     __builtin_constant_p(os_code) && (os_code) == 0 ? fth_fail_alone(code) : fth_fail_plainly(code, os_code))
#endif

/* The option as firth_last_failure()->step names it, "option no_delay". Static storage. */
FIRTH_API const char *firth_option_step(firth_option option);

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
extern FIRTH_API const firth_backend firth_backend_kqueue;
extern FIRTH_API const firth_backend firth_backend_poll;
extern FIRTH_API const firth_backend firth_backend_iocp;
extern FIRTH_API const firth_backend firth_backend_sim; /* see sim.h */
extern FIRTH_API const firth_backend firth_backend_lwip;

FIRTH_END_DECLS

#endif
