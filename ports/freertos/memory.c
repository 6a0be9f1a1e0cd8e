/* SPDX-License-Identifier: Apache-2.0 */
/* A task's arena, and FreeRTOS's heap for those that have none. */
#include <firth/backend.h>
#include <firth/freertos.h>
#include <firth/port.h>
#include <stdint.h>

#include "ports/freertos/freertos.h"
#include "ports/shared/arena.h"

/* At the arena's beginning. Memory of a task may be given back by another, so there is a lock. */
typedef struct task_arena {
    fth_arena arena;
    StaticSemaphore_t lock_memory;
    SemaphoreHandle_t lock;
    size_t bytes;
} task_arena;

/* Before each allocation: whose it is, NULL for FreeRTOS's heap. */
typedef union owner {
    task_arena *arena;
    max_align_t align;
} owner;

static task_arena *current(void)
{
    if (xTaskGetCurrentTaskHandle() == NULL)
        return NULL;
    return pvTaskGetThreadLocalStoragePointer(NULL, FIRTH_FREERTOS_STORAGE_INDEX);
}

int firth_freertos_begin(void *arena, size_t bytes)
{
    size_t skipped = (size_t)(-(uintptr_t)arena % _Alignof(task_arena));
    task_arena *made;

    if (arena == NULL || bytes < skipped + sizeof *made)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "arena");
    if (current() != NULL)
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "a second arena of the task");
    made = (task_arena *)(void *)((char *)arena + skipped);
    if (!fth_arena_open(&made->arena, made + 1, bytes - skipped - sizeof *made))
        return firth_fail(FIRTH_ERR_ARGUMENT, 0, "arena");
    made->bytes = bytes;
    made->lock = xSemaphoreCreateMutexStatic(&made->lock_memory);
    vTaskSetThreadLocalStoragePointer(NULL, FIRTH_FREERTOS_STORAGE_INDEX, made);
    return FIRTH_OK;
}

int firth_freertos_end(void)
{
    task_arena *mine = current();

    if (mine == NULL)
        return FIRTH_OK;
    if (mine->arena.used_bytes > 0)
        return firth_fail(FIRTH_ERR_BUSY, 0, "arena");
    vSemaphoreDelete(mine->lock);
    vTaskSetThreadLocalStoragePointer(NULL, FIRTH_FREERTOS_STORAGE_INDEX, NULL);
    return FIRTH_OK;
}

firth_freertos_memory firth_freertos_memory_now(void)
{
    const task_arena *mine = current();
    firth_freertos_memory now = {0, 0, 0};

    if (mine != NULL) {
        now.bytes = mine->bytes;
        now.used_bytes = mine->arena.used_bytes + sizeof *mine;
        now.most_bytes = mine->arena.most_bytes + sizeof *mine;
    }
    return now;
}

static void *take(task_arena *from, size_t bytes, size_t alignment)
{
    void *memory;

    (void)xSemaphoreTake(from->lock, portMAX_DELAY);
    memory = fth_arena_take(&from->arena, bytes, alignment);
    (void)xSemaphoreGive(from->lock);
    return memory;
}

static void give(task_arena *to, void *memory)
{
    (void)xSemaphoreTake(to->lock, portMAX_DELAY);
    fth_arena_give(&to->arena, memory);
    (void)xSemaphoreGive(to->lock);
}

/* A thread that firth_blocking has started has no arena. */
static void *take_from_heap(size_t bytes)
{
#if configSUPPORT_DYNAMIC_ALLOCATION == 1
    return pvPortMalloc(bytes);
#else
    (void)bytes;
    return NULL;
#endif
}

static void give_to_heap(void *memory)
{
#if configSUPPORT_DYNAMIC_ALLOCATION == 1
    vPortFree(memory);
#else
    (void)memory;
#endif
}

void *firth_port_allocate(size_t bytes)
{
    task_arena *mine = current();
    owner *memory;

    if (bytes > SIZE_MAX - sizeof *memory)
        return NULL;
    memory = mine != NULL ? take(mine, sizeof *memory + bytes, 1) : take_from_heap(sizeof *memory + bytes);
    if (memory == NULL)
        return NULL;
    memory->arena = mine;
    return memory + 1;
}

void firth_port_release(void *memory)
{
    owner *before = memory;

    if (memory == NULL)
        return;
    before--;
    if (before->arena != NULL)
        give(before->arena, before);
    else
        give_to_heap(before);
}
