/* SPDX-License-Identifier: Apache-2.0 */
/* What the context switch of every ABI is checked for. context_test.c runs these under cmocka; context_selftest.c is a
 * program of its own for processors that are emulated, where there is no cmocka. */
#ifndef FIRTH_TESTS_PORTS_CONTEXT_CHECKS_H
#define FIRTH_TESTS_PORTS_CONTEXT_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct context_check {
    const char *name;
    bool (*holds)(void); /* says on standard error what it found otherwise */
} context_check;

extern const context_check context_checks[];
extern const size_t context_check_count;

#endif
