/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets as POSIX has them, by Winsock. */
#define FIRTH_TESTS_WINDOWS_POSIX_C
#include "tests/support/windows/posix.h"

#include <stdarg.h>

/* result, with errno for one that is negative. */
static int told(int result)
{
    if (result >= 0)
        return result;
    errno = WSAGetLastError() == WSAESHUTDOWN ? EPIPE : WSAGetLastError();
    return -1;
}

/* A handle fits in an int. */
static int descriptor_of(SOCKET handle, int flags)
{
    u_long on = 1;

    if (handle == INVALID_SOCKET)
        return told(-1);
    if ((flags & SOCK_NONBLOCK) != 0)
        (void)ioctlsocket(handle, (long)FIONBIO, &on);
    if ((flags & SOCK_CLOEXEC) != 0)
        (void)SetHandleInformation((HANDLE)handle, HANDLE_FLAG_INHERIT, 0);
    return (int)handle;
}

int posix_socket(int domain, int type, int protocol)
{
    static bool started;
    const int flags = type & (SOCK_CLOEXEC | SOCK_NONBLOCK);
    WSADATA data;

    if (!started)
        started = WSAStartup(MAKEWORD(2, 2), &data) == 0;
    return descriptor_of(WSASocketW(domain, type & ~flags, protocol, NULL, 0, WSA_FLAG_OVERLAPPED), flags);
}

int posix_bind(int descriptor, const struct sockaddr *address, socklen_t size)
{
    return told(bind((SOCKET)descriptor, address, size));
}

int posix_listen(int descriptor, int backlog)
{
    return told(listen((SOCKET)descriptor, backlog));
}

int posix_accept4(int descriptor, struct sockaddr *address, socklen_t *size, int flags)
{
    return descriptor_of(accept((SOCKET)descriptor, address, size), flags);
}

int posix_connect(int descriptor, const struct sockaddr *address, socklen_t size)
{
    const int result = told(connect((SOCKET)descriptor, address, size));

    if (result < 0 && errno == EAGAIN)
        errno = EINPROGRESS;
    return result;
}

ssize_t posix_send(int descriptor, const void *bytes, size_t size, int flags)
{
    return told(send((SOCKET)descriptor, bytes, (int)size, flags));
}

/* Wine 8 takes note of a reset that nobody was waiting for, and tells the next reader that the stream has ended; who sends
 * nothing is told that he cannot. */
static bool is_reset(SOCKET handle)
{
    return send(handle, "", 0, 0) < 0 && WSAGetLastError() != WSAEWOULDBLOCK;
}

ssize_t posix_recv(int descriptor, void *bytes, size_t size, int flags)
{
    const SOCKET handle = (SOCKET)descriptor;
    struct pollfd one = {.fd = handle, .events = POLLIN};
    int count;

    if ((flags & MSG_DONTWAIT) != 0 && WSAPoll(&one, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    count = recv(handle, bytes, (int)size, flags & ~MSG_DONTWAIT);
    if (count == 0 && size > 0 && is_reset(handle)) {
        errno = ECONNRESET;
        return -1;
    }
    return told(count);
}

int posix_setsockopt(int descriptor, int level, int name, const void *value, socklen_t size)
{
    return told(setsockopt((SOCKET)descriptor, level, name, value, size));
}

int posix_getsockopt(int descriptor, int level, int name, void *value, socklen_t *size)
{
    return told(getsockopt((SOCKET)descriptor, level, name, value, size));
}

int posix_getsockname(int descriptor, struct sockaddr *address, socklen_t *size)
{
    return told(getsockname((SOCKET)descriptor, address, size));
}

int posix_getpeername(int descriptor, struct sockaddr *address, socklen_t *size)
{
    return told(getpeername((SOCKET)descriptor, address, size));
}

int posix_shutdown(int descriptor, int how)
{
    return told(shutdown((SOCKET)descriptor, how));
}

/* A socket's, or a file's of the C library. */
int posix_close(int descriptor)
{
    if (closesocket((SOCKET)descriptor) == 0)
        return 0;
    return WSAGetLastError() == WSAENOTSOCK ? _close(descriptor) : told(-1);
}

int posix_poll(struct posix_pollfd *descriptors, nfds_t count, int timeout_ms)
{
    struct pollfd all[16];
    int result;

    if (count > sizeof all / sizeof all[0])
        return -1;
    for (nfds_t i = 0; i < count; i++)
        all[i] = (struct pollfd){.fd = (SOCKET)descriptors[i].fd, .events = descriptors[i].events};
    result = told(WSAPoll(all, count, timeout_ms));
    for (nfds_t i = 0; i < count; i++)
        descriptors[i].revents = all[i].revents;
    return result;
}

/* Whether a socket blocks cannot be asked. */
int posix_fcntl(int descriptor, int command, ...)
{
    DWORD flags = 0;
    u_long on;
    va_list arguments;
    int value;

    va_start(arguments, command);
    value = command == F_SETFD || command == F_SETFL ? va_arg(arguments, int) : 0;
    va_end(arguments);
    switch (command) {
    case F_GETFD:
        if (!GetHandleInformation((HANDLE)(intptr_t)descriptor, &flags)) {
            errno = EBADF;
            return -1;
        }
        return (flags & HANDLE_FLAG_INHERIT) != 0 ? 0 : FD_CLOEXEC;
    case F_SETFD:
        return SetHandleInformation((HANDLE)(intptr_t)descriptor, HANDLE_FLAG_INHERIT,
                                    (value & FD_CLOEXEC) != 0 ? 0 : HANDLE_FLAG_INHERIT)
                   ? 0
                   : -1;
    case F_SETFL:
        on = (value & O_NONBLOCK) != 0;
        return told(ioctlsocket((SOCKET)descriptor, (long)FIONBIO, &on));
    default:
        return 0;
    }
}
