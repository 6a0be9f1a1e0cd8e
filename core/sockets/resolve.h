/* SPDX-License-Identifier: Apache-2.0 */
/* Names to addresses, on threads of the selector's. */
#ifndef FTH_RESOLVE_H
#define FTH_RESOLVE_H

#include <firth/address.h>
#include <firth/selector.h>

/* Most addresses of one name that are tried. */
enum { FTH_RESOLVE_MAX = 16 };

/* Suspends until the name is resolved; a numeric address is parsed here and now. Returns how many addresses it stored,
 * families in turn (RFC 8305 §4), or FIRTH_ERR_NAME_…, _CANCELED, _NO_MEMORY. After a cancel the thread finishes alone. */
int fth_resolve(firth_selector *selector, const char *host, uint16_t port, firth_address *addresses);

#endif
