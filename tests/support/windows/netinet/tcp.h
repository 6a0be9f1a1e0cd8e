/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FIRTH_TESTS_WINDOWS_NETINET_TCP_H
#define FIRTH_TESTS_WINDOWS_NETINET_TCP_H

#pragma GCC system_header

#include "../posix.h"

/* Windows 10 version 1709. */
#ifndef TCP_KEEPIDLE
#define TCP_KEEPIDLE  3
#define TCP_KEEPCNT   16
#define TCP_KEEPINTVL 17
#endif

#endif
