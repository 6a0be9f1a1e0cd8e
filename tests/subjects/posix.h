/* SPDX-License-Identifier: Apache-2.0 */
/* What a POSIX system can tell the conformance kit: descriptors, their limit, an alarm. */
#ifndef FIRTH_TESTS_POSIX_SUBJECT_H
#define FIRTH_TESTS_POSIX_SUBJECT_H

#include <firth/conformance.h>

/* A subject with that backend and all of this; as many descriptors as the system permits. */
firth_conformance_subject posix_subject(const firth_backend *backend);

/* The program has taken argv[1…taken] for itself: puts argv[0] to argv[taken] as one into argv[taken], from where the kit
 * goes on. */
void posix_join_command(int taken, char **argv);

#endif
