/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FREERTOS_SHIM_TASK_H
#define FREERTOS_SHIM_TASK_H

#include "FreeRTOS.h"

typedef struct TimeOut_t {
    BaseType_t xOverflowCount;
    TickType_t xTimeOnEntering;
} TimeOut_t;

typedef struct StaticTask_t {
    pthread_t thread;
    TaskFunction_t fn;
    void *argument;
    void *storage[configNUM_THREAD_LOCAL_STORAGE_POINTERS];
    pthread_mutex_t mutex;
    pthread_cond_t notified;
    uint32_t notifications;
    bool is_dynamic;
} StaticTask_t;

typedef StaticTask_t *TaskHandle_t;

/* Words of the stack are those of the chip; a thread gets that many and what this system's C library needs. */
TaskHandle_t xTaskCreateStatic(TaskFunction_t fn, const char *name, uint32_t stack_words, void *argument,
                               UBaseType_t priority, StackType_t *stack, StaticTask_t *memory);
BaseType_t xTaskCreate(TaskFunction_t fn, const char *name, uint32_t stack_words, void *argument, UBaseType_t priority,
                       TaskHandle_t *handle);
void vTaskDelete(TaskHandle_t task); /* NULL: the calling one, and no other */
void vTaskDelay(TickType_t ticks);

TaskHandle_t xTaskGetCurrentTaskHandle(void);
TickType_t xTaskGetTickCount(void);
void vTaskSetTimeOutState(TimeOut_t *now);

void *pvTaskGetThreadLocalStoragePointer(TaskHandle_t task, BaseType_t index);
void vTaskSetThreadLocalStoragePointer(TaskHandle_t task, BaseType_t index, void *value);

uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks);
BaseType_t xTaskNotifyGive(TaskHandle_t task);
void vTaskNotifyGiveFromISR(TaskHandle_t task, BaseType_t *higher_priority_woken);

void taskENTER_CRITICAL(void);
void taskEXIT_CRITICAL(void);

#endif
