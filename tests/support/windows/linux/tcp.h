/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FIRTH_TESTS_WINDOWS_LINUX_TCP_H
#define FIRTH_TESTS_WINDOWS_LINUX_TCP_H

#pragma GCC system_header

#include "../posix.h"

enum { TCP_INFO = 0x7e0b }; /* there is none: every call with it fails */
struct tcp_info {
    unsigned tcpi_sacked, tcpi_data_segs_out, tcpi_unacked;
};

#endif
