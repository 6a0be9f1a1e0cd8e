/* SPDX-License-Identifier: Apache-2.0 */
/* ESP-IDF has FreeRTOS's headers in a folder. */
#ifndef FTH_ESP_IDF_FREERTOS_H
#define FTH_ESP_IDF_FREERTOS_H

#include <freertos/FreeRTOS.h>

#undef FIRTH_FREERTOS_IN_INTERRUPT /* of firth/freertos.h, if that came first */
#define FIRTH_FREERTOS_IN_INTERRUPT() (xPortInIsrContext() != 0)

/* More than one core: a critical section is a lock. */
#define FTH_FREERTOS_SPINLOCK

#endif
