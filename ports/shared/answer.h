/* SPDX-License-Identifier: Apache-2.0 */
/* getaddrinfo(3), whose addresses and families are the same on every system, and its lists are not. */
#ifndef FTH_PORTS_SHARED_ANSWER_H
#define FTH_PORTS_SHARED_ANSWER_H

#include <firth/port.h>

/* The family to ask for: AF_INET, AF_INET6, or AF_UNSPEC for both. */
int fth_answer_family(uint8_t family);

/* Adds an address of the system's, a struct sockaddr, to the count there are, unless it is of another family or among them.
 * Returns how many there are now. */
int fth_answer_add(firth_address *addresses, int count, int native_family, const void *native);

#endif
