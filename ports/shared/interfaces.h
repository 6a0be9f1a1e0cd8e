/* SPDX-License-Identifier: Apache-2.0 */
/* What the platforms' lists of interfaces have in common. */
#ifndef FTH_PORTS_SHARED_INTERFACES_H
#define FTH_PORTS_SHARED_INTERFACES_H

#include <firth/port.h>

/* Puts one among the count that were found so far, by rising index although no system promises an order; the highest are
 * left out beyond capacity. */
void fth_interfaces_insert(firth_interface *interfaces, size_t capacity, size_t count, const firth_interface *one);

#endif
