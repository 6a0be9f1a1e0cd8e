/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FTH_TLS_BUILDER_H
#define FTH_TLS_BUILDER_H

#include <firth/tls.h>

/* Copies the caller's builder, which may be of an older, shorter struct, and checks its plain fields: FIRTH_OK, or
 * FIRTH_ERR_ARGUMENT with the option's name. What it points to stays the caller's. */
int fth_tls_read(firth_tls_builder *full, const firth_tls_builder *given);

#endif
