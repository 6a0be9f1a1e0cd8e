/* SPDX-License-Identifier: Apache-2.0 */
/* Arm MPS2 as QEMU has it: clock, log, interrupt key. It has no source of entropy and no command line but those of the
 * developer's machine. */
#include <firth/board.h>
#include <firth/error.h>
#include <stdio.h>

#include "ports/boards/mps2/mps2.h"
#include "ports/boards/mps2/semihosting.h"

/* Registers of the CMSDK's UART (Arm DDI 0479, 4.3). */
#define UART_DATA      MPS2_REGISTER(MPS2_UART0 + 0x00)
#define UART_STATE     MPS2_REGISTER(MPS2_UART0 + 0x04)
#define UART_CTRL      MPS2_REGISTER(MPS2_UART0 + 0x08)
#define UART_INTERRUPT MPS2_REGISTER(MPS2_UART0 + 0x0c)
#define UART_BAUDDIV   MPS2_REGISTER(MPS2_UART0 + 0x10)

enum {
    STATE_SEND_IS_FULL = 1,
    STATE_HAS_RECEIVED = 2,
    CTRL_SEND = 1,
    CTRL_RECEIVE = 2,
    CTRL_RECEIVE_INTERRUPT = 8,
    INTERRUPT_RECEIVED = 2,
    BAUD = 115200,
    CLOCK_HZ = 25000000,
    CTRL_C = 3
};

void firth_board_start(void)
{
    UART_BAUDDIV = CLOCK_HZ / BAUD;
    UART_CTRL = CTRL_SEND | CTRL_RECEIVE | CTRL_RECEIVE_INTERRUPT;
    MPS2_INTERRUPT_ON = 1u << MPS2_UART0_RECEIVE_INTERRUPT;
}

uint32_t firth_board_clock_hz(void)
{
    return CLOCK_HZ;
}

void firth_board_log(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        while ((UART_STATE & STATE_SEND_IS_FULL) != 0)
            continue;
        UART_DATA = (unsigned char)text[i];
    }
}

void fth_board_uart_interrupt(void)
{
    UART_INTERRUPT = INTERRUPT_RECEIVED;
    while ((UART_STATE & STATE_HAS_RECEIVED) != 0)
        if ((UART_DATA & 0xff) == CTRL_C)
            firth_baremetal_interrupt();
}

int firth_board_entropy(void *bytes, size_t size)
{
    return fth_semihosting_read("/dev/urandom", bytes, size) ? FIRTH_OK : FIRTH_ERR_NOT_SUPPORTED;
}

int64_t firth_board_time_s(void)
{
    return fth_semihosting_time_s();
}

void firth_board_command_line(char *text, size_t size)
{
    fth_semihosting_command_line(text, size);
}

/* What the program took, for who sizes a part. */
static void log_memory(void)
{
    const firth_baremetal_memory memory = firth_baremetal_memory_now();
    char line[160];
    const int size =
        snprintf(line, sizeof line,
                 "memory: at most %u of %u bytes, by mbedTLS %u; of the main stack %u of %u, of a task's %u "
                 "of %u\n",
                 (unsigned)memory.most_bytes, (unsigned)memory.bytes, (unsigned)memory.tls_most_bytes,
                 (unsigned)memory.main_stack_most_bytes, (unsigned)memory.main_stack_bytes,
                 (unsigned)memory.task_stack_most_bytes, (unsigned)memory.task_stack_bytes);

    if (size > 0)
        firth_board_log(line, (size_t)size < sizeof line ? (size_t)size : sizeof line - 1);
}

void firth_board_exit(int code)
{
    if (code >= 0)
        log_memory();
    fth_semihosting_exit(code);
}
