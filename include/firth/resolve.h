/* SPDX-License-Identifier: Apache-2.0 */
/* Names to addresses. firth_tcp_connect and its like take names themselves; this is for those who want to see or choose.
 *
 *     firth_address addresses[8];
 *     int count = firth_resolve("example.org", "https", NULL, addresses, 8);
 *
 * The system's own resolver is asked, on threads of the selector that are started when needed, since it can only block;
 * each is gone when it is idle. At most firth_selector_options.resolver_threads names are looked up at a time, but a
 * look-up that nobody waits for any more, which but on Windows cannot be stopped and keeps its thread until the system
 * gives it up, does not count, nor does one that has taken 250 ms. So names whose server does not answer do not hold up one
 * who asks for another, but for 250 ms for each resolver_threads of them that are waited for before it - until there are
 * four times as many threads as resolver_threads: then the next name waits until the system gives one up, and the log says
 * so. Those who ask for the same share the one look-up that is under way.
 *
 * A network that is not the system's, lwIP, looks names up itself, without threads; resolver_threads is nothing to it.
 *
 * A numeric address is read at once, on the task's thread, and so is a numeric port. The system may keep services in more
 * than a file, so a service by name takes a thread, with a numeric address one of two that names never take.
 *
 * What looks like a number and is not an address as firth_address_make reads it - "1.2.3", "0x7f.1", "010.0.0.1", which
 * systems read as different addresses, by inet_aton(3) - is refused, and nobody is asked for it as a name. */
#ifndef FIRTH_RESOLVE_H
#define FIRTH_RESOLVE_H

#include <firth/address.h>
#include <firth/error.h>
#include <firth/export.h>

/* Zero in every field is the default. */
typedef struct firth_resolve_options {
    firth_family family; /* that one alone; FIRTH_FAMILY_NONE: both */
    bool datagrams;      /* service names are those of UDP, not TCP */
} firth_resolve_options;

FIRTH_BEGIN_DECLS

/* Stores the addresses of a host, at most capacity of them, each once, in the order in which they should be tried
 * (RFC 6724, as the system has it). host is a name, or a numeric address, with a number or the name of an interface for
 * its scope, "fe80::1%eth0", which is not looked up and asks nobody. service is a port number as text, or a name as in services(5), "https", and asks nobody if it is a number; NULL: port 0.
 * options may be NULL. A deadline is that of a scope around the call (firth_with_timeout).
 * Returns how many addresses there are, at least 1, which may be more than capacity; FIRTH_ERR_ADDRESS_INVALID for a host
 * that is neither an address nor a name; FIRTH_ERR_NAME_NOT_FOUND when there
 * is no such host, or none of that family, or - firth_last_failure()->step is "service" - no such service;
 * FIRTH_ERR_NAME_TRY_AGAIN when no server answered; FIRTH_ERR_NAME_FAILED; FIRTH_ERR_PORT_RANGE;
 * FIRTH_ERR_CANCELED, at once, while the system finishes alone; FIRTH_ERR_ARGUMENT; FIRTH_ERR_NO_MEMORY;
 * FIRTH_ERR_NOT_SUPPORTED with resolver_threads 0; FIRTH_ERR_MISUSE outside a task. May suspend. */
FIRTH_API FIRTH_NODISCARD int firth_resolve(const char *host, const char *service, const firth_resolve_options *options,
                                            firth_address *addresses, size_t capacity);

FIRTH_END_DECLS

#endif
