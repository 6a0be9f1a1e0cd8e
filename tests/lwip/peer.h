/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of a wire: a process of its own, with a selector and lwIP of its own, 10.0.0.2, fd00::2 and fe80::2, that
 * serves who asks until the wire is closed. */
#ifndef FIRTH_TESTS_LWIP_PEER_H
#define FIRTH_TESTS_LWIP_PEER_H

#include <sys/types.h>

#include "tests/lwip/wire.h"

/* Its services: echo of TCP and UDP; one that reads to the end and then says how many bytes there were; one that resets the
 * connection when the first byte comes. The group is one that the echo of datagrams listens to as well. */
enum { PEER_ECHO = 7, PEER_COUNT = 11, PEER_RESET = 13 };
#define PEER_GROUP "239.192.7.9"

/* Starts it; it gets `end` of a pair. */
pid_t peer_start(int end, const wire_faults *faults);

/* Its end of the wire has ended; it ends too, without a failure. */
void peer_await(pid_t peer);

/* For main: whether this process is the peer, which has served then, and *code is its exit code. */
bool peer_is_asked_for(int argc, char **argv, int *code);

#endif
