/* SPDX-License-Identifier: Apache-2.0 */
/* A loopback interface for an lwIP that was built without its own. */
#ifndef FTH_LWIP_LOOPBACK_H
#define FTH_LWIP_LOOPBACK_H

/* Adds it, once in a program: 127.0.0.1 and ::1. Does nothing where lwIP has one (LWIP_HAVE_LOOPIF). */
void fth_lwip_loopback_open(void);

#endif
