/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FREERTOS_SHIM_CONFIG_H
#define FREERTOS_SHIM_CONFIG_H

#define configTICK_RATE_HZ                      1000
#define configNUM_THREAD_LOCAL_STORAGE_POINTERS 2
#define configUSE_MUTEXES                       1
#define configUSE_COUNTING_SEMAPHORES           1
#define configUSE_TASK_NOTIFICATIONS            1
#define configSUPPORT_STATIC_ALLOCATION         1
#ifndef configSUPPORT_DYNAMIC_ALLOCATION
#define configSUPPORT_DYNAMIC_ALLOCATION 1
#endif

#endif
