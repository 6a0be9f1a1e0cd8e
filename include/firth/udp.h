/* SPDX-License-Identifier: Apache-2.0 */
/* UDP: a builder is a plain value, as in tcp.h.
 *
 *     firth_udp_builder udp = firth_udp(selector);
 *     udp.receive_buffer_bytes = 1 << 20;
 *     rc = firth_udp_bind(&udp, "127.0.0.1", 9002, &socket);
 *
 * Every option is applied, or the call fails with FIRTH_ERR_NOT_SUPPORTED and firth_last_failure()->step names the
 * option. What the sockets do is in datagram.h. */
#ifndef FIRTH_UDP_H
#define FIRTH_UDP_H

#include <firth/datagram.h>
#include <firth/selector.h>

typedef struct firth_udp_builder {
    size_t struct_bytes; /* set by firth_udp */
    firth_selector *selector;

    bool broadcast;     /* it may send to broadcast addresses (RFC 919); off */
    bool reuse_address; /* several sockets may be bound to one port, if all say so; each gets what is sent to a group it
                               has joined, and one of them the rest (SO_REUSEADDR). Needed to share a multicast port; off */
    bool reuse_port;    /* the same with the datagrams spread by sender (SO_REUSEPORT, socket(7)); off */
    bool ipv6_only; /* an IPv6 wildcard takes no IPv4; off: it takes both where the system can. IPv4 is bound as ever */
    bool dont_fragment; /* what is longer than the path takes is FIRTH_ERR_TOO_LONG instead of being cut up on the way
                               (RFC 1191, RFC 8201); off */
    bool packet_info;   /* receive: local address and interface in the control; off */
    bool receive_hop_limit;   /* receive: hop limit in the control; off */
    bool receive_ecn;         /* receive: ECN in the control; off */
    bool coalesce;            /* receive: the system may hand over a run of equal datagrams of one sender as one, see
                               firth_datagram.segment_bytes: give it 64 KiB (UDP_GRO, udp(7)); off */
    bool multicast_loop;      /* what it sends to a group comes to members on this machine too; on */
    int send_buffer_bytes;    /* the kernel's, SO_SNDBUF; 0: the system's. The system may clamp it */
    int receive_buffer_bytes; /* the kernel's, SO_RCVBUF: what waits to be received; more is dropped. 0: the system's */
    int traffic_class; /* IP TOS or IPv6 traffic class octet, 0 to 255 (RFC 2474), ECN its low bits; -1: the system's */
    int hop_limit;     /* of what it sends (time to live), 1 to 255; 0: the system's */
    int multicast_hop_limit; /* of what it sends to groups, 0 to 255: 0 stays on this machine (of IPv4 on Linux: if it is
                                 a member itself), 1 on the network it is sent to; -1: the system's, which is 1 */
    uint32_t multicast_interface;       /* index of the interface by which it sends to groups; 0: by the routes */
    const firth_address *local_address; /* for connect: bind this end first, to an address of the peer's family, or
                                           FIRTH_ERR_ADDRESS_INVALID; NULL: the system's choice. Read during the call */
    int64_t connect_timeout_ms;         /* for connect: of looking up the name; 0: none. 30 000 */
} firth_udp_builder;

FIRTH_BEGIN_DECLS

/* The documented defaults; struct_bytes is sizeof the struct the caller was compiled with. Never suspends. */
FIRTH_API void firth_udp_init(firth_udp_builder *udp, firth_selector *selector, size_t struct_bytes);

/* A builder with the defaults for that selector. Never suspends. */
static inline firth_udp_builder firth_udp(firth_selector *selector)
{
    firth_udp_builder udp;

    firth_udp_init(&udp, selector, sizeof udp);
    return udp;
}

/* Opens a socket on a numeric address, or on every address of the machine for "*" and NULL (dual stack where IPv6 is
 * there: IPv4 addresses are then shown as IPv6 has them, ::ffff:192.0.2.1, and taken in either form). Port 0 lets the
 * system choose. Returns FIRTH_OK with *socket the caller's to close; FIRTH_ERR_ADDRESS_IN_USE, _ADDRESS_NOT_AVAILABLE,
 * _ADDRESS_INVALID, _PORT_RANGE, _PERMISSION, _TOO_MANY_OPEN, _NO_MEMORY, _NOT_SUPPORTED, _ARGUMENT. On failure *socket is
 * NULL. Never suspends. */
#define firth_udp_bind(udp, host, port, socket) firth_udp_bind_at(udp, host, port, socket, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_udp_bind_at(const firth_udp_builder *udp, const char *host, int port,
                                                firth_datagram_socket **socket, const char *place);

/* Opens a socket whose one peer is a host name or numeric address: only what the peer sends is received, and what ICMP
 * says of the peer is told. Nothing is sent by this, so nothing is known of the peer when it returns. Of a name's
 * addresses the first to which there is a route is taken.
 * Returns FIRTH_OK with *socket the caller's to close; the resolver's FIRTH_ERR_NAME_…; FIRTH_ERR_TIMED_OUT after
 * connect_timeout_ms; the last address's error: FIRTH_ERR_NETWORK_UNREACHABLE, _HOST_UNREACHABLE, …; as firth_udp_bind.
 * On failure *socket is NULL. May suspend. */
#define firth_udp_connect(udp, host, port, socket) firth_udp_connect_at(udp, host, port, socket, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_udp_connect_at(const firth_udp_builder *udp, const char *host, int port,
                                                   firth_datagram_socket **socket, const char *place);

/* The same to a numeric address as a value: FIRTH_ERR_ADDRESS_INVALID without one, _PORT_RANGE for port 0. May suspend. */
#define firth_udp_connect_to(udp, address, socket) firth_udp_connect_to_at(udp, address, socket, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_udp_connect_to_at(const firth_udp_builder *udp, const firth_address *address,
                                                      firth_datagram_socket **socket, const char *place);

FIRTH_END_DECLS

#endif
