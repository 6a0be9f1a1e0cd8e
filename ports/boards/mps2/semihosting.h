/* SPDX-License-Identifier: Apache-2.0 */
/* Semihosting: calls to the debugger, which QEMU answers as well (Arm, "Semihosting for AArch32 and AArch64"). Without
 * either a breakpoint instruction is a fault: a board of one's own has no use for this file. */
#ifndef FTH_BOARDS_MPS2_SEMIHOSTING_H
#define FTH_BOARDS_MPS2_SEMIHOSTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads size bytes of the developer's file. False: there are none. */
bool fth_semihosting_read(const char *path, void *bytes, size_t size);

/* Seconds since 1970. */
uint32_t fth_semihosting_time_s(void);

/* The command line that the developer gives. */
void fth_semihosting_command_line(char *text, size_t size);

__attribute__((noreturn)) void fth_semihosting_exit(int code);

#endif
