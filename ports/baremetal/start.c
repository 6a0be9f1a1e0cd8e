/* SPDX-License-Identifier: Apache-2.0 */
/* From reset to main, as of C: variables, the memory protection unit, the clock, standard output, the words of the command
 * line. main runs on a stack of its own; handlers have theirs. */
#include <firth/board.h>
#include <firth/port.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ports/baremetal/clock.h"
#include "ports/baremetal/guard.h"
#include "ports/baremetal/layout.h"
#include "ports/baremetal/libc.h"
#include "ports/baremetal/registers.h"

enum { ARGUMENTS_MAX = 8, COMMAND_LINE_BYTES = 160, OUTPUT_BYTES = 160 };

int main(int argc, char **argv);

static char command_line[COMMAND_LINE_BYTES];
static char output[OUTPUT_BYTES], errors[OUTPUT_BYTES];

/* Lines, so that they are seen at once; buffers of ours, so that the C library takes none of its heap. */
static void open_output(void)
{
    (void)setvbuf(stdout, output, _IOLBF, sizeof output);
    (void)setvbuf(stderr, errors, _IOLBF, sizeof errors);
    fth_libc_seal();
}

static int split(char *text, char **words)
{
    int count = 0;

    while (*text != '\0' && count < ARGUMENTS_MAX) {
        words[count++] = text;
        while (*text != '\0' && *text != ' ')
            text++;
        while (*text == ' ')
            *text++ = '\0';
    }
    return count;
}

static void run_main(void)
{
    static char *words[ARGUMENTS_MAX + 1];
    int count, code;

    firth_board_command_line(command_line, sizeof command_line);
    count = split(command_line, words);
    code = main(count, words);
    (void)fflush(stdout);
    (void)fflush(stderr);
    firth_board_exit(code);
}

/* The linker's symbols are places, and no objects. */
static inline size_t bytes_between(const char *low, const char *high)
{
    return (size_t)((uintptr_t)high - (uintptr_t)low);
}

__attribute__((used)) static void start(void)
{
#ifdef __ARM_FP
    FTH_CPACR |= 15u << 20; /* coprocessors 10 and 11, which are the floating point unit */
    fth_barrier();
#endif
    memcpy(firth_baremetal_data, firth_baremetal_data_source,
           bytes_between(firth_baremetal_data, firth_baremetal_data_end));
    memset(firth_baremetal_zeros, 0, bytes_between(firth_baremetal_zeros, firth_baremetal_zeros_end));
    memset(firth_baremetal_main_guard, 0,
           (size_t)((char *)__builtin_frame_address(0) - 64 - firth_baremetal_main_guard));
    FTH_SHCSR |= FTH_SHCSR_FAULTS;
    firth_board_start();
    fth_guard_open();
    fth_clock_open();
    open_output();
    fth_interrupts_on();
    run_main();
}

/* Thread mode goes on on the process stack: CONTROL bit 1. */
__attribute__((naked, noreturn)) void firth_baremetal_reset(void)
{
    __asm__ volatile("cpsid i\n\t"
                     "ldr r0, =firth_baremetal_main_stack_end\n\t"
                     "msr psp, r0\n\t"
                     "movs r0, #2\n\t"
                     "msr control, r0\n\t"
                     "isb\n\t"
                     "bl start");
}
