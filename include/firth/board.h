/* SPDX-License-Identifier: Apache-2.0 */
/* Bare metal: a Cortex-M microcontroller without an operating system. The port ports/baremetal starts the program, has the
 * clock, memory, stacks and their guards; this is what it asks of a board, and what it offers to it. Who brings a board
 * writes a folder as those in ports/boards: these functions, the vector table, a linker script, a driver of the network.
 *
 * Vectors of the processor's own: the first word is firth_baremetal_handler_stack_end, of the linker script; then
 * firth_baremetal_reset; firth_baremetal_fault for HardFault, MemManage, BusFault and UsageFault; firth_baremetal_tick for
 * SysTick. */
#ifndef FIRTH_BOARD_H
#define FIRTH_BOARD_H

#include <firth/export.h>

FIRTH_BEGIN_DECLS

/* ---- what a board has to give ------------------------------------------------------------------------------------- */

/* The first thing that runs with variables in place: clocks, pins, the log. Interrupts are off. */
void firth_board_start(void);

/* The processor's clock, which SysTick counts, in Hz. */
uint32_t firth_board_clock_hz(void);

/* Sends text to the developer: standard output, standard error, reports of faults. From handlers too, so it may neither
 * wait for an interrupt nor keep anything. */
void firth_board_log(const char *text, size_t size);

/* Fills memory with unpredictable bytes. FIRTH_OK or FIRTH_ERR_NOT_SUPPORTED. */
int firth_board_entropy(void *bytes, size_t size);

/* Seconds since 1970, for the dates of certificates; 0: the board does not know, and no certificate is valid yet. */
int64_t firth_board_time_s(void);

/* The command line, words with spaces between, program first, with a NUL; "" if there is none. */
void firth_board_command_line(char *text, size_t size);

/* Adds the board's netif and its driver as firth/lwip.h says; lwIP is initialized. FIRTH_OK or a negative code, and then
 * nothing is left. close takes them away. */
int firth_board_network_open(void);
void firth_board_network_close(void);

/* main has returned that, or -1: a fault. Does not return: a reset, for one. */
#if defined(__GNUC__)
__attribute__((noreturn))
#endif
void firth_board_exit(int code);

/* ---- what the port offers ----------------------------------------------------------------------------------------- */

/* Handlers for the vector table. */
void firth_baremetal_reset(void);
void firth_baremetal_fault(void);
void firth_baremetal_tick(void);

/* The user interrupts the program, as Ctrl-C does elsewhere (firth_scope_cancel_on_interrupt). From a handler. */
void firth_baremetal_interrupt(void);

/* Ends the sleep below, or the next if there is none. From a handler or the program. */
void firth_baremetal_wake(void);

/* Sleeps until the next interrupt, SysTick's each millisecond among them, unless there was a wake since the last sleep.
 * Returns whether there was one. */
bool firth_baremetal_sleep(void);

/* Of the arena, from which all memory comes, in bytes: how much there is, is in use, was ever in use; and what of it
 * mbedTLS has and ever had. Of the stack of main, on which the loop and lwIP run: how much there is and was ever in use. Of
 * the stacks of tasks: the most that was in use of one, as far as stacks have been given back, to 128 bytes, and how long
 * that one is. */
typedef struct firth_baremetal_memory {
    size_t bytes;
    size_t used_bytes;
    size_t most_bytes;
    size_t tls_bytes;
    size_t tls_most_bytes;
    size_t main_stack_bytes;
    size_t main_stack_most_bytes;
    size_t task_stack_bytes;
    size_t task_stack_most_bytes;
} firth_baremetal_memory;
firth_baremetal_memory firth_baremetal_memory_now(void);

/* Files of the firmware: certificates, for one, that are compiled in. The array is the program's; the last entry has
 * path NULL. Without such an array there are none. */
typedef struct firth_baremetal_file {
    const char *path;
    const void *bytes;
    size_t size;
} firth_baremetal_file;
extern const firth_baremetal_file firth_baremetal_files[];

FIRTH_END_DECLS

#endif
