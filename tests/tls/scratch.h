/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a test, in a folder of its own; and contexts built, with what was said when they could not be. */
#ifndef FIRTH_TESTS_TLS_SCRATCH_H
#define FIRTH_TESTS_TLS_SCRATCH_H

#include "core/tls/engine.h"

/* cmocka's setup and teardown of a test or a group: makes the folder; removes it with its files. */
int scratch_open(void **state);
int scratch_close(void **state);

/* The path of a file in it; valid until 8 others were asked for. */
const char *scratch_path(const char *name);

/* Writes a file and returns its path as scratch_path. */
const char *scratch_file(const char *name, const void *bytes, size_t size);
const char *scratch_text(const char *name, const char *text);

/* Builds a context, which must succeed; NULL after a failure that was printed. */
fth_tls_context *context_of(const firth_tls_builder *tls);

/* Building must fail with that code and a detail that contains both texts (NULL: any). Returns whether it did; else
 * prints what happened in its place. */
bool context_refused(const firth_tls_builder *tls, int code, const char *text, const char *other);

#endif
