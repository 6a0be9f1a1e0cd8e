/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/readiness/errors.h"

#include <errno.h>

/* Indexed by errno; 0 is FIRTH_ERR_SYSTEM. */
static const int8_t codes[] = {
    [EACCES] = FIRTH_ERR_PERMISSION,
    [EPERM] = FIRTH_ERR_PERMISSION,
    [EADDRINUSE] = FIRTH_ERR_ADDRESS_IN_USE,
    [EADDRNOTAVAIL] = FIRTH_ERR_ADDRESS_NOT_AVAILABLE,
    [ENODEV] = FIRTH_ERR_ADDRESS_NOT_AVAILABLE, /* no interface with that index */
    [EAFNOSUPPORT] = FIRTH_ERR_NOT_SUPPORTED,
    [EPROTONOSUPPORT] = FIRTH_ERR_NOT_SUPPORTED,
    [ENOPROTOOPT] = FIRTH_ERR_NOT_SUPPORTED,
    [EOPNOTSUPP] = FIRTH_ERR_NOT_SUPPORTED,
    [ENOSYS] = FIRTH_ERR_NOT_SUPPORTED,
    [EAGAIN] = FIRTH_ERR_WOULD_BLOCK,
    [EBADF] = FIRTH_ERR_ARGUMENT,
    [EDOM] = FIRTH_ERR_ARGUMENT,
    [EFAULT] = FIRTH_ERR_ARGUMENT,
    [EINVAL] = FIRTH_ERR_ARGUMENT,
    [ENOTSOCK] = FIRTH_ERR_ARGUMENT,
    [EISCONN] = FIRTH_ERR_ARGUMENT, /* an address, and it has a peer (the BSDs) */
    [EALREADY] = FIRTH_ERR_BUSY,
    [ECONNABORTED] = FIRTH_ERR_ABORTED,
    [ECONNREFUSED] = FIRTH_ERR_REFUSED,
    [ECONNRESET] = FIRTH_ERR_RESET,
    [EPIPE] = FIRTH_ERR_RESET,
    [ETIMEDOUT] = FIRTH_ERR_TIMED_OUT,
    [EHOSTUNREACH] = FIRTH_ERR_HOST_UNREACHABLE,
    [EHOSTDOWN] = FIRTH_ERR_HOST_UNREACHABLE,
    [ENETUNREACH] = FIRTH_ERR_NETWORK_UNREACHABLE,
    [ENETDOWN] = FIRTH_ERR_NETWORK_UNREACHABLE,
    [ENETRESET] = FIRTH_ERR_RESET,
    [ENOTCONN] = FIRTH_ERR_NOT_CONNECTED,
    [EDESTADDRREQ] = FIRTH_ERR_NOT_CONNECTED,
    [EMFILE] = FIRTH_ERR_TOO_MANY_OPEN,
    [ENFILE] = FIRTH_ERR_TOO_MANY_OPEN,
    [ENOBUFS] = FIRTH_ERR_NO_BUFFERS,
    [ENOMEM] = FIRTH_ERR_NO_MEMORY,
    [ENOSPC] = FIRTH_ERR_NO_MEMORY,             /* epoll_ctl(2): max_user_watches */
    [ENOENT] = FIRTH_ERR_ADDRESS_NOT_AVAILABLE, /* paths of Unix sockets */
    [ENOTDIR] = FIRTH_ERR_ADDRESS_NOT_AVAILABLE,
    [ELOOP] = FIRTH_ERR_ADDRESS_NOT_AVAILABLE,
    [EROFS] = FIRTH_ERR_PERMISSION,
    [ENAMETOOLONG] = FIRTH_ERR_TOO_LONG,
    [ETOOMANYREFS] = FIRTH_ERR_TOO_MANY_OPEN, /* descriptors on their way */
    [EMSGSIZE] = FIRTH_ERR_TOO_LONG,
};

int fth_errno_code(int os_code)
{
    if (os_code <= 0 || (size_t)os_code >= sizeof codes / sizeof codes[0] || codes[os_code] == 0)
        return FIRTH_ERR_SYSTEM;
    return codes[os_code];
}

int fth_fail_errno(const char *step)
{
    int os_code = errno;

    return firth_fail(fth_errno_code(os_code), os_code, step);
}
