/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of FreeRTOS that Firth's port makes, answered by Zephyr's kernel. One thread of Zephyr runs a selector, since
 * lwIP is one: the notification of a task is that thread's alone. */
#ifndef FTH_ZEPHYR_FREERTOS_H
#define FTH_ZEPHYR_FREERTOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zephyr/kernel.h>

/* Threads that firth_blocking starts would need stacks from somewhere. */
#define configSUPPORT_DYNAMIC_ALLOCATION 0
#define configTICK_RATE_HZ               CONFIG_SYS_CLOCK_TICKS_PER_SEC

typedef long BaseType_t;
typedef unsigned long UBaseType_t;
typedef uint32_t TickType_t;

#define pdFALSE                    ((BaseType_t)0)
#define pdTRUE                     ((BaseType_t)1)
#define portMAX_DELAY              ((TickType_t)0xffffffff)
#define tskIDLE_PRIORITY           ((UBaseType_t)0)
#define portYIELD_FROM_ISR(higher) ((void)(higher)) /* the kernel switches by itself */

#undef FIRTH_FREERTOS_IN_INTERRUPT /* of firth/freertos.h, if that came first */
#define FIRTH_FREERTOS_IN_INTERRUPT k_is_in_isr

typedef struct StaticSemaphore_t {
    bool is_mutex;
    union {
        struct k_mutex mutex;
        struct k_sem semaphore;
    } of;
} StaticSemaphore_t;

static inline k_timeout_t fth_zephyr_ticks(TickType_t ticks)
{
    return ticks == portMAX_DELAY ? K_FOREVER : K_TICKS(ticks);
}

#endif
