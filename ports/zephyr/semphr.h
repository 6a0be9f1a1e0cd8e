/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FTH_ZEPHYR_SEMPHR_H
#define FTH_ZEPHYR_SEMPHR_H

#include <FreeRTOS.h>

typedef StaticSemaphore_t *SemaphoreHandle_t;

static inline SemaphoreHandle_t xSemaphoreCreateMutexStatic(StaticSemaphore_t *memory)
{
    memory->is_mutex = true;
    (void)k_mutex_init(&memory->of.mutex);
    return memory;
}

static inline SemaphoreHandle_t xSemaphoreCreateCountingStatic(UBaseType_t most, UBaseType_t initial,
                                                               StaticSemaphore_t *memory)
{
    memory->is_mutex = false;
    (void)k_sem_init(&memory->of.semaphore, (unsigned)initial, (unsigned)most);
    return memory;
}

static inline BaseType_t xSemaphoreTake(SemaphoreHandle_t semaphore, TickType_t ticks)
{
    const k_timeout_t timeout = fth_zephyr_ticks(ticks);
    const int rc = semaphore->is_mutex ? k_mutex_lock(&semaphore->of.mutex, timeout)
                                       : k_sem_take(&semaphore->of.semaphore, timeout);

    return rc == 0 ? pdTRUE : pdFALSE;
}

static inline BaseType_t xSemaphoreGive(SemaphoreHandle_t semaphore)
{
    if (semaphore->is_mutex)
        return k_mutex_unlock(&semaphore->of.mutex) == 0 ? pdTRUE : pdFALSE;
    k_sem_give(&semaphore->of.semaphore);
    return pdTRUE;
}

/* The kernel keeps nothing of it. */
static inline void vSemaphoreDelete(SemaphoreHandle_t semaphore)
{
    (void)semaphore;
}

#endif
