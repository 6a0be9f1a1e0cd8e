/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that fail when told to: the n-th call from one place in the program, or every third from anywhere. */
#ifndef FIRTH_TESTS_FAULTS_H
#define FIRTH_TESTS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

/* X(call): those that the backends make. */
#define FAULTS_CALLS(X)                                                                                                \
    X(recv)                                                                                                            \
    X(recvmsg)                                                                                                         \
    X(recvfrom)                                                                                                        \
    X(recvmmsg)                                                                                                        \
    X(send)                                                                                                            \
    X(sendmsg)                                                                                                         \
    X(sendto)                                                                                                          \
    X(sendmmsg)                                                                                                        \
    X(accept4)                                                                                                         \
    X(connect)                                                                                                         \
    X(socket)                                                                                                          \
    X(bind)                                                                                                            \
    X(listen)                                                                                                          \
    X(getsockopt)                                                                                                      \
    X(setsockopt)                                                                                                      \
    X(getsockname)                                                                                                     \
    X(getpeername)                                                                                                     \
    X(shutdown)                                                                                                        \
    X(close)                                                                                                           \
    X(fcntl)                                                                                                           \
    X(epoll_create1)                                                                                                   \
    X(epoll_ctl)                                                                                                       \
    X(epoll_wait)                                                                                                      \
    X(eventfd)                                                                                                         \
    X(pipe2)                                                                                                           \
    X(poll)                                                                                                            \
    X(read)                                                                                                            \
    X(write)                                                                                                           \
    X(lstat)                                                                                                           \
    X(unlink)                                                                                                          \
    X(chmod)                                                                                                           \
    X(fchmod)

typedef enum faults_call {
#define FAULTS_ID(name) FAULTS_##name,
    FAULTS_CALLS(FAULTS_ID)
#undef FAULTS_ID
        FAULTS_CALLS_,
} faults_call;

typedef enum faults_how {
    FAULTS_INSTEAD, /* the call is not made */
    FAULTS_AFTER,   /* it is made, and fails all the same */
    FAULTS_SHORT,   /* it moves less than it could, or reports less */
} faults_how;

/* A place in the program that makes a call. */
typedef struct faults_site {
    faults_call call;
    const void *address;
    size_t made; /* since faults_forget_counts */
} faults_site;

enum { FAULTS_SITES = 256 };

/* Counts calls from now on, or no more. */
void faults_watch(bool on);

/* The sites seen so far: the i-th, or NULL. */
const faults_site *faults_site_at(size_t i);
void faults_forget_counts(void);

/* Lets the n-th call of the site from now fail; or with site NULL every third of that call. os_code 0 with FAULTS_SHORT. */
void faults_arm(faults_call call, const faults_site *site, size_t n, faults_how how, int os_code);

/* No call fails any more. Returns how many did. */
size_t faults_disarm(void);

#endif
