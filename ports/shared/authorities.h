/* SPDX-License-Identifier: Apache-2.0 */
/* What the platforms' searches for authorities have in common. */
#ifndef FTH_PORTS_SHARED_AUTHORITIES_H
#define FTH_PORTS_SHARED_AUTHORITIES_H

#include <firth/port.h>
#include <stdbool.h>

/* To whom authorities are shown: the arguments of firth_port_authorities. */
typedef struct fth_authorities_search {
    firth_port_take_authorities *take;
    void *argument;
} fth_authorities_search;

/* Shows a file, one that cannot be read only if is_told. Whether there was a certificate in it, or FIRTH_ERR_NO_MEMORY. */
int fth_authorities_show_file(const fth_authorities_search *to, const char *path, bool is_told);

#endif
