/* SPDX-License-Identifier: Apache-2.0 */
/* What connect, bind, accept and adopt share: the builder's options on an io. */
#ifndef FTH_TCP_H
#define FTH_TCP_H

#include <firth/backend.h>
#include <firth/tcp.h>

typedef enum fth_tcp_role {
    FTH_TCP_CONNECT = 1,
    FTH_TCP_LISTEN = 2,
    FTH_TCP_ACCEPTED = 4,
    FTH_TCP_ADOPTED = 8,
} fth_tcp_role;

/* Copies the caller's builder, which may be of an older, shorter struct, and checks its fields. */
int fth_tcp_read(firth_tcp_builder *full, const firth_tcp_builder *given);

/* Applies every option that role has and that was asked for; a failure names the option. */
int fth_tcp_apply(const firth_tcp_builder *tcp, firth_io *io, firth_family family, fth_tcp_role role);

#endif
