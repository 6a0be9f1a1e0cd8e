/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FIRTH_TESTS_WINDOWS_IFADDRS_H
#define FIRTH_TESTS_WINDOWS_IFADDRS_H

#pragma GCC system_header
#include "posix.h"

struct ifaddrs {
    struct ifaddrs *ifa_next;
    struct sockaddr *ifa_addr;
};

/* -1: nobody knows. */
int getifaddrs(struct ifaddrs **all);
void freeifaddrs(struct ifaddrs *all);

#endif
