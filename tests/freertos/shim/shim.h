/* SPDX-License-Identifier: Apache-2.0 */
/* What tests want to know of the shim, and no kernel has. */
#ifndef FREERTOS_SHIM_TESTS_H
#define FREERTOS_SHIM_TESTS_H

#include "task.h"

/* Runs fn(argument) as an interrupt does: on another thread, where only the calls for interrupts are allowed. Returns
 * when it has. */
void shim_interrupt(void (*fn)(void *argument), void *argument);

/* Waits until a task of xTaskCreateStatic has deleted itself. */
void shim_join(TaskHandle_t task);

/* How often pvPortMalloc was called. */
unsigned long shim_allocations(void);

/* The tick count, a number of overflows included, begins there. Before anybody asks for the time. */
void shim_set_ticks(uint64_t ticks);

#endif
