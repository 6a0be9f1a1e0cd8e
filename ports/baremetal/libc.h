/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FTH_PORTS_BAREMETAL_LIBC_H
#define FTH_PORTS_BAREMETAL_LIBC_H

/* The C library has what it needs of its heap. From now on whoever calls malloc(3) ends the program. */
void fth_libc_seal(void);

#endif
