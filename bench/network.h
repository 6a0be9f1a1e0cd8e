/* SPDX-License-Identifier: Apache-2.0 */
/* The load generator's own sockets, and the network they are in. */
#ifndef BENCH_NETWORK_H
#define BENCH_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Moves this process, and those it will start, into a network of their own with nothing but a loopback device and TCP
 * Reno, so that neither other connections nor the machine's settings (a paced congestion control such as BBR costs
 * timers) have a say. False where that is not permitted. */
bool network_isolate(void);

/* The name of the congestion control that sockets get here. */
void network_congestion_control(char *name, size_t size);

/* A non-blocking socket that connects, or has connected already, to that port of loopback. `number` chooses among 250
 * addresses to come from: 28,000 ports last not even a second when each connection leaves one in TIME_WAIT. Fails the
 * program if it cannot be. */
int network_connect(uint16_t port, uint64_t number);

/* Waits until the socket is readable, or writable, at most that long. */
bool network_wait(int descriptor, short events, int limit_ms);

#endif
