/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FTH_TLS_MBEDTLS_ALERTS_H
#define FTH_TLS_MBEDTLS_ALERTS_H

/* "alert handshake_failure" for 40: the names of RFC 8446 §6 and RFC 5246 §7.2, "alert unknown" for a number that they do
 * not have; "alert" in a build without words, whose number is in os_code. Static storage. */
const char *fth_tls_alert_name(int number);

#endif
