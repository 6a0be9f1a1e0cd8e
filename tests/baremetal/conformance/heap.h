/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FTH_TESTS_BAREMETAL_HEAP_H
#define FTH_TESTS_BAREMETAL_HEAP_H

/* Of the C library, above the arena: the kit is a program of a desktop, with malloc. */
enum { HEAP_BYTES = 13 << 20 };

#endif
