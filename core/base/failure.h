/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a failure goes from one to another; firth_fail and firth_fail_in_words are in backend.h. */
#ifndef FTH_FAILURE_H
#define FTH_FAILURE_H

#include <firth/backend.h>

/* Makes what one task knows of a failure another's, with its detail. Returns the code. */
int fth_failure_pass(firth_failure *to, const firth_failure *from);

/* The same for the running task, or the thread outside one. */
int fth_failure_to_caller(const firth_failure *from);

#endif
