/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/readiness/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

/* send(2) has MSG_NOSIGNAL everywhere but on older macOS, where the socket has to be told; one that was accepted is told
 * too, though XNU hands the option on. Test: a_send_to_a_dead_peer_raises_no_signal. */
int fth_no_sigpipe(int native)
{
#if defined(SO_NOSIGPIPE) && (defined(__APPLE__) || MSG_NOSIGNAL == 0)
    const int on = 1;

    return setsockopt(native, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#else
    (void)native;
    return 0;
#endif
}

/* macOS: EINVAL once both directions are shut, by a reset too (XNU, getpeername).
 * Test: a_connection_that_was_reset_has_no_peer, in the mode "eprototype". */
int fth_getpeername(int native, struct sockaddr *restrict address, socklen_t *restrict size)
{
    const int rc = getpeername(native, address, size);

    if (rc != 0 && errno == EINVAL)
        errno = ENOTCONN;
    return rc;
}

#ifdef FTH_PLAIN_DESCRIPTORS
/* O_NONBLOCK is set and not taken for granted: an accepted socket has its listener's on the BSDs and macOS, and has not on
 * Linux. Closes the descriptor if that fails. Test: an_accepted_socket_is_set_up. */
static int set_up(int native)
{
    int saved;

    if (fcntl(native, F_SETFD, FD_CLOEXEC) == 0 && fcntl(native, F_SETFL, O_NONBLOCK) == 0)
        return native;
    saved = errno;
    (void)close(native);
    errno = saved;
    return -1;
}

/* setsockopt fails with EINVAL on a connection that its peer has reset already (macOS): the next call tells of that. */
static int set_up_socket(int native)
{
    if (native < 0)
        return -1;
    (void)fth_no_sigpipe(native);
    return set_up(native);
}

int fth_socket(int domain, int type, int protocol)
{
    return set_up_socket(socket(domain, type, protocol));
}

int fth_accept(int listener)
{
    return set_up_socket(accept(listener, NULL, NULL));
}

int fth_pipe(int ends[2])
{
    if (pipe(ends) != 0)
        return -1;
    if (set_up(ends[0]) < 0) {
        (void)close(ends[1]);
    } else if (set_up(ends[1]) < 0) {
        (void)close(ends[0]);
    } else {
        return 0;
    }
    ends[0] = ends[1] = -1;
    return -1;
}
#else
int fth_socket(int domain, int type, int protocol)
{
    return socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

int fth_accept(int listener)
{
    return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int fth_pipe(int ends[2])
{
    const int rc = pipe2(ends, O_CLOEXEC | O_NONBLOCK);

    if (rc != 0)
        ends[0] = ends[1] = -1;
    return rc;
}
#endif
