/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FIRTH_TESTS_WINDOWS_UNISTD_H
#define FIRTH_TESTS_WINDOWS_UNISTD_H

#pragma GCC system_header

#include "posix.h"

/* Nobody is root. */
static inline unsigned geteuid(void)
{
    return 1;
}
static inline int setuid(unsigned id)
{
    (void)id;
    return -1;
}
static inline int setresuid(unsigned real, unsigned effective, unsigned saved)
{
    (void)real;
    (void)effective;
    (void)saved;
    return -1;
}
#include_next <unistd.h>

#endif
