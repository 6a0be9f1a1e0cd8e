/* SPDX-License-Identifier: Apache-2.0 */
/* The backend of Windows: overlapped operations on an I/O completion port.
 *
 * What the system has of an op is an OVERLAPPED in the socket's record, which has one for each side and lives as long as
 * the socket: an op is retired by its packet alone, whatever the calls before it said. Only where the provider promises
 * to send none after an immediate success (FTH_SKIPS) is that the end.
 *
 * Sockets are non-blocking, so an attempt is a call without an OVERLAPPED. A socket joins the port at its first op that
 * is more than an attempt: it joins one for life, and until then can still be handed to another selector. */
#ifndef FTH_IOCP_H
#define FTH_IOCP_H

#include <winsock2.h>

#include <mswsock.h>
#include <ws2tcpip.h>

#include <stdatomic.h>

#include <firth/backend.h>

#include "backends/readiness/address.h"

/* In firth_io.state, beside FIRTH_IO_DRY. The upper 16 bits hold the first error of a transfer: the system tells it once,
 * and later the stream's end (measured). */
enum {
    FTH_IPV6 = 1u << 0,
    FTH_JOINED = 1u << 1, /* the completion port */
    FTH_SKIPS = 1u << 2,  /* no packet comes after an immediate success */
    FTH_BOUND = 1u << 3,  /* to an address */
    FTH_LISTENS = 1u << 4,
    FTH_BLOCKED = 1u << 5,    /* the last attempt to send found no room */
    FTH_KEPT_ALIVE = 1u << 6, /* keep-alive was asked for */
    FTH_REUSES = 1u << 7,     /* reuse_address was */
    FTH_ENDED = 1u << 8,      /* the peer's side has, and that was told */
    FTH_SHUT = 1u << 9,       /* this side has */
    FTH_DATAGRAMS = 1u << 10,
    FTH_CONNECTED = 1u << 11, /* of datagrams: has a peer */
    FTH_MAPPED = 1u << 12,    /* an IPv4 one, of an IPv6 socket */
    FTH_UNIX = 1u << 13,
    FTH_LAYERED = 1u << 14, /* adopted, of a provider that sends packets as it likes */
    FTH_ERROR_SHIFT = 16
};

/* A local and a remote address, each with the 16 bytes that AcceptEx wants beside it, in a listener's ahead, which receives
 * nothing: enough for those of Unix sockets. */
enum { FTH_ACCEPT_ADDRESS_BYTES = 128 };

/* Most bytes that a wait receives. */
enum { FTH_AHEAD_BYTES = 512 };

/* Most bytes of control data of one datagram, either way. */
enum { FTH_CONTROL_BYTES = 192 };

/* What a call for one datagram points to, while the system knows of it. */
typedef struct fth_message {
    WSAMSG message;
    WSABUF piece;
    fth_native_address address;
    _Alignas(WSACMSGHDR) char control[FTH_CONTROL_BYTES];
} fth_message;

typedef struct fth_messages {
    fth_message receiving;
    fth_message sending;
    OVERLAPPED mark; /* see fth_mark in datagram.c */
    bool is_marked;
} fth_messages;

typedef struct fth_record fth_record;
typedef struct fth_iocp fth_iocp;

/* How the end of an op is told where no packet does; see events.c. */
typedef struct fth_event {
    HANDLE event;
    HANDLE wait;
} fth_event;

/* What a socket has that must not move while the system knows of it. */
struct fth_record {
    OVERLAPPED reading;
    OVERLAPPED writing;
    fth_event reading_event; /* of a socket that belongs to another port */
    fth_event writing_event;
    fth_iocp *iocp;
    firth_io *io; /* NULL: free, or of a client that is awaited */
    uint32_t number;
    uint32_t generation;
    uint32_t keep_alive_idle_s; /* where the system takes them together only; 0: its own */
    uint32_t keep_alive_interval_s;
    fth_record *next_free;
    fth_record *client; /* of a listener: what the next client gets, with */
    SOCKET client_socket;
    bool client_is_here;           /* a wait has taken it already */
    struct fth_messages *messages; /* of a datagram socket */
    int64_t waiting_since_ns;      /* for something to receive */
    bool is_busy;                  /* the last wait was not long */
    uint32_t ahead_start;          /* what the last wait has received, and nobody has taken yet */
    uint32_t ahead_end;
    char ahead[FTH_AHEAD_BYTES];
};

enum { FTH_PACKETS_MAX = 64 };

typedef struct fth_timer {
    HANDLE timer;     /* NULL: there is none */
    int64_t until_ns; /* what it is set to; 0: it has rung */
} fth_timer;

struct fth_iocp {
    firth_selector *selector;
    HANDLE port;
    atomic_int woken; /* a packet that says so is in the port */
    fth_timer timer;
    bool skips[2]; /* by FTH_IPV6 */
    LPFN_ACCEPTEX accept;
    LPFN_CONNECTEX connect;
    LPFN_WSARECVMSG receive_message;
    LPFN_WSASENDMSG send_message;
    fth_record **records;
    size_t capacity;
    size_t count;
    fth_record *free;
    OVERLAPPED_ENTRY packets[FTH_PACKETS_MAX];
};

static inline fth_iocp *fth_iocp_of(const firth_io *io)
{
    return firth_selector_state(io->selector);
}

static inline fth_record *fth_record_of(const firth_io *io)
{
    return fth_iocp_of(io)->records[io->slot];
}

static inline SOCKET fth_socket_of(const firth_io *io)
{
    return (SOCKET)io->native;
}

/* ---- records.c --------------------------------------------------------------------------------------------------- */

/* NULL when there is no memory, which is noted. */
fth_record *fth_record_take(fth_iocp *iocp);
void fth_record_give(fth_iocp *iocp, fth_record *record);
void fth_records_release(fth_iocp *iocp);

/* Makes record that of io. */
static inline void fth_record_use(fth_record *record, firth_io *io)
{
    record->io = io;
    io->slot = record->number;
}

/* The completion key of a socket's packets, never 0, and back; NULL for one of a socket that is gone. */
ULONG_PTR fth_record_key(const fth_record *record);
fth_record *fth_record_find(const fth_iocp *iocp, ULONG_PTR key);

/* ---- timer.c ----------------------------------------------------------------------------------------------------- */

/* Cannot fail: there may be none. */
void fth_timer_open(fth_timer *timer);
void fth_timer_close(fth_timer *timer);

/* Has an alertable wait of this thread end at until_ns of firth_now_ns(), left_ns from now. Whether it will. */
bool fth_timer_set(fth_timer *timer, int64_t until_ns, int64_t left_ns);

/* ---- events.c ---------------------------------------------------------------------------------------------------- */

/* 0 or an error of the system's. */
int fth_events_use(fth_record *record);
void fth_events_forget(fth_record *record);

/* Puts the event of one of record's into it, if there is one. */
void fth_events_set(fth_record *record, OVERLAPPED *overlapped);

/* ---- errors.c ---------------------------------------------------------------------------------------------------- */

FIRTH_COLD int fth_code_of(int os_code);
FIRTH_COLD int fth_fail_last(const char *step);

/* Ends an op at once; all return FIRTH_SUBMIT_DONE. */
static inline firth_submit fth_end(firth_op *op, int64_t result, int os_code, const char *step)
{
    op->result = result;
    op->os_code = os_code;
    op->step = step;
    return FIRTH_SUBMIT_DONE;
}
FIRTH_COLD firth_submit fth_fail(firth_op *op, int os_code, const char *step);

/* ---- sockets.c: slots of firth_backend, and ------------------------------------------------------------------------ */

/* A non-blocking socket that children do not inherit; INVALID_SOCKET with WSAGetLastError(). */
SOCKET fth_socket_make(int family, bool datagrams);

/* The family of io's socket. */
static inline int fth_family_of(const firth_io *io)
{
    return (io->state & FTH_UNIX) != 0 ? AF_UNIX : (io->state & FTH_IPV6) != 0 ? AF_INET6 : AF_INET;
}

/* A layered provider (an old filter) completes by itself, and then packets come after immediate successes too: only the
 * system's own handles, at the bottom of no chain, are trusted (documented for SetFileCompletionNotificationModes). */
static inline bool fth_is_systems_own(const WSAPROTOCOL_INFOW *info)
{
    return info->ProtocolChain.ChainLen == 1 && (info->dwServiceFlags1 & XP1_IFS_HANDLES) != 0;
}

/* Sees to it that io's packets come to the port. 0 or an error of the system's. */
int fth_join(firth_io *io);

int fth_iocp_socket_open(firth_io *io, firth_family family);
void fth_iocp_socket_close(firth_io *io, firth_close_how how);
int fth_iocp_bind(firth_io *io, const firth_address *address);
int fth_iocp_listen(firth_io *io, int backlog);
int fth_iocp_local_address(const firth_io *io, firth_address *address);
int fth_iocp_peer_address(const firth_io *io, firth_address *address);
int fth_iocp_shutdown_write(firth_io *io);

/* ---- adopt.c, options.c: slots of firth_backend --------------------------------------------------------------------- */

int fth_iocp_adopt(firth_io *io, intptr_t native);
int fth_adopt(firth_io *io, intptr_t native, bool is_unix);
int fth_iocp_release(firth_io *io, intptr_t *native);
int fth_iocp_set_option(firth_io *io, firth_option option, int value);
int fth_iocp_get_option(const firth_io *io, firth_option option, int *value);

/* ---- unix.c, unix_files.c -------------------------------------------------------------------------------------------- */

extern const firth_unix_backend fth_iocp_unix;

/* What there is at that path, itself and not what it may lead to. 0, or an error of the system's. */
int fth_unix_file_find(const char *path, firth_unix_file *file, bool *is_socket);
int fth_unix_file_remove(const char *path);

/* ---- datagram.c, multicast.c: slots of firth_backend, and ----------------------------------------------------------- */

int fth_iocp_datagram_open(firth_io *io, firth_family family);
int fth_iocp_multicast(firth_io *io, firth_membership membership, const firth_address *group, uint32_t interface_index,
                       const firth_address *source);

/* An IPv4 address of that interface, in network order; of all bits set when it has none, which is no interface's. */
uint32_t fth_interface_ipv4(uint32_t index);

/* The address for a socket of io's family; the length, 0 for FIRTH_FAMILY_NONE, or -1 for one that cannot be. */
int fth_datagram_address(const firth_io *io, const firth_address *address, fth_native_address *native);

/* ---- datagram_control.c ---------------------------------------------------------------------------------------------- */

/* Adds to the message's control data what the control asks for, which may be NULL. FIRTH_OK, or a code with *step the
 * field's name. */
int fth_control_write(const firth_io *io, const firth_datagram_control *control, fth_message *message,
                      const char **step);

/* Fills in the control of a received datagram, if it has one. */
void fth_control_read(firth_datagram *datagram, const WSAMSG *message);

/* ---- ops.c: slots of firth_backend, and ---------------------------------------------------------------------------- */

firth_submit fth_iocp_submit(firth_op *op);
void fth_iocp_cancel(firth_op *op);

/* Takes the packet of one of record's. */
void fth_op_packet(fth_record *record, OVERLAPPED *overlapped);

/* What a call with an OVERLAPPED came to: os_code is 0 or WSAGetLastError(). Whether a packet comes; else *os_code is as
 * it was, and 0 is success. */
static inline bool fth_is_pending(const firth_io *io, int os_code)
{
    return os_code == WSA_IO_PENDING || (os_code == 0 && (io->state & FTH_SKIPS) == 0);
}

/* ---- each kind of op: starts it; and takes its packet, whose failure is os_code, or 0 with the bytes moved. The latter
 * returns FIRTH_SUBMIT_PENDING when it has started the op anew --------------------------------------------------------- */

firth_submit fth_receive_start(firth_op *op);
firth_submit fth_receive_end(firth_op *op, int os_code, DWORD bytes);
firth_submit fth_send_start(firth_op *op);
firth_submit fth_send_end(firth_op *op, int os_code, DWORD bytes);
firth_submit fth_accept_start(firth_op *op);
firth_submit fth_accept_end(firth_op *op, int os_code, DWORD bytes);
firth_submit fth_connect_start(firth_op *op);
firth_submit fth_connect_end(firth_op *op, int os_code, DWORD bytes);

firth_submit fth_wait_datagram_start(firth_op *op);
firth_submit fth_wait_datagram_end(firth_op *op, int os_code, DWORD bytes);
firth_submit fth_receive_datagrams_start(firth_op *op);
firth_submit fth_receive_datagrams_end(firth_op *op, int os_code, DWORD bytes);
firth_submit fth_send_datagrams_start(firth_op *op);
firth_submit fth_send_datagrams_end(firth_op *op, int os_code, DWORD bytes);
firth_submit fth_connect_datagrams(firth_op *op);

/* Forgets the client that a listener awaits; its socket is closed. */
void fth_accept_forget(fth_iocp *iocp, fth_record *record);

#endif
