/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of Unix sockets as short as those of macOS and the BSDs, for a library that runs on the double: the kernel below
 * takes a length, and so takes these. Their own length, which comes first there, is left out. */
#ifndef KQUEUE_DOUBLE_UN_H
#define KQUEUE_DOUBLE_UN_H

#include <sys/socket.h>

struct sockaddr_un {
    sa_family_t sun_family;
    char sun_path[104];
};

#endif
