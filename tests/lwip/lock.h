/* SPDX-License-Identifier: Apache-2.0 */
/* A test's own calls of lwIP: under its lock, where lwIP has a thread. */
#ifndef FIRTH_TESTS_LWIP_LOCK_H
#define FIRTH_TESTS_LWIP_LOCK_H

#include <lwip/opt.h>

#if NO_SYS
#define LOCKED(statement)                                                                                              \
    do {                                                                                                               \
        statement;                                                                                                     \
    } while (0)
#else
#include <lwip/tcpip.h>
#define LOCKED(statement)                                                                                              \
    do {                                                                                                               \
        LOCK_TCPIP_CORE();                                                                                             \
        statement;                                                                                                     \
        UNLOCK_TCPIP_CORE();                                                                                           \
    } while (0)
#endif

#endif
