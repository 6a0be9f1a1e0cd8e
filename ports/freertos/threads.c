/* SPDX-License-Identifier: Apache-2.0 */
#include <firth/port.h>
#include <string.h>

#include "ports/freertos/freertos.h"

/* ---- locks ------------------------------------------------------------------------------------------------------- */

struct firth_port_lock {
    SemaphoreHandle_t mutex;
    StaticSemaphore_t memory;
};

firth_port_lock *firth_port_lock_open(void)
{
    firth_port_lock *lock = firth_port_allocate(sizeof *lock);

    if (lock != NULL)
        lock->mutex = xSemaphoreCreateMutexStatic(&lock->memory);
    return lock;
}

void firth_port_lock_close(firth_port_lock *lock)
{
    vSemaphoreDelete(lock->mutex);
    firth_port_release(lock);
}

void firth_port_lock_take(firth_port_lock *lock)
{
    (void)xSemaphoreTake(lock->mutex, portMAX_DELAY);
}

void firth_port_lock_give(firth_port_lock *lock)
{
    (void)xSemaphoreGive(lock->mutex);
}

/* ---- condition variables ----------------------------------------------------------------------------------------- */

#ifdef FTH_FREERTOS_SPINLOCK
static portMUX_TYPE spinlock = portMUX_INITIALIZER_UNLOCKED;
#endif

enum { WAITERS_MAX = 64 };

struct firth_port_signal {
    SemaphoreHandle_t woken;
    unsigned waiting; /* and not woken yet; in critical sections */
    StaticSemaphore_t memory;
};

firth_port_signal *firth_port_signal_open(void)
{
    firth_port_signal *signal = firth_port_allocate(sizeof *signal);

    if (signal != NULL) {
        signal->waiting = 0;
        signal->woken = xSemaphoreCreateCountingStatic(WAITERS_MAX, 0, &signal->memory);
    }
    return signal;
}

void firth_port_signal_close(firth_port_signal *signal)
{
    vSemaphoreDelete(signal->woken);
    firth_port_release(signal);
}

static TickType_t ticks_of(int64_t timeout_ms)
{
    const int64_t most_ms = (int64_t)(portMAX_DELAY - 1) / configTICK_RATE_HZ * 1000;

    if (timeout_ms < 0)
        return portMAX_DELAY;
    if (timeout_ms > most_ms) /* a wait may end early */
        timeout_ms = most_ms;
    return (TickType_t)((timeout_ms * configTICK_RATE_HZ + 999) / 1000);
}

void firth_port_signal_wait(firth_port_signal *signal, firth_port_lock *lock, int64_t timeout_ms)
{
    bool was_woken;

    FTH_ENTER_CRITICAL();
    signal->waiting++;
    FTH_EXIT_CRITICAL();
    firth_port_lock_give(lock);
    was_woken = xSemaphoreTake(signal->woken, ticks_of(timeout_ms)) == pdTRUE;
    firth_port_lock_take(lock);
    if (was_woken)
        return;
    FTH_ENTER_CRITICAL();
    if (signal->waiting > 0)
        signal->waiting--;
    else
        was_woken = true; /* at the last moment: that wake is taken, so that it ends no later wait */
    FTH_EXIT_CRITICAL();
    if (was_woken)
        (void)xSemaphoreTake(signal->woken, portMAX_DELAY);
}

void firth_port_signal_wake(firth_port_signal *signal)
{
    bool has_waiter;

    FTH_ENTER_CRITICAL();
    has_waiter = signal->waiting > 0;
    if (has_waiter)
        signal->waiting--;
    FTH_EXIT_CRITICAL();
    if (has_waiter)
        (void)xSemaphoreGive(signal->woken);
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

#if configSUPPORT_DYNAMIC_ALLOCATION == 1
typedef struct start {
    void (*fn)(void *argument);
    void *argument;
} start;

static void run(void *argument)
{
    start begun = *(start *)argument;

    firth_port_release(argument);
    begun.fn(begun.argument);
    vTaskDelete(NULL);
}

int firth_port_thread_start(void (*fn)(void *argument), void *argument, const char *name)
{
    start *begin = firth_port_allocate(sizeof *begin);

    if (begin == NULL)
        return FIRTH_ERR_NO_MEMORY;
    *begin = (start){fn, argument};
    if (xTaskCreate(run, name, FIRTH_FREERTOS_THREAD_STACK_WORDS, begin, FIRTH_FREERTOS_THREAD_PRIORITY, NULL) ==
        pdPASS)
        return FIRTH_OK;
    firth_port_release(begin);
    return FIRTH_ERR_NO_MEMORY;
}
#else
/* A thread's stack would have to come from somewhere. */
int firth_port_thread_start(void (*fn)(void *argument), void *argument, const char *name)
{
    (void)fn;
    (void)argument;
    (void)name;
    return FIRTH_ERR_NOT_SUPPORTED;
}
#endif

uintptr_t firth_port_thread_id(void)
{
    TaskHandle_t task = xTaskGetCurrentTaskHandle();

    return task != NULL ? (uintptr_t)task : 1; /* before the scheduler runs */
}
