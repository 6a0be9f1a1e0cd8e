/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FTH_TLS_BUILDER_H
#define FTH_TLS_BUILDER_H

#include <firth/tls.h>

/* Copies the caller's builder, which may be of an older, shorter struct, and checks its plain fields: FIRTH_OK, or
 * FIRTH_ERR_ARGUMENT with the option's name. What it points to stays the caller's. */
int fth_tls_read(firth_tls_builder *full, const firth_tls_builder *given);

/* Whether it is written as the name of a host: labels of 1 to 63 letters, digits, hyphens (and underscores, which hosts
 * have), with dots between them. A name in another script comes as A-labels (RFC 5890). */
bool fth_tls_is_name(const char *text, size_t size);

#endif
