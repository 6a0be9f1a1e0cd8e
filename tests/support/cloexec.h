/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that tests open by hand. macOS has neither SOCK_CLOEXEC nor pipe2(2), and tests fork when nothing else runs. */
#ifndef FIRTH_TESTS_SUPPORT_CLOEXEC_H
#define FIRTH_TESTS_SUPPORT_CLOEXEC_H

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0
#endif
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* As pipe2(2) with O_CLOEXEC. */
static inline int support_pipe(int ends[2])
{
    if (pipe(ends) != 0)
        return -1;
    return fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0 ? 0 : -1;
}

#endif
