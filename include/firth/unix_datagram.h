/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams between programs of one machine: Unix datagram sockets, unix(7). Unlike UDP's none is lost, doubled or
 * overtaken; whoever sends to a receiver that is slow waits for it.
 *
 *     firth_unix_builder builder = firth_unix(selector);
 *     firth_unix_message message = {.bytes = bytes, .capacity = sizeof bytes};
 *     rc = firth_unix_datagram_bind(&builder, "/run/log.sock", &socket);
 *     while ((n = firth_unix_receive(socket, &message)) >= 0)
 *         ...
 *
 * One task at a time may receive and one may send, and the two need not be the same. */
#ifndef FIRTH_UNIX_DATAGRAM_H
#define FIRTH_UNIX_DATAGRAM_H

#include <firth/unix.h>

typedef struct firth_unix_datagram_socket firth_unix_datagram_socket;

/* A datagram and what goes with it: the caller's, and so is all it points to. Zero in a field not named in a comment for
 * that direction is fine. */
typedef struct firth_unix_message {
    void *bytes;                 /* to send, read alone; to receive, written alone */
    size_t capacity;             /* to receive: what fits in bytes */
    size_t size;                 /* to send: how many bytes; received: how many are in bytes */
    size_t whole_size;           /* received: how many it had; 0 if it was truncated and the system does not tell */
    bool truncated;              /* received: it was longer than capacity, and the rest is lost */
    firth_unix_address *address; /* received: who sent it, without a size for a socket that is not bound, or whose path
                                    has no room there (unix.h); to send: to whom; NULL: nobody asks, or the peer the
                                    socket is connected to */
    intptr_t *descriptors;       /* to send, read alone, the sender's still; to receive, written alone, and the
                                    receiver's from then on, closed on exec */
    size_t descriptor_capacity;  /* to receive: how many have room there, up to FIRTH_UNIX_DESCRIPTORS_MAX */
    size_t descriptor_count;     /* to send: how many; received: how many came */
    bool descriptors_lost; /* received: there were more than had room there or in the process, and they are closed */
} firth_unix_message;

FIRTH_BEGIN_DECLS

/* Opens a socket that receives what is sent to a path, where a socket file is made; with path NULL one that has no
 * address, and so gets no answers, to send with. Returns as firth_unix_bind. Never suspends; looks at the file system. */
#define firth_unix_datagram_bind(builder, path, socket) firth_unix_datagram_bind_at(builder, path, socket, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_unix_datagram_bind_at(const firth_unix_builder *builder, const char *path,
                                                          firth_unix_datagram_socket **socket, const char *place);

/* The same at an address, as firth_unix_connect_to has it. */
#define firth_unix_datagram_bind_to(builder, address, socket)                                                          \
    firth_unix_datagram_bind_to_at(builder, address, socket, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_unix_datagram_bind_to_at(const firth_unix_builder *builder,
                                                             const firth_unix_address *address,
                                                             firth_unix_datagram_socket **socket, const char *place);

/* Takes over a native Unix datagram socket, one of socketpair(2) for example. Returns as firth_unix_adopt. Never
 * suspends. */
#define firth_unix_datagram_adopt(builder, descriptor, socket)                                                         \
    firth_unix_datagram_adopt_at(builder, descriptor, socket, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_unix_datagram_adopt_at(const firth_unix_builder *builder, intptr_t descriptor,
                                                           firth_unix_datagram_socket **socket, const char *place);

/* Makes a socket's peer whoever receives at that address: messages without an address go there, and none but its are
 * received. May be called again for another. Returns FIRTH_OK; FIRTH_ERR_REFUSED when nobody receives there;
 * FIRTH_ERR_PERMISSION, _TOO_LONG, _ARGUMENT, _NOT_SUPPORTED. Never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_unix_datagram_connect(firth_unix_datagram_socket *socket,
                                                          const firth_unix_address *address);

/* Receives one datagram into message->bytes and fills in its other fields. Returns how many bytes are there, 0 for an
 * empty datagram; a truncated one is a success. FIRTH_ERR_CLOSED when the socket was closed meanwhile; FIRTH_ERR_CANCELED,
 * and no datagram is lost by that; FIRTH_ERR_BUSY when another task receives; FIRTH_ERR_ARGUMENT without
 * memory. That a peer has gone no receive tells, but the next send does - upon
 * which Linux discards what that peer had sent and nobody had received. May suspend. */
FIRTH_API FIRTH_NODISCARD int64_t firth_unix_receive(firth_unix_datagram_socket *socket, firth_unix_message *message);

/* Sends one datagram, which the receiver has when this returns; waits as long as there is no room for it there. Returns
 * FIRTH_OK; FIRTH_ERR_REFUSED when nobody receives at that address, or the peer has gone; FIRTH_ERR_TOO_LONG, longer than
 * the send buffer; FIRTH_ERR_NOT_CONNECTED without an address and without a peer; FIRTH_ERR_PERMISSION;
 * FIRTH_ERR_TOO_MANY_OPEN, too many descriptors are on their way; FIRTH_ERR_ARGUMENT; as firth_unix_receive otherwise.
 * After an error nothing was sent. May suspend. */
FIRTH_API FIRTH_NODISCARD int firth_unix_send(firth_unix_datagram_socket *socket, const firth_unix_message *message);

/* ---- the socket -------------------------------------------------------------------------------------------------- */

/* Closes the socket; what it sent stays with those who have it, what it has not received is gone. Tasks suspended on it
 * wake with FIRTH_ERR_CLOSED, and it is freed once they have left. The handle is gone. NULL does nothing. Never suspends. */
FIRTH_API void firth_unix_datagram_close(firth_unix_datagram_socket *socket);

/* Closes the socket when the scope is closed - unless it was closed before. A socket has one owner: the last one named.
 * Never suspends. */
FIRTH_API void firth_scope_own_unix_datagram(firth_scope *scope, firth_unix_datagram_socket *socket);

/* The address it is bound to, without a size if it is not, or its peer's. FIRTH_OK; FIRTH_ERR_NOT_CONNECTED. Never
 * suspend. */
FIRTH_API FIRTH_NODISCARD int firth_unix_datagram_local_address(const firth_unix_datagram_socket *socket,
                                                                firth_unix_address *address);
FIRTH_API FIRTH_NODISCARD int firth_unix_datagram_peer_address(const firth_unix_datagram_socket *socket,
                                                               firth_unix_address *address);

/* Reads an option back from the system, or sets it; as firth_socket_get_option and firth_socket_set_option. Never
 * suspend. */
FIRTH_API FIRTH_NODISCARD int firth_unix_datagram_get_option(const firth_unix_datagram_socket *socket,
                                                             firth_option option, int *value);
FIRTH_API FIRTH_NODISCARD int firth_unix_datagram_set_option(firth_unix_datagram_socket *socket, firth_option option,
                                                             int value);

/* Lends the native descriptor; it stays the socket's. Never suspends. */
FIRTH_API intptr_t firth_unix_datagram_descriptor(const firth_unix_datagram_socket *socket);

FIRTH_END_DECLS

#endif
