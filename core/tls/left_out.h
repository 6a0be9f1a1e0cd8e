/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of TLS that a build for a small machine may leave out (FIRTH_TLS_LEAVE_OUT): constants, so that the code for them
 * is compiled everywhere, and is in the image only if there is a way to it. */
#ifndef FTH_TLS_LEFT_OUT_H
#define FTH_TLS_LEFT_OUT_H

#ifdef FIRTH_NO_TLS_ALPN
#define FTH_TLS_HAS_ALPN 0
#else
#define FTH_TLS_HAS_ALPN 1
#endif

/* More than one, for a server to choose from. */
#ifdef FIRTH_NO_TLS_IDENTITIES
#define FTH_TLS_HAS_IDENTITIES 0
#else
#define FTH_TLS_HAS_IDENTITIES 1
#endif

#ifdef FIRTH_NO_TLS_KEY_LOG
#define FTH_TLS_HAS_KEY_LOG 0
#else
#define FTH_TLS_HAS_KEY_LOG 1
#endif

#ifdef FIRTH_NO_TLS_PINS
#define FTH_TLS_HAS_PINS 0
#else
#define FTH_TLS_HAS_PINS 1
#endif

#ifdef FIRTH_NO_TLS_PSK
#define FTH_TLS_HAS_PSK 0
#else
#define FTH_TLS_HAS_PSK 1
#endif

#ifdef FIRTH_NO_TLS_REVOCATION_LISTS
#define FTH_TLS_HAS_REVOCATION_LISTS 0
#else
#define FTH_TLS_HAS_REVOCATION_LISTS 1
#endif

/* Both sides': no session is resumed then. */
#ifdef FIRTH_NO_TLS_SESSION_TICKETS
#define FTH_TLS_HAS_SESSION_TICKETS 0
#else
#define FTH_TLS_HAS_SESSION_TICKETS 1
#endif

#endif
