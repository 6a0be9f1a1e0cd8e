/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FTH_FORMAT_H
#define FTH_FORMAT_H

#include <firth/export.h>
#include <stdarg.h>

/* snprintf(3), for reports; the result is always ended with a NUL. */
void fth_format(char *text, size_t size, const char *format, ...) FIRTH_PRINTF(3, 4);

#endif
