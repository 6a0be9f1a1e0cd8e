/* SPDX-License-Identifier: Apache-2.0 */
/* Our end of a connection with a program of somebody else's. */
#ifndef FIRTH_TESTS_INTEROP_OURS_H
#define FIRTH_TESTS_INTEROP_OURS_H

#include "tests/interop/tools.h"

#include <firth/tls.h>

/* A builder and the memory that it points to. */
typedef struct ours {
    firth_tls_builder tls;
    firth_tls_identity identities[4];
    firth_tls_data authorities;
    firth_tls_data revocation_list;
    const char *protocols[4];
    char files[12][256];
    size_t file_count;
} ours;

/* A client that trusts authorities.pem alone and expects server.example.com; a server with that identity of pki.sh. */
void ours_client(ours *this);
void ours_server(ours *this, const char *identity);

/* Each adds to it; names are those of pki.sh, without ".pem". */
void ours_add_identity(ours *this, const char *name);
void ours_trust(ours *this, const char *name);
void ours_revoke(ours *this, const char *name);
void ours_speak(ours *this, const char *protocol);
void ours_only(ours *this, firth_tls_version version);

/* Listens on a port of 127.0.0.1 of the system's choice; the server is the scope's. FIRTH_OK or an error. */
int ours_listen(firth_scope *scope, const ours *this, firth_server **server, int *port);

/* A task: accepts clients and closes them, until it is cancelled or the server closed. */
int ours_accept_for_ever(firth_scope *scope, void *server);

/* Connects and shakes hands; the socket is the scope's. FIRTH_OK or an error. */
int ours_connect(firth_scope *scope, firth_tls_config *config, int port, firth_socket **socket);

/* The same with a configuration of its own. */
int ours_connect_once(firth_scope *scope, const ours *this, int port, firth_socket **socket);

/* Asks a server for its page, to the clean end of it. FIRTH_OK with the page and a NUL in text, or an error. */
int ours_ask(firth_socket *socket, char *text, size_t size);

/* Answers a client that asks for a page, with one line, and closes the socket. FIRTH_OK or an error. */
int ours_answer(firth_socket *socket, const char *line);

#endif
