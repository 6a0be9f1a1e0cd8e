/* SPDX-License-Identifier: Apache-2.0 */
/* Datagram sockets for tests to play with. */
#ifndef FIRTH_TESTS_UDP_SOCKETS_H
#define FIRTH_TESTS_UDP_SOCKETS_H

#include "tests/support/support.h"

/* A socket on that address and a port of the system's choice, owned by the scope; *address may be NULL. */
int sockets_open(firth_scope *scope, const firth_udp_builder *udp, const char *host, firth_datagram_socket **socket,
                 firth_address *address);

/* The same on 127.0.0.1 with the defaults. */
int sockets_open_plain(firth_scope *scope, firth_datagram_socket **socket, firth_address *address);

/* A socket connected to that address, owned by the scope. */
int sockets_connect(firth_scope *scope, const firth_address *to, firth_datagram_socket **socket);

/* Receives one datagram and compares it with the text. */
int sockets_expect(firth_datagram_socket *socket, const char *text);

/* Receives one within the time, else FIRTH_ERR_TIMED_OUT: how many bytes, or an error. */
int64_t sockets_receive_within(int64_t ms, firth_datagram_socket *socket);

/* Nothing comes within a time in which what was sent on this machine would have. */
int sockets_expect_nothing(firth_datagram_socket *socket);

/* An address of 127.0.0.1 at which nobody is, nor will be while the scope is open but a socket with reuse_address. */
int sockets_nobody(firth_scope *scope, firth_address *address);

#endif
