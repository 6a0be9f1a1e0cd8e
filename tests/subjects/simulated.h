/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator as a subject of the conformance kit: a world with one host for each selector, whose faults and loopback
 * are the seed's. */
#ifndef FIRTH_TESTS_SIMULATED_SUBJECT_H
#define FIRTH_TESTS_SIMULATED_SUBJECT_H

#include <firth/conformance.h>

/* A subject with that backend, which is the simulator's or hands on to it. There is one in a program. */
firth_conformance_subject simulated_subject(const firth_backend *backend);

#endif
