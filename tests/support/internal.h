/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the test support share with each other, and no test needs. */
#ifndef FIRTH_TESTS_SUPPORT_INTERNAL_H
#define FIRTH_TESTS_SUPPORT_INTERNAL_H

#include "tests/support/support.h"

/* Failures noted by EXPECT since the test began. */
size_t support_failures(void);
void support_failures_forget(void);

/* Prints the seed if the test asked for one. */
void support_random_report(void);
void support_random_program(const char *path);
const char *support_test_name(void);
const char *support_program(void);
void support_random_forget(void);

/* The log's sink; a test starts with an empty one. */
void support_log_line(void *argument, const char *line);
void support_log_forget(void);

/* The allocation hooks. */
void *support_allocate(void *argument, size_t bytes);
void support_release(void *argument, void *memory);

/* Takes the port that support_closed_port tells, before a test counts descriptors. */
void support_closed_port_take(void);

#endif
