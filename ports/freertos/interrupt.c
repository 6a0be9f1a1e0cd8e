/* SPDX-License-Identifier: Apache-2.0 */
/* firth_freertos_interrupt as a call of those who watch. It may come from an interrupt of the chip, which can take no
 * lock, so the watchers are a fixed table of atomic pointers. */
#include <firth/freertos.h>
#include <firth/port.h>
#include <stdatomic.h>

#include "ports/freertos/freertos.h"

enum { WATCHES_MAX = 4 };

static _Atomic(firth_port_interrupt *) watches[WATCHES_MAX];
static atomic_int running;

void firth_freertos_interrupt(void)
{
    atomic_fetch_add(&running, 1);
    for (int i = 0; i < WATCHES_MAX; i++) {
        firth_port_interrupt *watch = atomic_load(&watches[i]);

        if (watch != NULL)
            watch->notify(watch->argument);
    }
    atomic_fetch_sub(&running, 1);
}

int firth_port_interrupt_watch(firth_port_interrupt *watch)
{
    for (int i = 0; i < WATCHES_MAX; i++) {
        firth_port_interrupt *none = NULL;

        if (!atomic_compare_exchange_strong(&watches[i], &none, watch))
            continue;
        watch->slot = i;
        return FIRTH_OK;
    }
    return FIRTH_ERR_NO_MEMORY;
}

void firth_port_interrupt_forget(firth_port_interrupt *watch)
{
    atomic_store(&watches[watch->slot], NULL);
    while (atomic_load(&running) > 0)
        vTaskDelay(1);
}
