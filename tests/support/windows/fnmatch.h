/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FIRTH_TESTS_WINDOWS_FNMATCH_H
#define FIRTH_TESTS_WINDOWS_FNMATCH_H

#pragma GCC system_header

#include "posix.h"

/* Only what the names of tests need: * and ?. */
int fnmatch(const char *pattern, const char *text, int flags);

#endif
