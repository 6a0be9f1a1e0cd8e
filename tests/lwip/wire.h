/* SPDX-License-Identifier: Apache-2.0 */
/* A cable between two lwIPs, each in a process of its own: Ethernet frames over a socket pair, which may be lost, come late
 * and overtake each other, and can be unplugged. Faults are those of the direction away from the end that has them. */
#ifndef FIRTH_TESTS_LWIP_WIRE_H
#define FIRTH_TESTS_LWIP_WIRE_H

#include <firth/lwip.h>
#include <lwip/opt.h>

#include <lwip/netif.h>

#include "tests/support/support.h"

/* Rates are in thousandths of the frames. */
typedef struct wire_faults {
    unsigned loss;
    unsigned reordering; /* held back by hold_ms on top of delay_ms */
    unsigned delay_ms;
    unsigned hold_ms;
    uint64_t seed;
} wire_faults;

typedef struct wire_frame wire_frame;

typedef struct wire {
    firth_lwip_driver driver;
    struct netif netif;
    wire_faults faults;
    support_random random;
    wire_frame *held; /* those that are late, by the time when they leave */
    bool is_over;     /* the other end is closed */
    _Atomic unsigned sent, received, lost, late, overtaking;
    _Atomic unsigned refused; /* that came while there was no pbuf */
} wire;

/* The interface 10.0.0.<number>/24, fd00::<number>/64 and fe80::<number>, up, over one end of a pair, which stays the
 * caller's to close; the default interface, with 10.0.0.254 as its router. */
void wire_open(wire *cable, int descriptor, unsigned number);
void wire_close(wire *cable);

/* Two ends for two wires. */
void wire_pair(int ends[2]);

#endif
