/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FIRTH_TESTS_WINDOWS_HANDLES_H
#define FIRTH_TESTS_WINDOWS_HANDLES_H

#include <stddef.h>

/* Handles this process has open of the kinds that a network takes: sockets, files, completion ports. */
size_t windows_handles_open(void);

/* Of these, those that a child process would inherit. */
size_t windows_handles_inherited(void);

#endif
