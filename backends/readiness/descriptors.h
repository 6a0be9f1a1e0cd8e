/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that do not block, that no child process inherits, and that raise no SIGPIPE, from their first moment on
 * where the system can do that. */
#ifndef FTH_READINESS_DESCRIPTORS_H
#define FTH_READINESS_DESCRIPTORS_H

#include <stdbool.h>
#include <sys/types.h>

#include <sys/socket.h>
#ifdef __NetBSD__
#include <sys/param.h> /* its version */
#endif

/* Linux and the BSDs have flags for it; macOS has not, nor has it accept4(2) or pipe2(2), so there a fork between two
 * calls inherits the descriptor. NetBSD had the flags before accept4. FTH_PLAIN_DESCRIPTORS: do without them in any case. */
#if !defined(FTH_PLAIN_DESCRIPTORS) && (!defined(SOCK_CLOEXEC) || !defined(SOCK_NONBLOCK))
#define FTH_PLAIN_DESCRIPTORS 1
#elif !defined(FTH_PLAIN_DESCRIPTORS) && defined(__NetBSD__) && __NetBSD_Version__ < 800000000
#define FTH_PLAIN_DESCRIPTORS 1
#endif

/* macOS before 11 does not know the flag: SO_NOSIGPIPE does it (fth_no_sigpipe). */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* As socket(2), accept(2) without an address, and pipe(2): -1 with errno. */
int fth_socket(int domain, int type, int protocol);
int fth_accept(int listener);
int fth_pipe(int ends[2]);

/* As getpeername(2), with ENOTCONN for a connection that has ended too. */
int fth_getpeername(int native, struct sockaddr *restrict address, socklen_t *restrict size);

/* For a descriptor of somebody else's. 0, or -1 with errno. */
int fth_no_sigpipe(int native);

#endif
