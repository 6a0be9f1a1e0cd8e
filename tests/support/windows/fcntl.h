/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FIRTH_TESTS_WINDOWS_FCNTL_H
#define FIRTH_TESTS_WINDOWS_FCNTL_H

#pragma GCC system_header

#include "posix.h"
#include_next <fcntl.h>

#endif
