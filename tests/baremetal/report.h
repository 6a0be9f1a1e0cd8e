/* SPDX-License-Identifier: Apache-2.0 */
/* Results of a program on a board, a line each. */
#ifndef FTH_TESTS_BAREMETAL_REPORT_H
#define FTH_TESTS_BAREMETAL_REPORT_H

#include <firth/firth.h>
#include <stdio.h>

extern int failures;

/* Prints PASS or FAIL. */
void check(bool is_right, const char *what);

/* A part of a program, by the word that asks for it. */
typedef struct report_part {
    const char *word;
    firth_task_fn *fn;
} report_part;

/* Runs the one that the command line asks for: the exit code. */
int report_run(int argc, char **argv, const report_part *parts, size_t count);

#ifdef FAULTS_HAS_TLS
/* mbedTLS without memory (tls_faults.c). */
int test_tls(firth_scope *scope, void *argument);
#endif

#endif
