/* SPDX-License-Identifier: Apache-2.0 */
/* Unix sockets, at paths of the case's own. */
#ifndef FTH_KIT_UNIX_H
#define FTH_KIT_UNIX_H

#include "tests/conformance/peers.h"

#define KIT_UNIX_CASE(fn) KIT_CASE_WITH(fn, .body = fn, .needs = FIRTH_CAN_UNIX, .plain = KIT_UNIX)

/* Whether the system has what the backend has a table for. */
bool fth_kit_has_unix(firth_scope *scope);

/* A path at which there is nothing; what the case leaves there is removed when the scope has ended. Of that many bytes, or
 * of as many as it takes for 0. NULL: the subject's folder is too long for that. */
const char *fth_kit_unix_path(firth_scope *scope, size_t bytes);

/* As fth_kit_tcp; the file goes with its socket. */
firth_unix_builder fth_kit_unix(firth_scope *scope);

/* A server at a path of its own, owned by the scope. */
int fth_kit_unix_server(firth_scope *scope, const firth_unix_builder *builder, firth_server **server,
                        const char **path);

/* What connects, owned by the scope. */
int fth_kit_unix_connect(firth_scope *scope, const char *path, firth_socket **socket);

/* A connected pair: a connected, b was accepted. The scope owns both. */
int fth_kit_unix_pair(firth_scope *scope, const firth_unix_builder *builder, kit_pair *pair);

/* ---- datagrams --------------------------------------------------------------------------------------------------- */

/* A case that a system without Unix datagrams leaves at its beginning. */
#define KIT_NEEDS_UNIX_DATAGRAMS(scope)                                                                                \
    do {                                                                                                               \
        if (!fth_kit_has_unix_datagrams(scope))                                                                        \
            return fth_kit_not_applicable("datagrams of Unix sockets");                                                \
    } while (0)

bool fth_kit_has_unix_datagrams(firth_scope *scope);

/* A socket at a path of its own, which may be NULL for one that has none; owned by the scope. */
int fth_kit_unix_datagrams(firth_scope *scope, const char *path, firth_unix_datagram_socket **socket);
firth_unix_address fth_kit_unix_address(const char *path);

/* Sends that; to NULL: to the peer. */
int fth_kit_unix_send(firth_unix_datagram_socket *socket, const void *bytes, size_t size, const firth_unix_address *to);

/* Receives one within that time, or a time that suffices; else FIRTH_ERR_TIMED_OUT. */
int64_t fth_kit_unix_receive_within(firth_unix_datagram_socket *socket, firth_unix_message *message, int64_t within_ms);
int64_t fth_kit_unix_receive(firth_unix_datagram_socket *socket, firth_unix_message *message);

#endif
