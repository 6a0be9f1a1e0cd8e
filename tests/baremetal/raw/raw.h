/* SPDX-License-Identifier: Apache-2.0 */
/* Servers written by hand on lwIP's raw API, with Firth's board and port and nothing else of it: what its cost is compared
 * with (scripts/test.d/firmware_cost.sh). */
#ifndef FIRTH_TESTS_RAW_H
#define FIRTH_TESTS_RAW_H

#include <lwip/tcp.h>
#include <stdbool.h>

/* Listens at the port and runs lwIP for good; `turn`, unless NULL, after each turn of it. Returns if that cannot be. */
void raw_serve(uint16_t port, tcp_accept_fn on_accept, void (*turn)(void));

/* Puts what a callback of tcp_recv was given behind what waits; NULL is the peer's end. */
void raw_keep(struct pbuf *received, struct pbuf **waiting, bool *has_end);

#endif
