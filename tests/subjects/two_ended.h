/* SPDX-License-Identifier: Apache-2.0 */
/* A network of two ends on one selector: lwIP at the one, the kernel's sockets at the other. What connects is at one end,
 * what listens at the other, so every connection is between lwIP's TCP and the kernel's, over whatever is between them. */
#ifndef FIRTH_TESTS_TWO_ENDED_H
#define FIRTH_TESTS_TWO_ENDED_H

#include <firth/backend.h>

/* An end: its backend, and its addresses in place of the loopback's. */
typedef struct two_ended_end {
    const firth_backend *backend;
    firth_address ipv4, ipv6;
} two_ended_end;

/* The table of a network where the one connects and the other listens; one of them is lwIP's, and the other's descriptor is
 * pollable. Who names the loopback names the other end, or when he binds his own; and the ends are shown as loopback. It is
 * of TCP alone. There is one at a time, as there is one lwIP. */
const firth_backend *two_ended(const two_ended_end *connects, const two_ended_end *listens);

#endif
