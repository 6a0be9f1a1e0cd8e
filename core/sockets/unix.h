/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of Unix sockets share. */
#ifndef FTH_UNIX_H
#define FTH_UNIX_H

#include "core/sockets/socket.h"
#include <firth/unix.h>

/* The slots of the selector's backend; only after fth_unix_read has found that there are any. */
static inline const firth_unix_backend *fth_unix_slots(const firth_selector *selector)
{
    return selector->backend->unix_sockets;
}

/* Copies the caller's builder, which may be of an older, shorter struct, and checks its fields and whether the backend has
 * such sockets at all. */
int fth_unix_read(firth_unix_builder *full, const firth_unix_builder *given);

/* An address that a caller filled in: FIRTH_OK, FIRTH_ERR_ARGUMENT for none or a path with a NUL in it,
 * FIRTH_ERR_TOO_LONG. */
int fth_unix_check_address(const firth_unix_address *address);

/* What only a file has is not for a name outside the file system: FIRTH_ERR_NOT_SUPPORTED. */
int fth_unix_check_bind(const firth_unix_builder *builder, const firth_unix_address *address);

/* Sets the kernel's options on an io. */
int fth_unix_apply(const firth_unix_builder *builder, firth_io *io);

/* What the builder has in common with TCP's, as sockets and servers keep it. */
firth_tcp_builder fth_unix_as_tcp(const firth_unix_builder *builder);

/* A socket without a descriptor, that takes the peer's descriptors if descriptors_max says so; NULL: no memory. */
firth_socket *fth_unix_socket_new(firth_selector *selector, int descriptors_max);

#endif
