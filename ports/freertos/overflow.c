/* SPDX-License-Identifier: Apache-2.0 */
/* A fault belongs to FreeRTOS's port and the program; nobody here hears of one. An overflow is found when the stack is
 * given back (memory.c), and by configCHECK_FOR_STACK_OVERFLOW. */
#include <firth/port.h>

int firth_port_overflow_watch(firth_port_overflow *watch)
{
    (void)watch;
    return FIRTH_ERR_NOT_SUPPORTED;
}

void firth_port_overflow_forget(firth_port_overflow *watch)
{
    (void)watch;
}
