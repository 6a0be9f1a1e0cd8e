/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FIRTH_TESTS_WINDOWS_STDLIB_H
#define FIRTH_TESTS_WINDOWS_STDLIB_H

#pragma GCC system_header

int setenv(const char *name, const char *value, int overwrite);
int unsetenv(const char *name);
char *mkdtemp(char *pattern);
#include_next <stdlib.h>

#endif
