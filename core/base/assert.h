/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions of the library about itself, and the answer to broken rules of the interface. */
#ifndef FTH_ASSERT_H
#define FTH_ASSERT_H

#include <firth/backend.h>
#include <firth/port.h>

/* A state that cannot be: in debug builds the end, in release builds nothing. */
#ifdef FIRTH_DEBUG
#define FTH_ASSERT(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            firth_port_panic("firth: " FIRTH_HERE ": " #condition);                                                    \
    } while (0)
#else
#define FTH_ASSERT(condition) ((void)sizeof(condition))
#endif

/* The caller broke a rule: a debug build stops there, a release build returns FIRTH_ERR_MISUSE with rule as the failing
 * step, or "misuse" where there are no words. rule is a string literal. */
#ifdef FIRTH_DEBUG
#define FTH_MISUSE(rule) (firth_port_panic("firth: misuse: " rule), FIRTH_ERR_MISUSE)
#elif defined(FIRTH_NO_WORDS)
FIRTH_COLD int fth_fail_with_misuse(void);
#define FTH_MISUSE(rule) fth_fail_with_misuse()
#else
#define FTH_MISUSE(rule) firth_fail(FIRTH_ERR_MISUSE, 0, rule)
#endif

#endif
