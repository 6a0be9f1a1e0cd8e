/* SPDX-License-Identifier: Apache-2.0 */
/* What a process has one of. */
#ifndef FTH_TLS_MBEDTLS_PROCESS_H
#define FTH_TLS_MBEDTLS_PROCESS_H

#include <firth/port.h>

/* A lock that is there before anybody opened one, for what is set up once for the process. It is never closed. NULL when
 * there is no memory. Any thread. */
#ifdef FIRTH_NO_THREADS
#define fth_tls_process_lock() firth_port_lock_open()
#else
firth_port_lock *fth_tls_process_lock(void);
#endif

#endif
