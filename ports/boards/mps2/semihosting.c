/* SPDX-License-Identifier: Apache-2.0 */
#include "ports/boards/mps2/semihosting.h"

#include <stdint.h>
#include <string.h>

enum {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_READ = 0x06,
    SYS_TIME = 0x11,
    SYS_GET_CMDLINE = 0x15,
    SYS_EXIT_EXTENDED = 0x20,
    MODE_READ_BINARY = 1,
    APPLICATION_EXIT = 0x20026
};

static uintptr_t call(uintptr_t number, const void *block)
{
    register uintptr_t r0 __asm__("r0") = number;
    register const void *r1 __asm__("r1") = block;

    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

/* SYS_READ returns how many bytes are missing. */
bool fth_semihosting_read(const char *path, void *bytes, size_t size)
{
    const uintptr_t open_block[] = {(uintptr_t)path, MODE_READ_BINARY, strlen(path)};
    uintptr_t file = call(SYS_OPEN, open_block), missing;

    if (file == UINTPTR_MAX)
        return false;
    missing = call(SYS_READ, (const uintptr_t[]){file, (uintptr_t)bytes, size});
    (void)call(SYS_CLOSE, &file);
    return missing == 0;
}

uint32_t fth_semihosting_time_s(void)
{
    return call(SYS_TIME, NULL);
}

void fth_semihosting_command_line(char *text, size_t size)
{
    const uintptr_t block[] = {(uintptr_t)text, size};

    if (call(SYS_GET_CMDLINE, block) != 0)
        text[0] = '\0';
}

void fth_semihosting_exit(int code)
{
    const uintptr_t block[] = {APPLICATION_EXIT, (uintptr_t)code};

    for (;;)
        (void)call(SYS_EXIT_EXTENDED, block);
}
