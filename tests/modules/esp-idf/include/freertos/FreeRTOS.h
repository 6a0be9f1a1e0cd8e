/* SPDX-License-Identifier: Apache-2.0 */
/* The tests' own FreeRTOS with what ESP-IDF's has else: a critical section names its lock. */
#ifndef ESP_IDF_DOUBLE_FREERTOS_H
#define ESP_IDF_DOUBLE_FREERTOS_H

#include "../../../../freertos/shim/FreeRTOS.h"

typedef struct {
    int owner;
} portMUX_TYPE;
#define portMUX_INITIALIZER_UNLOCKED                                                                                   \
    {                                                                                                                  \
        0                                                                                                              \
    }

int xPortInIsrContext(void);

#endif
