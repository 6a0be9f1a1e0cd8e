/* SPDX-License-Identifier: Apache-2.0 */
/* What Windows can tell the conformance kit: handles, those that are inherited, an alarm. */
#ifndef FIRTH_TESTS_WINDOWS_SUBJECT_H
#define FIRTH_TESTS_WINDOWS_SUBJECT_H

#include <firth/conformance.h>

/* A subject with that backend and all of this. A process may have millions of handles, so there is no limit to set. */
firth_conformance_subject windows_subject(const firth_backend *backend);

#endif
