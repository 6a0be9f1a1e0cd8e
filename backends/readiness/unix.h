/* SPDX-License-Identifier: Apache-2.0 */
/* Unix sockets on the reactor. */
#ifndef FTH_READINESS_UNIX_H
#define FTH_READINESS_UNIX_H

#include <sys/socket.h>
#include <sys/un.h>

#include "backends/readiness/reactor.h"

/* ---- unix.c ------------------------------------------------------------------------------------------------------ */

/* Fills in *native and its length. FIRTH_ERR_TOO_LONG: the system's paths are shorter (104 bytes with the NUL on macOS and
 * the BSDs); FIRTH_ERR_NOT_SUPPORTED: it has no abstract names. */
int fth_unix_to_native(struct sockaddr_un *native, socklen_t *length, const firth_unix_address *address);
void fth_unix_from_native(firth_unix_address *address, const struct sockaddr_un *native, socklen_t length);

/* ---- unix_files.c ------------------------------------------------------------------------------------------------ */

int fth_unix_native_bind(firth_io *io, const firth_unix_address *address, int mode, bool replace_stale,
                         bool unlink_later, firth_unix_file *file);
void fth_unix_native_unlink(const firth_unix_address *address, const firth_unix_file *file);

/* ---- unix_messages.c --------------------------------------------------------------------------------------------- */

int64_t fth_unix_native_receive(firth_io *io, firth_unix_message *message);
int64_t fth_unix_native_send(firth_io *io, const firth_unix_message *message);
void fth_unix_native_discard(intptr_t descriptor);

#endif
