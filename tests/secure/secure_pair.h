/* SPDX-License-Identifier: Apache-2.0 */
/* Two ends of a secure connection in one program. */
#ifndef FIRTH_TESTS_SECURE_PAIR_H
#define FIRTH_TESTS_SECURE_PAIR_H

#include "tests/support/support.h"
#include <firth/tls.h>

/* Configurations that trust each other, built once: the certificate is for secure_pair_host, and for 127.0.0.1. Freed at
 * the end of the program. */
#define SECURE_PAIR_HOST "server.example"
firth_tls_config *secure_pair_server_config(void);
firth_tls_config *secure_pair_client_config(void);

/* Builders with the same certificates, for tests that change something. */
firth_tls_builder secure_pair_server(void);
firth_tls_builder secure_pair_client(void);

/* One end of a handshake, and the task that has it: the result is told here, and the socket is the secure one then. */
typedef struct secure_pair_starting {
    firth_socket *socket;
    firth_tls_config *config;
    int result;
} secure_pair_starting;

int secure_pair_start_one(firth_scope *scope, void *starting);

/* Starts TLS on both ends at once, as server and as client. Both are the caller's to close. */
int secure_pair_start(firth_scope *scope, firth_tls_config *server_config, firth_tls_config *client_config,
                      firth_socket **server, firth_socket **client);

/* A connected pair, secure: over TCP, or in memory. */
int secure_pair_tcp(firth_scope *scope, firth_socket **server, firth_socket **client);
int secure_pair_memory(firth_scope *scope, firth_socket **server, firth_socket **client);

/* A task: closes the firth_socket that is its argument. */
int secure_pair_close(firth_scope *scope, void *socket);

/* Closes both ends at once, as each waits for the other. */
int secure_pair_end(firth_scope *scope, firth_socket *a, firth_socket *b);

/* The scope owns the client. Says a line and expects it back: FIRTH_OK, or why not. */
int secure_pair_ask(firth_scope *scope, firth_socket *client);

/* A task: answers the firth_socket that is its argument; that it cannot is no error of the server's. */
int secure_pair_answer(firth_scope *scope, void *socket);

/* A task: answers all clients of the firth_server that is its argument, until that is closed. */
int secure_pair_serve(firth_scope *scope, void *server);

/* A task: connects by TLS to the int that is its argument, a port of this machine, and asks. */
int secure_pair_visit(firth_scope *scope, void *port);

#endif
