/* SPDX-License-Identifier: Apache-2.0 */
/* The vector table, which the processor reads at address 0. */
#include <firth/board.h>
#include <firth/port.h>

#include "ports/baremetal/layout.h"
#include "ports/boards/mps2/mps2.h"

typedef void handler(void);

typedef struct vectors {
    const void *stack;
    handler *exceptions[15];
    handler *interrupts[MPS2_INTERRUPTS];
} vectors;

enum { NMI = 1, HARD_FAULT, MEM_MANAGE, BUS_FAULT, USAGE_FAULT, SV_CALL = 10, DEBUG_MONITOR, PEND_SV = 13, SYS_TICK };

extern const vectors fth_board_vectors;

/* Interrupts that are off have no handler. */
static void unexpected(void)
{
    firth_port_panic("firth: an exception that nobody has turned on");
}

__attribute__((section(".vectors"), used)) const vectors fth_board_vectors = {
    .stack = firth_baremetal_handler_stack_end,
    .exceptions =
        {
            [0] = firth_baremetal_reset,
            [NMI] = unexpected,
            [HARD_FAULT] = firth_baremetal_fault,
            [MEM_MANAGE] = firth_baremetal_fault,
            [BUS_FAULT] = firth_baremetal_fault,
            [USAGE_FAULT] = firth_baremetal_fault,
            [SV_CALL] = unexpected,
            [DEBUG_MONITOR] = unexpected,
            [PEND_SV] = unexpected,
            [SYS_TICK] = firth_baremetal_tick,
        },
    .interrupts =
        {
            [MPS2_UART0_RECEIVE_INTERRUPT] = fth_board_uart_interrupt,
            [MPS2_ETHERNET_INTERRUPT] = fth_board_ethernet_interrupt,
        },
};
