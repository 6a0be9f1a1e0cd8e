/* SPDX-License-Identifier: Apache-2.0 */
/* What Firth changes in mbedTLS's configuration where it builds it. The library and all who include its headers have to
 * see the same: sizes of structures depend on it. */

/* TLS 1.3 uses state that all threads share. */
#undef MBEDTLS_THREADING_C
#define MBEDTLS_THREADING_C
#undef MBEDTLS_THREADING_PTHREAD
#define MBEDTLS_THREADING_PTHREAD

/* Its self tests count operations of elliptic curves in variables that all threads write to without a lock. */
#undef MBEDTLS_SELF_TEST
