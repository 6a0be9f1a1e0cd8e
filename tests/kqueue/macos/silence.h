/* SPDX-License-Identifier: Apache-2.0 */
/* macOS before 11, for a library that runs on the double: no MSG_NOSIGNAL, and SO_NOSIGPIPE in its place. Comes behind
 * redirect.h. */
#ifndef KQUEUE_DOUBLE_SILENCE_H
#define KQUEUE_DOUBLE_SILENCE_H

#include <sys/socket.h>

#undef MSG_NOSIGNAL
#define SO_NOSIGPIPE 0x1022

#endif
