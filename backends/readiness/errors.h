/* SPDX-License-Identifier: Apache-2.0 */
/* errno in Firth's terms. */
#ifndef FTH_READINESS_ERRORS_H
#define FTH_READINESS_ERRORS_H

#include <firth/backend.h>

/* The portable code of an errno > 0; FIRTH_ERR_SYSTEM for one that has none. */
FIRTH_COLD int fth_errno_code(int os_code);

/* Notes the failure of a step with the present errno and returns its code. */
int fth_fail_errno(const char *step);

#endif
