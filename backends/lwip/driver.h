/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers that have been added, see firth/lwip.h. Selector's thread. */
#ifndef FTH_LWIP_DRIVER_H
#define FTH_LWIP_DRIVER_H

#include <firth/lwip.h>

/* Gives each its turn; whether one has left something for its next. */
bool fth_lwip_poll_drivers(void);

/* The first, for a platform whose wait looks at their descriptors. */
const firth_lwip_driver *fth_lwip_drivers(void);

#endif
