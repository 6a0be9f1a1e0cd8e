/* SPDX-License-Identifier: Apache-2.0 */
/* A test that cannot run says why: scripts/test lists what was skipped with the last line that was printed. */
#ifndef FIRTH_TESTS_SKIP_H
#define FIRTH_TESTS_SKIP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* On the main stack, like every assertion of cmocka's. */
#define SKIP(why)                                                                                                      \
    do {                                                                                                               \
        print_message("%s\n", why);                                                                                    \
        skip();                                                                                                        \
    } while (0)

#endif
