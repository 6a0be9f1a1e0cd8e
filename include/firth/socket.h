/* SPDX-License-Identifier: Apache-2.0 */
/* Connected sockets and listening servers, whatever opened them. See tcp.h for the builders. */
#ifndef FIRTH_SOCKET_H
#define FIRTH_SOCKET_H

#include <firth/address.h>
#include <firth/channel.h>
#include <firth/error.h>
#include <firth/export.h>
#include <firth/option.h>
#include <firth/scope.h>

FIRTH_BEGIN_DECLS

/* ---- sockets ----------------------------------------------------------------------------------------------------- */

/* The channel to read from: always the same object, owned by the socket. Never suspends. */
FIRTH_API firth_read_channel *firth_socket_input(firth_socket *socket);

/* The channel to write to: always the same object, owned by the socket. Never suspends. */
FIRTH_API firth_write_channel *firth_socket_output(firth_socket *socket);

/* Makes two sockets connected to each other in memory, as socketpair(2), with auto-flush: for tests, and for code that
 * wants a socket between two tasks. They have no descriptor, no addresses and no options, but can be made secure.
 * Returns FIRTH_OK with both the caller's to close; FIRTH_ERR_NO_MEMORY. Never suspends. */
#define firth_socket_pair(selector, pair) firth_socket_pair_at(selector, pair, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_socket_pair_at(firth_selector *selector, firth_socket *pair[2], const char *place);

/* Closes gracefully: flushes what is written, sends FIN, discards what the peer was still sending so that no reset
 * overtakes the last bytes, and frees the socket - all within the builder's linger_ms, after which it is reset. It does
 * not wait for a peer that is silent. That of a secure socket owes its close_notify, and is waited for; but not in a
 * cancelled scope, nor once the linger of another socket that the same ending scope owned has passed.
 * Everyone suspended on the socket wakes with FIRTH_ERR_CLOSED first; when the call returns nothing refers to the socket
 * any more. Runs to its end in a cancelled scope too: the linger is its deadline.
 * Returns FIRTH_OK; FIRTH_ERR_TIMED_OUT when the linger passed before all was sent, or the error that stopped the last
 * bytes, FIRTH_ERR_TLS_ALERT if a secure peer refused them: the socket is gone either way. FIRTH_ERR_MISUSE outside a
 * task. NULL does nothing. May suspend. */
FIRTH_API int firth_socket_close(firth_socket *socket);

/* Resets the connection (TCP: RST, unsent bytes are lost) and frees the socket once those suspended on it, who wake
 * with FIRTH_ERR_CLOSED, have left. The handle is gone at once. NULL does nothing. Never suspends. */
FIRTH_API void firth_socket_abort(firth_socket *socket);

/* The address of this end. Returns FIRTH_OK, or FIRTH_ERR_NOT_CONNECTED once the connection is gone. Never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_socket_local_address(const firth_socket *socket, firth_address *address);

/* The address of the peer. Returns as firth_socket_local_address. Never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_socket_peer_address(const firth_socket *socket, firth_address *address);

/* Reads an option back from the system. Buffer sizes are what the application asked for, not twice that (Linux's
 * bookkeeping, socket(7)). Returns FIRTH_OK; FIRTH_ERR_NOT_SUPPORTED; FIRTH_ERR_ARGUMENT. Never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_socket_get_option(const firth_socket *socket, firth_option option, int *value);

/* Sets an option on a living socket. Returns as firth_socket_get_option. Never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_socket_set_option(firth_socket *socket, firth_option option, int value);

/* Changes the idle timeouts of the builder, in ms; 0: none. They count from the next wait on; what they
 * count of a secure socket, firth_tls_start says. Never suspends. */
FIRTH_API void firth_socket_set_idle(firth_socket *socket, int64_t read_idle_ms, int64_t write_idle_ms);

/* Lends the native descriptor, for getsockopt(2) and the like; it stays the socket's. -1 once it is gone.
 * Never suspends. */
FIRTH_API intptr_t firth_socket_descriptor(const firth_socket *socket);

/* Gives the native descriptor away, open and non-blocking, and frees the socket. Nothing may be buffered or in progress
 * in either direction, and no descriptor wait to be taken (unix.h): FIRTH_ERR_BUSY otherwise, and the socket is as it was.
 * Returns FIRTH_OK. Never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_socket_release(firth_socket *socket, intptr_t *descriptor);

/* ---- servers ----------------------------------------------------------------------------------------------------- */

/* Waits for the next client. What is nobody's fault is dealt with inside: a client gone before it was accepted, a
 * signal, no descriptor or memory left for a while (it waits, ever longer up to a second, and tries again; the clients
 * wait in the backlog). So it returns only FIRTH_OK, FIRTH_ERR_CLOSED when the server was closed, FIRTH_ERR_CANCELED,
 * FIRTH_ERR_BUSY when another task accepts already, or an error that ends the server. The new socket has the builder's
 * options and is the caller's to close. May suspend. */
#define firth_accept(server, socket) firth_accept_at(server, socket, FIRTH_HERE)
FIRTH_API FIRTH_NODISCARD int firth_accept_at(firth_server *server, firth_socket **socket, const char *place);

/* The address the server is bound to, with the real port where 0 was asked for. Lives as long as the server.
 * Never suspends. */
FIRTH_API const firth_address *firth_server_address(const firth_server *server);

/* Reads an option back from the system. Returns as firth_socket_get_option. Never suspends. */
FIRTH_API FIRTH_NODISCARD int firth_server_get_option(const firth_server *server, firth_option option, int *value);

/* Lends the native descriptor; it stays the server's. Never suspends. */
FIRTH_API intptr_t firth_server_descriptor(const firth_server *server);

/* Stops listening and frees the server once the task suspended in accept, which wakes with FIRTH_ERR_CLOSED, has left.
 * Clients in the backlog are reset by the system; sockets accepted before live on. The port can be bound again at
 * once. The handle is gone. NULL does nothing. Never suspends. */
FIRTH_API void firth_server_close(firth_server *server);

FIRTH_END_DECLS

#endif
