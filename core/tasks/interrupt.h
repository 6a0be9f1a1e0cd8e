/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FTH_INTERRUPT_H
#define FTH_INTERRUPT_H

#include <firth/selector.h>

typedef struct fth_interrupt fth_interrupt;

/* Cancels the scopes whose interrupt has come. From the loop. */
void fth_interrupts_deliver(firth_selector *selector);

#endif
