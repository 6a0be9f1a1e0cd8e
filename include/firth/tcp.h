/* SPDX-License-Identifier: Apache-2.0 */
/* TCP: a builder is a plain value. Make one with firth_tcp, change its fields, and use it for as many calls as you like.
 *
 *     firth_tcp_builder tcp = firth_tcp(selector);
 *     tcp.connect_timeout_ms = 3000;
 *     rc = firth_tcp_connect(&tcp, "example.org", 80, &socket);
 *
 * Every option is applied, to accepted sockets too, or the call fails with FIRTH_ERR_NOT_SUPPORTED and
 * firth_last_failure()->step names the option. */
#ifndef FIRTH_TCP_H
#define FIRTH_TCP_H

#include <firth/selector.h>
#include <firth/socket.h>

typedef struct firth_tcp_builder {
    size_t struct_bytes; /* set by firth_tcp */
    firth_selector *selector;

    /* for both sides */
    bool auto_flush;           /* written bytes leave at the latest when the task next suspends; off */
    bool no_delay;             /* send small segments at once (TCP_NODELAY); on */
    bool keep_alive;           /* probe an idle peer (RFC 9293 §3.8.4); off */
    bool reuse_port;           /* several servers share one port, the system spreads clients (SO_REUSEPORT); off */
    int keep_alive_idle_s;     /* before the first probe, up to 32767; 0: the system's */
    int keep_alive_interval_s; /* between probes, up to 32767; 0: the system's */
    int keep_alive_count;      /* unanswered probes that end it, up to 127; 0: the system's */
    int send_buffer_bytes;     /* the kernel's, SO_SNDBUF; 0: the system's own tuning. The system may clamp it */
    int receive_buffer_bytes;  /* the kernel's, SO_RCVBUF; 0: the system's own tuning. The system may clamp it */
    int traffic_class;         /* IP TOS or IPv6 traffic class octet, 0 to 255 (RFC 2474); -1: the system's */
    int64_t linger_ms;         /* how long a graceful close may take; 5000. 0: only what leaves at once */
    int64_t read_idle_ms;  /* a read that waits this long for its next byte fails with FIRTH_ERR_TIMED_OUT; 0: never */
    int64_t write_idle_ms; /* the same for a write that moves nothing; 0: never */
    firth_tls_config
        *tls; /* hand out secure sockets, see tls.h: connect and accept handshake first; NULL: plain ones. A
                              server keeps a part in it */

    /* for connect */
    int64_t connect_timeout_ms; /* all of it: name, every address; 0: none. 30 000 */
    int64_t attempt_delay_ms;   /* before the next address is tried beside the last (RFC 8305 §5): 250; 10 at least */
    const firth_address *local_address; /* bind this end first; NULL: the system's choice. Addresses of another family
                                           fail with FIRTH_ERR_ADDRESS_INVALID. Read during the call */

    /* for bind */
    bool reuse_address; /* bind again at once although old connections linger in TIME_WAIT, yet never share a port that
                           somebody listens on; on */
    bool ipv6_only; /* an IPv6 wildcard takes no IPv4 clients; off: it takes both where the system can. IPv4 is bound as
                           ever */
    int backlog;    /* clients that may wait to be accepted; 0: as many as the system allows */
    int handshakes_max; /* with tls: clients that handshake at once, the others wait in the backlog; 256 */
} firth_tcp_builder;

FIRTH_BEGIN_DECLS

/* The documented defaults; struct_bytes is sizeof the struct the caller was compiled with. Never suspends. */
FIRTH_API void firth_tcp_init(firth_tcp_builder *tcp, firth_selector *selector, size_t struct_bytes);

/* A builder with the defaults for that selector. Never suspends. */
static inline firth_tcp_builder firth_tcp(firth_selector *selector)
{
    firth_tcp_builder tcp;

    firth_tcp_init(&tcp, selector, sizeof tcp);
    return tcp;
}

/* Connects to a host name or numeric address. A name is looked up on another thread; all its addresses are tried, a new
 * one every attempt_delay_ms or as soon as the last has failed, families in turn (Happy Eyeballs, RFC 8305), and the
 * first that answers wins. A connection of the socket to itself is refused.
 * Returns FIRTH_OK with *socket the caller's to close; FIRTH_ERR_TIMED_OUT after connect_timeout_ms; the resolver's
 * FIRTH_ERR_NAME_…, and FIRTH_ERR_ADDRESS_INVALID for "1.2.3" and its like, see resolve.h; the last address's error: FIRTH_ERR_REFUSED, _HOST_UNREACHABLE, _NETWORK_UNREACHABLE, …;
 * FIRTH_ERR_PORT_RANGE for a port outside 1 to 65535; FIRTH_ERR_TOO_MANY_OPEN; FIRTH_ERR_NO_MEMORY;
 * FIRTH_ERR_NOT_SUPPORTED; FIRTH_ERR_ARGUMENT. With tcp.tls also what firth_tls_start returns: FIRTH_ERR_TLS_CERTIFICATE,
 * _TLS_ALERT, _TLS_HANDSHAKE, _TLS_PROTOCOL, _TLS_TRUNCATED, _TLS_PLAINTEXT, _TLS_NO_NAME, and FIRTH_ERR_TIMED_OUT after
 * tls.handshake_timeout_ms. On failure *socket is NULL. May suspend. */
#define firth_tcp_connect(tcp, host, port, socket) firth_tcp_connect_at(tcp, host, port, socket, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_tcp_connect_at(const firth_tcp_builder *tcp, const char *host, int port,
                                                   firth_socket **socket, const char *place);

/* The same to several numeric addresses, in the order given, each attempt a little after the last; FIRTH_ERR_PORT_RANGE,
 * and nothing is tried, if one of them has port 0. May suspend. */
#define firth_tcp_connect_any(tcp, addresses, count, socket)                                                           \
    firth_tcp_connect_any_at(tcp, addresses, count, socket, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_tcp_connect_any_at(const firth_tcp_builder *tcp, const firth_address *addresses,
                                                       size_t count, firth_socket **socket, const char *place);

/* Listens on a numeric address, or on every address of the machine for "*" and NULL (dual stack where IPv6 is there).
 * Port 0 lets the system choose; firth_server_address tells. Returns FIRTH_OK with *server the caller's to close;
 * FIRTH_ERR_ADDRESS_IN_USE, _ADDRESS_NOT_AVAILABLE, _ADDRESS_INVALID, _PORT_RANGE, _PERMISSION, _TOO_MANY_OPEN,
 * _NO_MEMORY, _NOT_SUPPORTED, _ARGUMENT. On failure *server is NULL. Never suspends. */
#define firth_tcp_bind(tcp, host, port, server) firth_tcp_bind_at(tcp, host, port, server, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_tcp_bind_at(const firth_tcp_builder *tcp, const char *host, int port,
                                                firth_server **server, const char *place);

/* Takes over a connected native TCP socket, with the builder's options applied to it. On success the descriptor is the
 * socket's; on failure it is still the caller's, open, but maybe non-blocking and with some of the options set.
 * Returns FIRTH_OK; FIRTH_ERR_NOT_CONNECTED; FIRTH_ERR_ARGUMENT for something else than a TCP socket, and on Windows for
 * one that was made by WSASocket without WSA_FLAG_OVERLAPPED; as firth_tcp_bind otherwise. Never suspends. */
#define firth_tcp_adopt(tcp, descriptor, socket) firth_tcp_adopt_at(tcp, descriptor, socket, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_tcp_adopt_at(const firth_tcp_builder *tcp, intptr_t descriptor,
                                                 firth_socket **socket, const char *place);

FIRTH_END_DECLS

#endif
