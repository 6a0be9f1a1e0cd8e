/* SPDX-License-Identifier: Apache-2.0 */
/* Peers made of Firth itself, and one that is half raw: what several TCP tests talk to. */
#ifndef FIRTH_TESTS_TCP_PEERS_H
#define FIRTH_TESTS_TCP_PEERS_H

#include "tests/support/support.h"

/* A task: sends back what the firth_socket gets until it ends, and closes it. */
int peers_echo(firth_scope *scope, void *socket);

/* A task: writes that many bytes of the stream of support_fill and ends the writing side. */
typedef struct peers_stream {
    firth_socket *socket;
    uint64_t size;
} peers_stream;
int peers_send_stream(firth_scope *scope, void *stream);

/* Reads to the end and compares with the stream of support_fill. */
int peers_check_stream(firth_socket *socket, uint64_t size);

/* A socket that was accepted by Firth and whose client is a raw descriptor; both the caller's to close. */
int peers_raw_client(const firth_tcp_builder *tcp, firth_socket **socket, int *raw);

/* A socket that Firth connected and whose server is a raw descriptor. */
int peers_raw_server(const firth_tcp_builder *tcp, firth_socket **socket, int *raw);

/* A server on a port of 127.0.0.1 of the system's choice, owned by the scope. */
int peers_server(firth_scope *scope, firth_server **server, int *port);

/* Fills all buffers between the socket and a peer that does not read, until a write has to wait. At least one byte is
 * left in the channel. */
int peers_fill(firth_scope *scope, firth_socket *socket);

/* A task that only notes what it came to. */
typedef struct peers_attempt {
    firth_socket *socket;
    firth_server *server;
    int64_t result;
    bool ended;
} peers_attempt;
int peers_read(firth_scope *scope, void *attempt);   /* one byte */
int peers_write(firth_scope *scope, void *attempt);  /* more than any buffer holds */
int peers_accept(firth_scope *scope, void *attempt); /* into attempt->socket */

#endif
