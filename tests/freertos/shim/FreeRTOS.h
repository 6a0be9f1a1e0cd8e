/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the API of FreeRTOS V11 that Firth's port uses, on threads of this system. It shows that the port keeps to
 * the API; how a kernel behaves it does not show. As in FreeRTOS, what an interrupt may not call ends the program, and so
 * does what a critical section may not. */
#ifndef FREERTOS_SHIM_H
#define FREERTOS_SHIM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "FreeRTOSConfig.h"

typedef long BaseType_t;
typedef unsigned long UBaseType_t;
typedef uint32_t TickType_t;
typedef uint32_t StackType_t;
typedef void (*TaskFunction_t)(void *argument);

#define pdFALSE            ((BaseType_t)0)
#define pdTRUE             ((BaseType_t)1)
#define pdPASS             pdTRUE
#define pdFAIL             pdFALSE
#define portMAX_DELAY      ((TickType_t)0xffffffff)
#define portTICK_PERIOD_MS ((TickType_t)1000 / configTICK_RATE_HZ)
#define tskIDLE_PRIORITY   ((UBaseType_t)0)

/* Larger than the kernel's, which are of some 80 bytes. */
typedef struct StaticSemaphore_t {
    pthread_mutex_t mutex;
    pthread_cond_t given;
    UBaseType_t count;
    UBaseType_t most;
    pthread_t holder;
    bool is_mutex;
    bool is_held;
} StaticSemaphore_t;

void *pvPortMalloc(size_t bytes);
void vPortFree(void *memory);

BaseType_t xPortIsInsideInterrupt(void);

#define portYIELD_FROM_ISR(higher_priority_woken) ((void)(higher_priority_woken))

#endif
