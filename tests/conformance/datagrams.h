/* SPDX-License-Identifier: Apache-2.0 */
/* Datagram sockets. What is sent may be lost on the subject's loopback, if that is a simulated one: so it is sent again
 * until it has arrived, and what came of earlier sends is told by its bytes. */
#ifndef FTH_KIT_DATAGRAMS_H
#define FTH_KIT_DATAGRAMS_H

#include "tests/conformance/peers.h"

#define KIT_DATAGRAM_CASE(fn) KIT_CASE_WITH(fn, .body = fn, .needs = FIRTH_CAN_DATAGRAMS, .plain = KIT_NO_CONNECTION)

/* Two sockets on IPv4 loopback that the scope owns, and their addresses. */
typedef struct kit_datagrams {
    firth_datagram_socket *a, *b;
    firth_address a_at, b_at;
} kit_datagrams;

int fth_kit_datagrams(firth_scope *scope, kit_datagrams *pair);
int fth_kit_datagram_socket(firth_scope *scope, const firth_udp_builder *udp, firth_datagram_socket **socket,
                            firth_address *address);

/* The subject's loopback is a kernel's: nothing is lost, doubled or overtaken on it. */
static inline bool fth_kit_is_sure(void)
{
    return fth_kit.pace.settled_us <= KIT_SETTLED_US;
}

/* Receives one within the time that anything sent takes, or FIRTH_ERR_TIMED_OUT. */
int64_t fth_kit_receive_datagram(firth_datagram_socket *socket, firth_datagram *datagram);

/* Sends the datagram from one socket until the other has received one of that size that begins with the same bytes, into
 * *got, whose bytes and capacity are set. FIRTH_OK. */
int fth_kit_exchange(firth_datagram_socket *from, const firth_datagram *datagram, firth_datagram_socket *to,
                     firth_datagram *got);

#endif
