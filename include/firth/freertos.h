/* SPDX-License-Identifier: Apache-2.0 */
/* FreeRTOS: a task of FreeRTOS runs a selector, and Firth's tasks run inside it, one at a time, on stacks of their own.
 * The memory of both is an array in the upper part of that task's stack, so nothing is allocated anywhere else, and
 * FreeRTOS finds the stack pointer where it expects it (configCHECK_FOR_STACK_OVERFLOW) whichever of them runs:
 *
 *     static void network(void *argument)              // xTaskCreateStatic(network, …): the stack is the arena and 4 KiB
 *     {
 *         char arena[48 * 1024];
 *
 *         firth_freertos_begin(arena, sizeof arena);
 *         firth_run(serve, NULL);
 *         firth_freertos_end();
 *         vTaskDelete(NULL);
 *     }
 *
 * What FreeRTOSConfig.h has to have: configNUM_THREAD_LOCAL_STORAGE_POINTERS above FIRTH_FREERTOS_STORAGE_INDEX,
 * configUSE_MUTEXES, configUSE_COUNTING_SEMAPHORES, configUSE_TASK_NOTIFICATIONS and configSUPPORT_STATIC_ALLOCATION. A
 * task that waits sleeps by ulTaskNotifyTake, so notification 0 of the task is Firth's.
 * More than one selector at a time needs a compiler with thread-local variables (configUSE_C_RUNTIME_TLS_SUPPORT). */
#ifndef FIRTH_FREERTOS_H
#define FIRTH_FREERTOS_H

#include <firth/error.h>
#include <firth/export.h>

/* How a port of FreeRTOS says whether an interrupt runs; ESP-IDF's is xPortInIsrContext. Of the build of Firth. */
#ifndef FIRTH_FREERTOS_IN_INTERRUPT
#define FIRTH_FREERTOS_IN_INTERRUPT() (xPortIsInsideInterrupt() != pdFALSE)
#endif

FIRTH_BEGIN_DECLS

/* Hands memory to the calling task of FreeRTOS: what Firth needs from now on in this task comes from there - the stacks
 * of tasks, sockets, buffers, TLS. It stays the caller's, and there, until firth_freertos_end. FIRTH_OK;
 * FIRTH_ERR_ARGUMENT: too small to be of use, or the task has an arena already. Never suspends. */
FIRTH_API int firth_freertos_begin(void *arena, size_t bytes);

/* Takes it back; every selector of this task is closed. FIRTH_OK; FIRTH_ERR_BUSY: some of it is still in use, and then it
 * goes on to be. */
FIRTH_API int firth_freertos_end(void);

/* Of the calling task's arena: how much there is, is in use, was ever in use. Zeros without one. */
typedef struct firth_freertos_memory {
    size_t bytes;
    size_t used_bytes;
    size_t most_bytes;
} firth_freertos_memory;
FIRTH_API firth_freertos_memory firth_freertos_memory_now(void);

/* The user wants the program to end, as Ctrl-C does elsewhere (firth_scope_cancel_on_interrupt). Tasks and interrupts of
 * FreeRTOS. */
FIRTH_API void firth_freertos_interrupt(void);

/* ---- what the program defines ------------------------------------------------------------------------------------- */

/* Fills memory with unpredictable bytes: the chip's generator. FIRTH_OK or FIRTH_ERR_NOT_SUPPORTED. */
int firth_freertos_entropy(void *bytes, size_t size);

/* A rule was broken that cannot be survived (firth_port_panic): tell the developer, and stop. Does not return. */
#if defined(__GNUC__)
__attribute__((noreturn))
#endif
void firth_freertos_panic(const char *text);

FIRTH_END_DECLS

#endif
