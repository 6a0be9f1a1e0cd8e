/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams, and the sockets that send and receive them, whatever opened them. See udp.h for the builder.
 *
 *     rc = firth_udp_bind(&udp, "127.0.0.1", 9002, &socket);
 *     while ((n = firth_receive_from(socket, bytes, sizeof bytes, &from)) >= 0)
 *         if ((rc = firth_send_to(socket, bytes, (size_t)n, &from)) < 0)
 *             break;
 *
 * A datagram socket has no channels: each call moves whole datagrams. A datagram may be lost, doubled, or overtaken by a
 * later one (RFC 768), and it may be empty: 0 is a result like any other, there is no end of stream.
 *
 * One task at a time may receive and one may send, and the two need not be the same. */
#ifndef FIRTH_DATAGRAM_H
#define FIRTH_DATAGRAM_H

#include <firth/address.h>
#include <firth/error.h>
#include <firth/export.h>
#include <firth/socket.h>

typedef struct firth_datagram_socket firth_datagram_socket;

/* The codepoints of Explicit Congestion Notification, RFC 3168 §5. */
typedef enum firth_ecn {
    FIRTH_ECN_NOT_ECT = 0, /* the sender does not take part */
    FIRTH_ECN_ECT_1 = 1,   /* it does */
    FIRTH_ECN_ECT_0 = 2,   /* it does */
    FIRTH_ECN_CE = 3       /* a router met congestion */
} firth_ecn;

/* What the IP header says beside the addresses of the two ends. Make one with firth_datagram_control_none(). A receive
 * overwrites it; fields nobody asked for in the builder, or the system does not tell, are as firth_datagram_control_none
 * leaves them. A send takes what differs from that, or fails with FIRTH_ERR_NOT_SUPPORTED naming the field. */
typedef struct firth_datagram_control {
    size_t struct_bytes; /* set by firth_datagram_control_none */
    firth_address local; /* received: the address it was sent to, which may be a group's or a broadcast, without its
                             port (option packet_info); to send: the address it comes from, whose port is ignored.
                             FIRTH_FAMILY_NONE: not told; the system's choice */
    uint32_t interface_index; /* it came in by (option packet_info), or is to leave by; 0: not told; by the routes */
    int16_t hop_limit; /* or time to live, when it arrived (option receive_hop_limit), or to send it with, 1 to 255;
                                 -1: not told; the socket's */
    int16_t ecn;       /* a firth_ecn: when it arrived (option receive_ecn), or to send it with; -1: not told; the
                                 socket's */
} firth_datagram_control;

/* One datagram: the caller's, and so are the bytes and the control it points to. Zero in a field not named in a comment
 * for that direction is fine. */
typedef struct firth_datagram {
    void *bytes;            /* to send, read alone; to receive, written alone */
    size_t capacity;        /* to receive: what fits in bytes */
    size_t size;            /* to send: how many bytes; received: how many are in bytes */
    size_t whole_size;      /* received: how many it had; more than size if it was truncated. 0 if it was and the
                                        system does not tell */
    firth_address address;  /* received: who sent it; to send: to whom. FIRTH_FAMILY_NONE: the peer that the socket
                                        is connected to */
    uint32_t segment_bytes; /* received with option coalesce: bytes holds several datagrams of that size one behind
                                        the other, the last maybe shorter; 0: it is one */
    bool truncated;         /* received: it was longer than capacity, and the rest is lost */
    firth_datagram_control *control; /* NULL: nothing to tell, nothing to set */
} firth_datagram;

FIRTH_BEGIN_DECLS

/* A control that sets nothing; struct_bytes is sizeof the struct the caller was compiled with. Any thread; never
 * suspends. */
FIRTH_API void firth_datagram_control_init(firth_datagram_control *control, size_t struct_bytes);

/* The same as a value. */
static inline firth_datagram_control firth_datagram_control_none(void)
{
    firth_datagram_control control;

    firth_datagram_control_init(&control, sizeof control);
    return control;
}

/* ---- receiving ---------------------------------------------------------------------------------------------------
 *
 * All of these wait until there is a datagram, and return what was there without waiting for more. They may suspend, and
 * fail with
 *   FIRTH_ERR_REFUSED, _HOST_UNREACHABLE, _NETWORK_UNREACHABLE, _TOO_LONG …   on a connected socket: what a router or the
 *       peer's host said by ICMP of something sent earlier (RFC 1122 §4.1.3.3). Told once, by the next call on the socket,
 *       be it a receive or a send, which has done nothing then; the socket is as good as before. A socket that is not
 *       connected does not hear of such errors, on any platform
 *   FIRTH_ERR_CLOSED     the socket was closed meanwhile
 *   FIRTH_ERR_CANCELED   a scope around the call was cancelled; no datagram is lost by that
 *   FIRTH_ERR_BUSY       another task receives on the socket, at once
 *   FIRTH_ERR_ARGUMENT   no memory was given, or a control without its struct_bytes; of many, to the first: those before
 *       one that is wrong are received into */

/* Receives one datagram into datagram->bytes and fills in its other fields. Returns how many bytes are there, 0 for an
 * empty datagram; a truncated one is a success. May suspend. */
FIRTH_API FIRTH_NODISCARD int64_t firth_receive(firth_datagram_socket *socket, firth_datagram *datagram);

/* The same in short: into size > 0 bytes, *from tells who sent it; from may be NULL. What is longer than size is cut off
 * without a word; firth_receive tells. May suspend. */
FIRTH_API FIRTH_NODISCARD int64_t firth_receive_from(firth_datagram_socket *socket, void *bytes, size_t size,
                                                     firth_address *from);

/* Receives as many datagrams as are there, at least one and at most count, in the order they arrived; by one system call
 * where the system has one (recvmmsg(2)). Returns how many; FIRTH_ERR_ARGUMENT with count 0. May suspend. */
FIRTH_API FIRTH_NODISCARD int64_t firth_receive_many(firth_datagram_socket *socket, firth_datagram *datagrams,
                                                     size_t count);

/* ---- sending -----------------------------------------------------------------------------------------------------
 *
 * All of these return when the system has taken the datagram, which says nothing of its arrival; they wait when it has
 * no room for it. They may suspend, and fail as a receive does, and with
 *   FIRTH_ERR_TOO_LONG       longer than a datagram can be, or than the path takes with option dont_fragment
 *   FIRTH_ERR_PERMISSION     to a broadcast address without option broadcast, or a firewall forbids it
 *   FIRTH_ERR_HOST_UNREACHABLE, _NETWORK_UNREACHABLE, _ADDRESS_NOT_AVAILABLE   there is no way there from this machine
 *   FIRTH_ERR_NO_BUFFERS     the interface has no room just now; the datagram is lost
 *   FIRTH_ERR_NOT_CONNECTED  without an address, and the socket is not connected
 *   FIRTH_ERR_ARGUMENT       an address other than the peer's, on a connected socket; an address of the wrong family
 *   FIRTH_ERR_NOT_SUPPORTED  something in the control that this platform cannot set; firth_last_failure()->step names it
 * After an error the datagram was not sent. */

/* Sends one datagram. Returns FIRTH_OK. May suspend. */
FIRTH_API FIRTH_NODISCARD int firth_send(firth_datagram_socket *socket, const firth_datagram *datagram);

/* The same in short; to may be NULL on a connected socket, and size 0. May suspend. */
FIRTH_API FIRTH_NODISCARD int firth_send_to(firth_datagram_socket *socket, const void *bytes, size_t size,
                                            const firth_address *to);

/* Sends the datagrams in order, by as few system calls as the system allows: sendmmsg(2), and where it can cut one
 * buffer into datagrams itself (UDP_SEGMENT, udp(7)) runs of equal size to one destination go as one. The last of such a
 * run may be shorter. Returns how many were sent: all, or those before the first that failed, whose error the next call
 * meets again; the error itself if it was the first; FIRTH_ERR_ARGUMENT with count 0, as there is nothing to wait for. May
 * suspend. */
FIRTH_API FIRTH_NODISCARD int64_t firth_send_many(firth_datagram_socket *socket, const firth_datagram *datagrams,
                                                  size_t count);

/* ---- groups ------------------------------------------------------------------------------------------------------ */

/* Receives what is sent to a multicast group and the socket's port, by the interface with that index (0: the one the
 * routes name; see firth_udp_builder.multicast_interface for sending). source: only from that address (RFC 4607), once
 * for each source; NULL: from any. The two do not mix: who has joined from any leaves before joining from one source, and
 * the other way round. What the socket is bound to must let it in: the wildcard address does.
 * Returns FIRTH_OK; FIRTH_ERR_ADDRESS_INVALID for what is no group of the socket's family; FIRTH_ERR_ADDRESS_IN_USE if it
 * has joined so already, or the other way; FIRTH_ERR_ADDRESS_NOT_AVAILABLE for an interface that is not there;
 * FIRTH_ERR_NO_BUFFERS when the system allows no more groups; FIRTH_ERR_NOT_SUPPORTED. What fails changes nothing. Never
 * suspends. */
FIRTH_API FIRTH_NODISCARD int firth_multicast_join(firth_datagram_socket *socket, const firth_address *group,
                                                   uint32_t interface_index, const firth_address *source);

/* Takes such a join back, named by the same arguments; closing the socket does so for all.
 * FIRTH_OK; FIRTH_ERR_ADDRESS_NOT_AVAILABLE when it had not joined so: from that source, or with NULL from any; as
 * firth_multicast_join. Never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_multicast_leave(firth_datagram_socket *socket, const firth_address *group,
                                                    uint32_t interface_index, const firth_address *source);

/* ---- the socket -------------------------------------------------------------------------------------------------- */

/* Closes the socket; what was sent is on its way regardless. Tasks suspended on it wake with FIRTH_ERR_CLOSED, and it is
 * freed once they have left; its port is free at once where the system can do so. The handle is gone. NULL does nothing.
 * Never suspends. */
FIRTH_API void firth_datagram_socket_close(firth_datagram_socket *socket);

/* Closes the socket when the scope is closed - unless it was closed before. A socket has one owner: the last one named.
 * Never suspends. */
FIRTH_API void firth_scope_own_datagram_socket(firth_scope *scope, firth_datagram_socket *socket);

/* The address it is bound to, with the real port where 0 was asked for. FIRTH_OK. Never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_datagram_socket_local_address(const firth_datagram_socket *socket,
                                                                  firth_address *address);

/* The address it is connected to. FIRTH_OK, or FIRTH_ERR_NOT_CONNECTED. Never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_datagram_socket_peer_address(const firth_datagram_socket *socket,
                                                                 firth_address *address);

/* Reads an option back from the system, or sets it; as firth_socket_get_option and firth_socket_set_option. Never
 * suspend. */
FIRTH_API FIRTH_NODISCARD int firth_datagram_socket_get_option(const firth_datagram_socket *socket, firth_option option,
                                                               int *value);
FIRTH_API FIRTH_NODISCARD int firth_datagram_socket_set_option(firth_datagram_socket *socket, firth_option option,
                                                               int value);

/* Lends the native descriptor, for getsockopt(2) and the like; it stays the socket's. Never suspends. */
FIRTH_API intptr_t firth_datagram_socket_descriptor(const firth_datagram_socket *socket);

FIRTH_END_DECLS

#endif
