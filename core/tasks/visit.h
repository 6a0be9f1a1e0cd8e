/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FTH_VISIT_H
#define FTH_VISIT_H

#include <firth/export.h>

/* For firth_port_overflow: whose guard has that address; argument is the selector. Safe in a signal handler. */
bool fth_overflow_describe(void *argument, const void *address, char *text, size_t size);

#endif
