/* SPDX-License-Identifier: Apache-2.0 */
/* What the builders and servers of sockets ask of TLS. In a library without it option tls is refused before any of this,
 * and these do nothing. */
#ifndef FTH_TLS_CONNECTED_H
#define FTH_TLS_CONNECTED_H

#include <firth/socket.h>

#if FIRTH_HAS_TLS

/* The socket has just connected: keeps the host's name, if there is any, and with a configuration starts TLS, which puts
 * the secure socket in the place of the plain one. On failure that is gone and *socket NULL. May suspend. */
int fth_tls_connecting(firth_socket **socket, const char *host, firth_tls_config *config, const char *place);

/* The server is about to listen: with option tls it will handshake. */
int fth_tls_listening(firth_server *server);

/* It listens no more: who handshakes is told that it is over. Never suspends. */
void fth_tls_not_listening(firth_server *server);

/* Nobody accepts any more: frees what that needed. */
void fth_tls_forget(firth_server *server);

/* What firth_accept does on a server with option tls. */
int fth_tls_accept(firth_server *server, const char *place, firth_socket **socket);

#else

static inline int fth_tls_connecting(firth_socket **socket, const char *host, firth_tls_config *config,
                                     const char *place)
{
    (void)socket, (void)host, (void)config, (void)place;
    return FIRTH_OK;
}
static inline int fth_tls_listening(firth_server *server)
{
    (void)server;
    return FIRTH_OK;
}
static inline void fth_tls_not_listening(firth_server *server)
{
    (void)server;
}
static inline void fth_tls_forget(firth_server *server)
{
    (void)server;
}
static inline int fth_tls_accept(firth_server *server, const char *place, firth_socket **socket)
{
    (void)server, (void)place, (void)socket;
    return FIRTH_ERR_NOT_SUPPORTED;
}

#endif

#endif
