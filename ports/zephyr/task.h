/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FTH_ZEPHYR_TASK_H
#define FTH_ZEPHYR_TASK_H

#include <FreeRTOS.h>

typedef k_tid_t TaskHandle_t;

typedef struct TimeOut_t {
    BaseType_t xOverflowCount;
    TickType_t xTimeOnEntering;
} TimeOut_t;

extern struct k_sem fth_zephyr_notified; /* zephyr.c */

static inline void vTaskSetTimeOutState(TimeOut_t *now)
{
    const uint64_t ticks = (uint64_t)k_uptime_ticks();

    now->xTimeOnEntering = (TickType_t)ticks;
    now->xOverflowCount = (BaseType_t)(ticks >> 32);
}

static inline TaskHandle_t xTaskGetCurrentTaskHandle(void)
{
    return k_current_get();
}

/* CONFIG_THREAD_CUSTOM_DATA: one pointer of the calling thread. */
static inline void *pvTaskGetThreadLocalStoragePointer(TaskHandle_t task, BaseType_t index)
{
    (void)task;
    (void)index;
    return k_thread_custom_data_get();
}

static inline void vTaskSetThreadLocalStoragePointer(TaskHandle_t task, BaseType_t index, void *value)
{
    (void)task;
    (void)index;
    k_thread_custom_data_set(value);
}

static inline uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks)
{
    (void)clear; /* it counts to one */
    return k_sem_take(&fth_zephyr_notified, fth_zephyr_ticks(ticks)) == 0;
}

static inline BaseType_t xTaskNotifyGive(TaskHandle_t task)
{
    (void)task;
    k_sem_give(&fth_zephyr_notified);
    return pdTRUE;
}

static inline void vTaskNotifyGiveFromISR(TaskHandle_t task, BaseType_t *higher_priority_woken)
{
    (void)higher_priority_woken;
    (void)xTaskNotifyGive(task);
}

static inline void vTaskDelay(TickType_t ticks)
{
    (void)k_sleep(K_TICKS(ticks));
}

/* The port's sections keep other threads out, and no interrupt enters one; with one processor this is enough. */
static inline void taskENTER_CRITICAL(void)
{
    k_sched_lock();
}

static inline void taskEXIT_CRITICAL(void)
{
    k_sched_unlock();
}

#endif
