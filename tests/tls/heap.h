/* SPDX-License-Identifier: Apache-2.0 */
/* The heap of a program that is linked with heap.c and -Wl,--wrap for malloc, calloc and free: what Firth and a static
 * mbedTLS allocate is counted and can be made to fail. */
#ifndef FIRTH_TESTS_TLS_HEAP_H
#define FIRTH_TESTS_TLS_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* The n-th allocation from now fails, once; 0: none. */
void heap_fail_at(size_t n);

/* Whether it did, since then. */
bool heap_has_failed(void);

/* Pieces of memory that are not freed yet. */
size_t heap_live(void);

#endif
