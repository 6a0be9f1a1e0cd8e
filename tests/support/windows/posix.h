/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests ask of POSIX beside Firth, by Winsock's and Windows's calls: plain blocking sockets above all, whose
 * descriptors are the handles. The headers of this folder that are named as POSIX names them are all this one. Nothing of
 * it is for the library. */
#ifndef FIRTH_TESTS_WINDOWS_POSIX_H
#define FIRTH_TESTS_WINDOWS_POSIX_H

#include <winsock2.h>

#include <ws2tcpip.h>

#include <errno.h>
#include <io.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* The system's codes, as Firth tells them. */
#undef EAGAIN
#undef EWOULDBLOCK
#undef EBADF
#undef EINVAL
#undef EINPROGRESS
#undef ECONNRESET
#undef ECONNREFUSED
#undef ENOTCONN
#undef ETIMEDOUT
#undef EADDRINUSE
#undef EADDRNOTAVAIL
#undef ENETUNREACH
#undef EHOSTUNREACH
#undef EMFILE
#define EAGAIN        WSAEWOULDBLOCK
#define EWOULDBLOCK   WSAEWOULDBLOCK
#define EBADF         WSAENOTSOCK
#define EINVAL        WSAEINVAL
#define EINPROGRESS   WSAEINPROGRESS
#define ECONNRESET    WSAECONNRESET
#define ECONNREFUSED  WSAECONNREFUSED
#define ENOTCONN      WSAENOTCONN
#define ETIMEDOUT     WSAETIMEDOUT
#define EADDRINUSE    WSAEADDRINUSE
#define EADDRNOTAVAIL WSAEADDRNOTAVAIL
#define ENETUNREACH   WSAENETUNREACH
#define EHOSTUNREACH  WSAEHOSTUNREACH
#define EMFILE        WSAEMFILE

typedef unsigned int nfds_t;
typedef uint64_t rlim_t;

enum {
    SOCK_CLOEXEC = 0x80000,
    SOCK_NONBLOCK = 0x800,
    MSG_NOSIGNAL = 0,
    MSG_DONTWAIT = 0x4000000,
    SHUT_RD = SD_RECEIVE,
    SHUT_WR = SD_SEND,
    SHUT_RDWR = SD_BOTH,
    SO_REUSEPORT = 0x7e01, /* there is none: every call with it fails */
    F_GETFD = 1,
    F_SETFD = 2,
    F_GETFL = 3,
    F_SETFL = 4,
    FD_CLOEXEC = 1,
    O_NONBLOCK = 0x800,
    RLIMIT_NOFILE = 7,
    RLIMIT_CORE = 4,
    RUSAGE_SELF = 0
};

struct posix_pollfd {
    int fd;
    short events, revents;
};

int posix_socket(int domain, int type, int protocol);
int posix_bind(int descriptor, const struct sockaddr *address, socklen_t size);
int posix_listen(int descriptor, int backlog);
int posix_accept4(int descriptor, struct sockaddr *address, socklen_t *size, int flags);
int posix_connect(int descriptor, const struct sockaddr *address, socklen_t size);
ssize_t posix_send(int descriptor, const void *bytes, size_t size, int flags);
ssize_t posix_recv(int descriptor, void *bytes, size_t size, int flags);
int posix_setsockopt(int descriptor, int level, int name, const void *value, socklen_t size);
int posix_getsockopt(int descriptor, int level, int name, void *value, socklen_t *size);
int posix_getsockname(int descriptor, struct sockaddr *address, socklen_t *size);
int posix_getpeername(int descriptor, struct sockaddr *address, socklen_t *size);
int posix_shutdown(int descriptor, int how);
int posix_close(int descriptor);
int posix_poll(struct posix_pollfd *descriptors, nfds_t count, int timeout_ms);
int posix_fcntl(int descriptor, int command, ...);

#ifndef FIRTH_TESTS_WINDOWS_POSIX_C
#define socket(domain, type, protocol)                   posix_socket(domain, type, protocol)
#define bind(descriptor, address, size)                  posix_bind(descriptor, address, size)
#define listen(descriptor, backlog)                      posix_listen(descriptor, backlog)
#define accept(descriptor, address, size)                posix_accept4(descriptor, address, size, 0)
#define accept4(descriptor, address, size, flags)        posix_accept4(descriptor, address, size, flags)
#define connect(descriptor, address, size)               posix_connect(descriptor, address, size)
#define send(descriptor, bytes, size, flags)             posix_send(descriptor, bytes, size, flags)
#define recv(descriptor, bytes, size, flags)             posix_recv(descriptor, bytes, size, flags)
#define setsockopt(descriptor, level, name, value, size) posix_setsockopt(descriptor, level, name, value, size)
#define getsockopt(descriptor, level, name, value, size) posix_getsockopt(descriptor, level, name, value, size)
#define getsockname(descriptor, address, size)           posix_getsockname(descriptor, address, size)
#define getpeername(descriptor, address, size)           posix_getpeername(descriptor, address, size)
#define shutdown(descriptor, how)                        posix_shutdown(descriptor, how)
#define close(descriptor)                                posix_close(descriptor)
#define poll(descriptors, count, timeout_ms)             posix_poll(descriptors, count, timeout_ms)
#define pollfd                                           posix_pollfd
#define fcntl                                            posix_fcntl
#endif

/* ---- the process ------------------------------------------------------------------------------------------------- */

struct rlimit {
    rlim_t rlim_cur, rlim_max;
};
int getrlimit(int resource, struct rlimit *limit); /* -1: there is none */
int setrlimit(int resource, const struct rlimit *limit);

struct rusage {
    long ru_maxrss; /* KiB */
    struct {
        long tv_sec, tv_usec;
    } ru_utime, ru_stime;
};
int getrusage(int who, struct rusage *usage);

/* A status of support_in_child, which there is not. */
#define WIFEXITED(status)   ((status) >= 0)
#define WEXITSTATUS(status) (status)
#define WIFSIGNALED(status) ((status) < 0)
#define WTERMSIG(status)    (-(status))

#endif
