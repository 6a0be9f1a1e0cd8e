/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FIRTH_TESTS_WINDOWS_SYS_RESOURCE_H
#define FIRTH_TESTS_WINDOWS_SYS_RESOURCE_H

#pragma GCC system_header

#include "../posix.h"

#endif
