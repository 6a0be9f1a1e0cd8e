/* SPDX-License-Identifier: Apache-2.0 */
/* Folders for socket files, and pairs of Unix sockets. */
#ifndef FIRTH_TESTS_UNIX_PLACES_H
#define FIRTH_TESTS_UNIX_PLACES_H

#include "tests/support/cloexec.h"
#include "tests/support/support.h"

/* The folder of the running test: made before it and removed after it with all that is in it. */
extern char places_folder[64];
int places_open(void **state);
int places_close(void **state);
#define PLACES_TEST(name) cmocka_unit_test_setup_teardown(name, places_open, places_close)

/* A path in it; static storage, good until the fourth call from now. */
const char *places_path(const char *name);

/* One of that many bytes; static storage, good until the next call. */
const char *places_long_path(size_t bytes);

/* The longest that this system takes: 107 on Linux, 103 on macOS and the BSDs; 0 if it is neither. */
size_t places_longest(firth_scope *scope);

bool places_has(const char *path); /* a file of any kind */

/* A server at that path, owned by the scope, with default options. */
int places_serve(firth_scope *scope, const char *path, firth_server **server);

/* A connected pair, both the caller's. */
int places_pair(firth_scope *scope, const firth_unix_builder *builder, firth_socket **a, firth_socket **b);

/* What firth_unix_connect to that path comes to; a socket is aborted. */
int places_connect_code(firth_scope *scope, const char *path);

/* The same for firth_unix_bind, with replace_stale; a server is closed, and its file stays. */
int places_bind_code(firth_scope *scope, const char *path, bool replace);

/* A socket bound by hand, a descriptor; it listens if backlog >= 0. -1 if that fails. */
int places_raw(int type, const char *path, int backlog);

/* ---- datagrams ---- */

/* A socket at that path, or without one for NULL, owned by the scope, with default options. */
int places_open_datagrams(firth_scope *scope, const char *path, firth_unix_datagram_socket **socket);
firth_unix_address places_address(const char *path);

/* One datagram; to NULL: to the peer. */
int places_send(firth_unix_datagram_socket *socket, const char *text, const firth_unix_address *to);

/* Expects that one within ten seconds; from may be NULL. */
int places_receive(firth_scope *scope, firth_unix_datagram_socket *socket, const char *text, firth_unix_address *from);

#endif
