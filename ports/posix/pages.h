/* SPDX-License-Identifier: Apache-2.0 */
/* How guards are made; for pages.c and its test. */
#ifndef FTH_PORT_PAGES_H
#define FTH_PORT_PAGES_H

#include <firth/export.h>

typedef enum fth_guard_kind {
    FTH_GUARD_UNKNOWN = 0,
    FTH_GUARD_INSTALLED = 1, /* MADV_GUARD_INSTALL: no mapping of its own */
    FTH_GUARD_PROTECTED = 2, /* mprotect(2): splits the mapping */
} fth_guard_kind;

/* What this process uses; probed at the first call. */
fth_guard_kind fth_port_guard_kind(void);

/* For tests: the next guards are of that kind (FTH_GUARD_UNKNOWN: probe again), and at most limit of them are protected
 * (0: what the system allows). */
void fth_port_guard_force(fth_guard_kind kind, unsigned long limit);

#endif
