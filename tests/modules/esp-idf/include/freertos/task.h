/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ESP_IDF_DOUBLE_TASK_H
#define ESP_IDF_DOUBLE_TASK_H

#include "FreeRTOS.h"

#include "../../../../freertos/shim/task.h"

void vPortEnterCritical(portMUX_TYPE *lock);
void vPortExitCritical(portMUX_TYPE *lock);
#define taskENTER_CRITICAL(lock) vPortEnterCritical(lock)
#define taskEXIT_CRITICAL(lock)  vPortExitCritical(lock)

#endif
