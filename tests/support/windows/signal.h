/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FIRTH_TESTS_WINDOWS_SIGNAL_H
#define FIRTH_TESTS_WINDOWS_SIGNAL_H

#pragma GCC system_header

#include "posix.h"
#include_next <signal.h>

/* No signal comes but those that abort() and the like raise. */
#define SIGPIPE 13
#define SIGKILL 9
#define SIGHUP  1
#define SIGUSR1 10
#define SIGUSR2 12
#define SIGALRM 14
#define SIGBUS  7
struct sigaction {
    void (*sa_handler)(int number);
    unsigned long long sa_mask;
    int sa_flags;
};
int sigaction(int number, const struct sigaction *now, struct sigaction *before); /* 0, and nothing happens */
#define sigemptyset(set) (*(set) = 0)
#define sigfillset(set)  (*(set) = ~0ull)

#endif
