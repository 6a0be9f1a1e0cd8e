/* SPDX-License-Identifier: Apache-2.0 */
/* The network of lwIP 2.2 as a backend: its raw API alone, no sockets or netconn layer, no thread of its own (NO_SYS 1).
 *
 * lwIP is one stack in a program, so one selector has it at a time, and all of it runs on that selector's thread: in the
 * slots, and in poll, which takes what the netifs have received, runs lwIP's timers, ends ops, and waits.
 *
 * What lwIP's callbacks hear is noted in a socket, and the socket queued (fth_lwip_look); ops are tried when they are
 * submitted and when their socket's turn comes in poll. A callback ends no op, since callbacks run inside slots too: to
 * open a connection may cost another its control block.
 *
 *     OPEN ──listen──> LISTENING ── clients wait in a queue, counted by lwIP's backlog, until an ACCEPT takes them
 *       │
 *       └──connect──> CONNECTING ──connected──> CONNECTED <──accept── a client
 *
 *     pcb      whose it is. err says that lwIP has freed it; and once both sides have ended (TIME_WAIT, CLOSING) lwIP
 *              frees it without a word, so it is let go of when the peer's end comes. NULL then.
 *     received pbufs that stay lwIP's memory until an op takes their bytes; tcp_recved then opens the window: who does
 *              not read stops his peer.
 *     has_end  the peer's FIN came; error: why there is no connection any more. Both after what was received.
 *
 * Sends are copied into lwIP's buffers as far as they take them. When there was no memory for any (ERR_MEM), the socket
 * is starved: with nothing in flight no `sent` will come, so lwIP's `poll`, once each slow timer, tries again too.
 *
 * A datagram socket has one stage. Its mail is pbufs too, each with what its headers said. */
#ifndef FTH_LWIP_STACK_H
#define FTH_LWIP_STACK_H

#include <firth/backend.h>

#include <lwip/opt.h>

#include <lwip/ip_addr.h>
#include <lwip/pbuf.h>
#include <lwip/tcp.h>

#include "backends/lwip/options.h"

/* lwIP 2.1 has them by another name. */
#ifndef ip_addr_eq
#define ip_addr_eq(a, b)  ip_addr_cmp(a, b)
#define ip4_addr_eq(a, b) ip4_addr_cmp(a, b)
#endif

typedef enum fth_lwip_stage {
    FTH_LWIP_OPEN, /* bound or not */
    FTH_LWIP_LISTENING,
    FTH_LWIP_CONNECTING,
    FTH_LWIP_CONNECTED, /* or was */
    FTH_LWIP_DATAGRAMS
} fth_lwip_stage;

typedef struct fth_lwip_stack fth_lwip_stack;
typedef struct fth_lwip_socket fth_lwip_socket;
typedef struct fth_lwip_mail fth_lwip_mail;   /* see datagram.c */
typedef struct fth_lwip_group fth_lwip_group; /* see group.c */

struct fth_lwip_socket {
    fth_lwip_stack *stack;
    firth_io *io; /* NULL: a client that nobody has accepted yet */
    struct tcp_pcb *pcb;
    struct pbuf *received;
    struct udp_pcb *udp; /* of a datagram socket, which has no pcb and nothing received */
    fth_lwip_mail *first_mail, *last_mail;
    size_t mail_bytes;
    fth_lwip_group *groups;
    fth_lwip_socket *next_ready, *previous_ready;
    fth_lwip_socket *first_client, *last_client; /* of a listener */
    fth_lwip_socket *next_client;
    firth_address local;
    firth_address peer;
    int error;
    err_t lwip_error; /* what lwIP calls it */
    uint8_t stage;
    uint8_t family;
    bool is_ready;
    bool has_end;
    bool is_shut_down; /* its own end is on its way */
    bool is_starved;
    uint32_t values[FTH_LWIP_OPTION_COUNT];
};

struct fth_lwip_stack {
    firth_selector *selector;
    fth_lwip_socket *ready_first, *ready_last;
    size_t ready_count;
    fth_lwip_socket *reader; /* the last, with so many bytes by which lwIP's window is not wider yet; or NULL */
    u16_t read_bytes;
    bool is_more; /* a driver has left some for the next turn */
};

static inline fth_lwip_stack *fth_lwip_stack_of(const firth_selector *selector)
{
    return firth_selector_state(selector);
}

static inline fth_lwip_socket *fth_lwip_socket_of(const firth_io *io)
{
    return (fth_lwip_socket *)io->native; /* NOLINT(performance-no-int-to-ptr): that is what native is for */
}

/* ---- the lock (thread.c) ------------------------------------------------------------------------------------------ */

/* Where lwIP has a thread, every call of lwIP's and all that its callbacks touch is between these; else they are nothing.
 * The unlock also tells the thread of a timer that is earlier than those it knows. */
#if NO_SYS
static inline void fth_lwip_lock(void)
{
}

static inline void fth_lwip_unlock(void)
{
}

static inline bool fth_lwip_is_elsewhere(void)
{
    return false;
}
#else
void fth_lwip_lock(void);
void fth_lwip_unlock(void);

/* Whether the caller is a callback on another thread than the selector's, who may be asleep. */
bool fth_lwip_is_elsewhere(void);

/* Starts the thread, once in a program; when this returns it runs. */
void fth_lwip_start_thread(void);
#endif

/* ---- sockets (socket.c) ------------------------------------------------------------------------------------------ */

int fth_lwip_socket_open(firth_io *io, firth_family family);
void fth_lwip_socket_close(firth_io *io, firth_close_how how);
int fth_lwip_bind(firth_io *io, const firth_address *address);
int fth_lwip_local_address(const firth_io *io, firth_address *address);
int fth_lwip_peer_address(const firth_io *io, firth_address *address);

/* A socket for io, which does not know of it yet, without a control block; NULL, and *rc says why. */
fth_lwip_socket *fth_lwip_socket_make(firth_io *io, firth_family family, int *rc);

/* Gives a datagram socket a port. FIRTH_OK, or why not. */
int fth_lwip_bind_any(fth_lwip_socket *socket);

/* Zeroed memory for what callbacks make: the selector's, or where they run on another thread, lwIP's. NULL: none. */
void *fth_lwip_allocate(fth_lwip_stack *stack, size_t bytes);
void fth_lwip_release(fth_lwip_stack *stack, void *memory);

/* A socket without io and control block; NULL when there is no memory. */
fth_lwip_socket *fth_lwip_socket_new(fth_lwip_stack *stack, uint8_t family);

/* Makes it io's. */
void fth_lwip_give_to(fth_lwip_socket *socket, firth_io *io);

/* Frees what it has received, and the socket; its pcb is gone. */
void fth_lwip_socket_free(fth_lwip_socket *socket);

/* ---- clients (accept.c) ------------------------------------------------------------------------------------------ */

int fth_lwip_listen(firth_io *io, int backlog);

/* Hands the first client that waits to `accepted`; there is one. */
void fth_lwip_accept(fth_lwip_socket *listener, firth_io *accepted);

/* Resets those that wait. */
void fth_lwip_drop_clients(fth_lwip_socket *listener);

/* ---- connections (connection.c) ---------------------------------------------------------------------------------- */

/* Starts to connect: FIRTH_OK, or why not. */
int fth_lwip_connect(fth_lwip_socket *socket, const firth_address *address);

/* Leads the callbacks of a connected pcb to the socket. */
void fth_lwip_attach(fth_lwip_socket *socket, struct tcp_pcb *pcb);

/* The pcb goes its own way: nothing of it is heard any more. */
void fth_lwip_detach(fth_lwip_socket *socket);

/* Ends the connection and lets go of it. */
void fth_lwip_end(fth_lwip_socket *socket, firth_close_how how);

int fth_lwip_shutdown_write(firth_io *io);

/* As a RECEIVE and a SEND: the result, or FIRTH_ERR_WOULD_BLOCK. */
int64_t fth_lwip_receive(fth_lwip_socket *socket, firth_buffer *pieces, unsigned count);
int64_t fth_lwip_send(fth_lwip_socket *socket, const firth_buffer *pieces, unsigned count);

/* Widens the window by what was read last. */
void fth_lwip_open_window(fth_lwip_stack *stack);

/* Whether such an op would end now. */
bool fth_lwip_is_readable(const fth_lwip_socket *socket);
bool fth_lwip_is_writable(const fth_lwip_socket *socket);

/* ---- datagrams (datagram.c, group.c) ------------------------------------------------------------------------------ */

int fth_lwip_datagram_open(firth_io *io, firth_family family);
int fth_lwip_datagram_connect(fth_lwip_socket *socket, const firth_address *address);

/* Leaves nothing of it in lwIP; of a connection it does nothing. */
void fth_lwip_datagram_close(fth_lwip_socket *socket);

/* As RECEIVE_DATAGRAMS and SEND_DATAGRAMS: the result, or FIRTH_ERR_WOULD_BLOCK. */
int64_t fth_lwip_receive_datagrams(fth_lwip_socket *socket, firth_datagram *datagrams, unsigned count);
int64_t fth_lwip_send_datagrams(fth_lwip_socket *socket, const firth_datagram *datagrams, unsigned count);

int fth_lwip_multicast(firth_io *io, firth_membership membership, const firth_address *address,
                       uint32_t interface_index, const firth_address *source);
#ifdef FIRTH_NO_LWIP_GROUPS
#define FTH_LWIP_HAS_GROUPS 0
#else
#define FTH_LWIP_HAS_GROUPS 1
#endif
void fth_lwip_leave_groups(fth_lwip_socket *socket);

/* Whether it has joined that group on that netif. */
bool fth_lwip_is_member(const fth_lwip_socket *socket, const ip_addr_t *ip, uint8_t netif_index);

/* ---- ops (ops.c) ------------------------------------------------------------------------------------------------- */

firth_submit fth_lwip_submit(firth_op *op);
void fth_lwip_cancel(firth_op *op);

/* Something has happened to the socket: its ops are tried when its turn comes. */
void fth_lwip_look(fth_lwip_socket *socket);

/* It has no turn any more. */
void fth_lwip_forget(fth_lwip_socket *socket);

/* Gives each that is queued its turn. How many ops have ended. */
unsigned fth_lwip_deliver(fth_lwip_stack *stack);

/* ---- names (name.c) ---------------------------------------------------------------------------------------------- */

/* With LWIP_DNS. */
int fth_lwip_resolve(firth_selector *selector, firth_name *name);
void fth_lwip_resolve_cancel(firth_selector *selector, firth_name *name);

/* How many have ended. */
unsigned fth_lwip_deliver_names(firth_selector *selector);

/* ---- options (options.c) ----------------------------------------------------------------------------------------- */

int fth_lwip_set_option(firth_io *io, firth_option option, int value);
int fth_lwip_get_option(const firth_io *io, firth_option option, int *value);
void fth_lwip_options_start(fth_lwip_socket *socket);

/* Gives an accepted pcb what its listener has. */
void fth_lwip_options_inherit(fth_lwip_socket *socket, const fth_lwip_socket *listener);

/* What the option is, of those that a TCP socket has. */
int fth_lwip_value(const fth_lwip_socket *socket, firth_option option);

/* ---- addresses and errors (address.c) ---------------------------------------------------------------------------- */

/* False: lwIP is built without that family. */
bool fth_lwip_address_to(ip_addr_t *ip, const firth_address *address);
void fth_lwip_address_from(firth_address *address, const ip_addr_t *ip, uint16_t port);

/* As a socket of that family shows it: an IPv4 address mapped in IPv6 (RFC 4291 §2.5.5.2). */
void fth_lwip_show(firth_address *address, uint8_t family);

/* Whether it is unspecified, or one of a netif's. */
bool fth_lwip_is_ours(const ip_addr_t *ip);

/* firth_fail with what lwIP's code is called here. */
int fth_lwip_fail(err_t err, const char *step);

#endif
