/* SPDX-License-Identifier: Apache-2.0 */
#include "shim.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "semphr.h"

static _Thread_local TaskHandle_t self;
static _Thread_local bool in_interrupt;
static _Thread_local int critical;

static void refuse(const char *what)
{
    (void)fprintf(stderr, "FreeRTOS shim: %s\n", what);
    abort();
}

/* What neither an interrupt nor a critical section may call. */
static void check_task_context(const char *name)
{
    if (in_interrupt || critical > 0)
        refuse(name);
}

/* ---- time --------------------------------------------------------------------------------------------------------- */

static atomic_ullong first_tick;

static struct timespec now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return time;
}

static uint64_t ticks_now(void)
{
    struct timespec time = now();

    return atomic_load(&first_tick) + (uint64_t)time.tv_sec * configTICK_RATE_HZ +
           (uint64_t)time.tv_nsec / (1000000000 / configTICK_RATE_HZ);
}

void shim_set_ticks(uint64_t ticks)
{
    atomic_store(&first_tick, 0);
    atomic_store(&first_tick, ticks - ticks_now());
}

TickType_t xTaskGetTickCount(void)
{
    return (TickType_t)ticks_now();
}

void vTaskSetTimeOutState(TimeOut_t *out)
{
    uint64_t ticks = ticks_now();

    if (in_interrupt)
        refuse("vTaskSetTimeOutState");
    out->xOverflowCount = (BaseType_t)(ticks >> 32);
    out->xTimeOnEntering = (TickType_t)ticks;
}

static struct timespec after(TickType_t ticks)
{
    struct timespec until = now();

    until.tv_sec += (time_t)(ticks / configTICK_RATE_HZ);
    until.tv_nsec += (long)(ticks % configTICK_RATE_HZ) * (1000000000 / configTICK_RATE_HZ);
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    return until;
}

/* On the monotonic clock. */
static void open_condition(pthread_mutex_t *mutex, pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    if (pthread_mutex_init(mutex, NULL) != 0 || pthread_condattr_init(&attributes) != 0 ||
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) != 0 || pthread_cond_init(condition, &attributes) != 0)
        refuse("no memory for a condition");
    (void)pthread_condattr_destroy(&attributes);
}

/* False: the time is over. */
static bool wait_for(pthread_cond_t *condition, pthread_mutex_t *mutex, TickType_t ticks, const struct timespec *until)
{
    if (ticks == portMAX_DELAY)
        return pthread_cond_wait(condition, mutex) == 0;
    return pthread_cond_timedwait(condition, mutex, until) != ETIMEDOUT;
}

void vTaskDelay(TickType_t ticks)
{
    struct timespec until = after(ticks);

    check_task_context("vTaskDelay");
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}

/* ---- tasks -------------------------------------------------------------------------------------------------------- */

static void *run(void *argument)
{
    self = argument;
    self->fn(self->argument);
    refuse("a task returned from its function"); /* as prvTaskExitError does */
    return NULL;
}

static bool begin(StaticTask_t *task, TaskFunction_t fn, void *argument, uint32_t stack_words)
{
    size_t bytes = (size_t)stack_words * sizeof(StackType_t) + 256 * 1024;
    pthread_attr_t attributes;
    int rc;

    task->fn = fn;
    task->argument = argument;
    open_condition(&task->mutex, &task->notified);
    if (pthread_attr_init(&attributes) != 0)
        return false;
    (void)pthread_attr_setstacksize(&attributes, (bytes + 4095) / 4096 * 4096);
    if (task->is_dynamic)
        (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    rc = pthread_create(&task->thread, &attributes, run, task);
    (void)pthread_attr_destroy(&attributes);
    return rc == 0;
}

TaskHandle_t xTaskCreateStatic(TaskFunction_t fn, const char *name, uint32_t stack_words, void *argument,
                               UBaseType_t priority, StackType_t *stack, StaticTask_t *memory)
{
    (void)name;
    (void)priority;
    (void)stack;
    check_task_context("xTaskCreateStatic");
    *memory = (StaticTask_t){.is_dynamic = false};
    return begin(memory, fn, argument, stack_words) ? memory : NULL;
}

BaseType_t xTaskCreate(TaskFunction_t fn, const char *name, uint32_t stack_words, void *argument, UBaseType_t priority,
                       TaskHandle_t *handle)
{
    StaticTask_t *task = calloc(1, sizeof *task);

    (void)name;
    (void)priority;
    check_task_context("xTaskCreate");
    if (task == NULL)
        return pdFAIL;
    task->is_dynamic = true;
    if (!begin(task, fn, argument, stack_words)) {
        free(task);
        return pdFAIL;
    }
    if (handle != NULL)
        *handle = task;
    return pdPASS;
}

void vTaskDelete(TaskHandle_t task)
{
    if (task != NULL && task != self)
        refuse("vTaskDelete of another task");
    task = self;
    self = NULL;
    if (task->is_dynamic)
        free(task);
    pthread_exit(NULL);
}

void shim_join(TaskHandle_t task)
{
    (void)pthread_join(task->thread, NULL);
}

/* Under FreeRTOS all code but that of interrupts and of main before the scheduler starts runs in a task; so a thread that
 * was not made here is one as well. */
TaskHandle_t xTaskGetCurrentTaskHandle(void)
{
    static _Thread_local StaticTask_t adopted;

    if (self == NULL && !in_interrupt) {
        open_condition(&adopted.mutex, &adopted.notified);
        self = &adopted;
    }
    return self;
}

static TaskHandle_t task_of(TaskHandle_t task)
{
    if (task == NULL)
        task = xTaskGetCurrentTaskHandle();
    if (task == NULL)
        refuse("a call of a task in an interrupt");
    return task;
}

void *pvTaskGetThreadLocalStoragePointer(TaskHandle_t task, BaseType_t index)
{
    return task_of(task)->storage[index];
}

void vTaskSetThreadLocalStoragePointer(TaskHandle_t task, BaseType_t index, void *value)
{
    task_of(task)->storage[index] = value;
}

/* ---- notifications ------------------------------------------------------------------------------------------------ */

uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks)
{
    TaskHandle_t task = task_of(NULL);
    struct timespec until = after(ticks == portMAX_DELAY ? 0 : ticks);
    uint32_t count;

    check_task_context("ulTaskNotifyTake");
    (void)pthread_mutex_lock(&task->mutex);
    while (task->notifications == 0 && wait_for(&task->notified, &task->mutex, ticks, &until))
        continue;
    count = task->notifications;
    if (count > 0)
        task->notifications = clear != pdFALSE ? 0 : count - 1;
    (void)pthread_mutex_unlock(&task->mutex);
    return count;
}

static void notify(TaskHandle_t task)
{
    (void)pthread_mutex_lock(&task->mutex);
    task->notifications++;
    (void)pthread_cond_signal(&task->notified);
    (void)pthread_mutex_unlock(&task->mutex);
}

BaseType_t xTaskNotifyGive(TaskHandle_t task)
{
    check_task_context("xTaskNotifyGive");
    notify(task);
    return pdPASS;
}

void vTaskNotifyGiveFromISR(TaskHandle_t task, BaseType_t *higher_priority_woken)
{
    if (!in_interrupt)
        refuse("vTaskNotifyGiveFromISR in a task");
    notify(task);
    *higher_priority_woken = pdTRUE;
}

/* ---- semaphores --------------------------------------------------------------------------------------------------- */

SemaphoreHandle_t xSemaphoreCreateCountingStatic(UBaseType_t most, UBaseType_t initial, StaticSemaphore_t *memory)
{
    check_task_context("xSemaphoreCreateCountingStatic");
    memory->most = most;
    memory->count = initial;
    memory->is_mutex = memory->is_held = false;
    open_condition(&memory->mutex, &memory->given);
    return memory;
}

SemaphoreHandle_t xSemaphoreCreateMutexStatic(StaticSemaphore_t *memory)
{
    (void)xSemaphoreCreateCountingStatic(1, 1, memory);
    memory->is_mutex = true;
    return memory;
}

void vSemaphoreDelete(SemaphoreHandle_t semaphore)
{
    check_task_context("vSemaphoreDelete");
    if (semaphore->is_mutex && semaphore->is_held)
        refuse("vSemaphoreDelete of a mutex that is held");
    (void)pthread_cond_destroy(&semaphore->given);
    (void)pthread_mutex_destroy(&semaphore->mutex);
}

BaseType_t xSemaphoreTake(SemaphoreHandle_t semaphore, TickType_t ticks)
{
    struct timespec until = after(ticks == portMAX_DELAY ? 0 : ticks);
    BaseType_t taken;

    check_task_context("xSemaphoreTake");
    (void)pthread_mutex_lock(&semaphore->mutex);
    if (semaphore->is_mutex && semaphore->is_held && pthread_equal(semaphore->holder, pthread_self()))
        refuse("a mutex taken twice");
    while (semaphore->count == 0 && wait_for(&semaphore->given, &semaphore->mutex, ticks, &until))
        continue;
    taken = semaphore->count > 0 ? pdTRUE : pdFALSE;
    if (taken) {
        semaphore->count--;
        semaphore->is_held = true;
        semaphore->holder = pthread_self();
    }
    (void)pthread_mutex_unlock(&semaphore->mutex);
    return taken;
}

BaseType_t xSemaphoreGive(SemaphoreHandle_t semaphore)
{
    BaseType_t given;

    check_task_context("xSemaphoreGive");
    (void)pthread_mutex_lock(&semaphore->mutex);
    if (semaphore->is_mutex && !(semaphore->is_held && pthread_equal(semaphore->holder, pthread_self())))
        refuse("a mutex given by who does not hold it");
    given = semaphore->count < semaphore->most ? pdTRUE : pdFALSE;
    if (given) {
        semaphore->count++;
        semaphore->is_held = false;
        (void)pthread_cond_signal(&semaphore->given);
    }
    (void)pthread_mutex_unlock(&semaphore->mutex);
    return given;
}

/* ---- critical sections, interrupts -------------------------------------------------------------------------------- */

static pthread_mutex_t the_chip = PTHREAD_MUTEX_INITIALIZER;

void taskENTER_CRITICAL(void)
{
    if (in_interrupt)
        refuse("taskENTER_CRITICAL in an interrupt");
    if (critical++ == 0)
        (void)pthread_mutex_lock(&the_chip);
}

void taskEXIT_CRITICAL(void)
{
    if (--critical == 0)
        (void)pthread_mutex_unlock(&the_chip);
}

BaseType_t xPortIsInsideInterrupt(void)
{
    return in_interrupt ? pdTRUE : pdFALSE;
}

typedef struct interrupt {
    void (*fn)(void *argument);
    void *argument;
} interrupt;

static void *run_interrupt(void *argument)
{
    const interrupt *what = argument;

    in_interrupt = true;
    (void)pthread_mutex_lock(&the_chip); /* not while a critical section runs */
    what->fn(what->argument);
    (void)pthread_mutex_unlock(&the_chip);
    return NULL;
}

void shim_interrupt(void (*fn)(void *argument), void *argument)
{
    interrupt what = {fn, argument};
    pthread_t thread;

    if (pthread_create(&thread, NULL, run_interrupt, &what) != 0)
        refuse("no thread for an interrupt");
    (void)pthread_join(thread, NULL);
}

/* ---- the heap ----------------------------------------------------------------------------------------------------- */

static atomic_ulong allocations;

void *pvPortMalloc(size_t bytes)
{
    check_task_context("pvPortMalloc");
    atomic_fetch_add(&allocations, 1);
    return malloc(bytes);
}

void vPortFree(void *memory)
{
    check_task_context("vPortFree");
    free(memory);
}

unsigned long shim_allocations(void)
{
    return atomic_load(&allocations);
}
