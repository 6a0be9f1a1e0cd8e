/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this port know of FreeRTOS. */
#ifndef FTH_PORTS_FREERTOS_H
#define FTH_PORTS_FREERTOS_H

/* FreeRTOS wants this order. */
/* clang-format off */
#include <FreeRTOS.h>
#include <semphr.h>
#include <task.h>
/* clang-format on */

/* Which of the task's pointers (configNUM_THREAD_LOCAL_STORAGE_POINTERS) is Firth's. */
#ifndef FIRTH_FREERTOS_STORAGE_INDEX
#define FIRTH_FREERTOS_STORAGE_INDEX 0
#endif

/* Of the threads that firth_blocking starts, where configSUPPORT_DYNAMIC_ALLOCATION lets it. */
#ifndef FIRTH_FREERTOS_THREAD_STACK_WORDS
#define FIRTH_FREERTOS_THREAD_STACK_WORDS 1024
#endif
#ifndef FIRTH_FREERTOS_THREAD_PRIORITY
#define FIRTH_FREERTOS_THREAD_PRIORITY (tskIDLE_PRIORITY + 1)
#endif

/* Where FreeRTOS runs on more than one core, a critical section names a spinlock; the file that has sections has it. */
#ifdef FTH_FREERTOS_SPINLOCK
#define FTH_ENTER_CRITICAL() taskENTER_CRITICAL(&spinlock)
#define FTH_EXIT_CRITICAL()  taskEXIT_CRITICAL(&spinlock)
#else
#define FTH_ENTER_CRITICAL() taskENTER_CRITICAL()
#define FTH_EXIT_CRITICAL()  taskEXIT_CRITICAL()
#endif

#endif
