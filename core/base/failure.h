/* SPDX-License-Identifier: Apache-2.0 */
/* Failures that say more than a code; firth_fail is in backend.h. */
#ifndef FTH_FAILURE_H
#define FTH_FAILURE_H

#include <firth/error.h>

/* firth_fail with firth_failure.detail, at most 255 bytes of it, as printf(3). Returns code. */
FIRTH_COLD int fth_fail_in_words(int code, int os_code, const char *step, const char *format, ...) FIRTH_PRINTF(4, 5);

/* Makes what one task knows of a failure another's, with its detail. Returns the code. */
int fth_failure_pass(firth_failure *to, const firth_failure *from);

/* The same for the running task, or the thread outside one. */
int fth_failure_to_caller(const firth_failure *from);

#endif
