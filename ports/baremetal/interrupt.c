/* SPDX-License-Identifier: Apache-2.0 */
/* What a board calls an interrupt of the user, as a call of those who watch. The handler may come at any time but with
 * interrupts off. */
#include <firth/board.h>
#include <firth/port.h>

#include "ports/baremetal/registers.h"

enum { WATCHES_MAX = 4 };

static firth_port_interrupt *volatile watches[WATCHES_MAX];

void firth_baremetal_interrupt(void)
{
    for (int i = 0; i < WATCHES_MAX; i++) {
        firth_port_interrupt *watch = watches[i];

        if (watch != NULL)
            watch->notify(watch->argument);
    }
}

int firth_port_interrupt_watch(firth_port_interrupt *watch)
{
    int slot = 0;

    while (slot < WATCHES_MAX && watches[slot] != NULL)
        slot++;
    if (slot == WATCHES_MAX)
        return FIRTH_ERR_NO_MEMORY;
    watch->slot = slot;
    watches[slot] = watch;
    return FIRTH_OK;
}

void firth_port_interrupt_forget(firth_port_interrupt *watch)
{
    fth_interrupts_off();
    watches[watch->slot] = NULL;
    fth_interrupts_on();
}
