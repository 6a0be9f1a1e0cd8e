/* SPDX-License-Identifier: Apache-2.0 */
/* Names to addresses, on threads of the selector's. */
#ifndef FTH_RESOLVE_H
#define FTH_RESOLVE_H

#include <firth/address.h>
#include <firth/backend.h>

/* Most addresses of one name that are tried. */
enum { FTH_RESOLVE_MAX = 16 };

/* host.c: reads a numeric address, with a number or the name of an interface for its scope. 1; 0 for a name;
 * FIRTH_ERR_ADDRESS_INVALID for what is neither, such as the short and octal forms of inet_aton(3). */
int fth_host_read(const char *host, uint16_t port, firth_address *address);

/* Suspends until the name is resolved; a numeric address is parsed here and now. Returns how many addresses it stored,
 * families in turn (RFC 8305 §4), or FIRTH_ERR_NAME_…, _ADDRESS_INVALID, _CANCELED, _NO_MEMORY. After a cancel the thread
 * finishes alone. */
int fth_resolve(firth_selector *selector, const char *host, uint16_t port, firth_address *addresses);

#endif
