/* SPDX-License-Identifier: Apache-2.0 */
/* ESP-IDF has FreeRTOS's headers in a folder. */
#ifndef FTH_ESP_IDF_TASK_H
#define FTH_ESP_IDF_TASK_H

#include <freertos/task.h>

#endif
