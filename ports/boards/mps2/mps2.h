/* SPDX-License-Identifier: Apache-2.0 */
/* What the images of Arm's MPS2 have in common (Arm DAI 0385 and its kin); FTH_BOARD_LAN9118 is in the board's own
 * board.cmake. */
#ifndef FTH_BOARDS_MPS2_H
#define FTH_BOARDS_MPS2_H

#include <stdint.h>

#define MPS2_REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define MPS2_UART0 0x40004000u

enum { MPS2_UART0_RECEIVE_INTERRUPT = 0, MPS2_ETHERNET_INTERRUPT = 13, MPS2_INTERRUPTS = 32 };

/* The processor's interrupt controller: a bit for each. */
#define MPS2_INTERRUPT_ON    MPS2_REGISTER(0xe000e100)
#define MPS2_INTERRUPT_OFF   MPS2_REGISTER(0xe000e180)
#define MPS2_INTERRUPT_TAKEN MPS2_REGISTER(0xe000e280) /* is pending no more, unless its line is still high */

/* Handlers. */
void fth_board_uart_interrupt(void);
void fth_board_ethernet_interrupt(void);

#endif
