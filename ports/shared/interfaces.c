/* SPDX-License-Identifier: Apache-2.0 */
#include "ports/shared/interfaces.h"

#include <string.h>

/* A new one goes behind those that are lower. */
void fth_interfaces_insert(firth_interface *interfaces, size_t capacity, size_t count, const firth_interface *one)
{
    size_t used = count < capacity ? count : capacity, at = used;

    while (at > 0 && interfaces[at - 1].index > one->index)
        at--;
    if (at == capacity)
        return;
    if (used == capacity)
        used--;
    memmove(interfaces + at + 1, interfaces + at, (used - at) * sizeof *interfaces);
    interfaces[at] = *one;
}
