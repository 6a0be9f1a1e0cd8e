/* SPDX-License-Identifier: Apache-2.0 */
/* What a POSIX system can tell the conformance kit: descriptors, their limit, an alarm. */
#ifndef FIRTH_TESTS_POSIX_SUBJECT_H
#define FIRTH_TESTS_POSIX_SUBJECT_H

#include "tests/subjects/command.h"
#include <firth/conformance.h>

/* A subject with that backend and all of this; as many descriptors as the system permits. */
firth_conformance_subject posix_subject(const firth_backend *backend);

#endif
