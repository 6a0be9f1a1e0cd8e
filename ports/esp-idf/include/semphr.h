/* SPDX-License-Identifier: Apache-2.0 */
/* ESP-IDF has FreeRTOS's headers in a folder. */
#ifndef FTH_ESP_IDF_SEMPHR_H
#define FTH_ESP_IDF_SEMPHR_H

#include <freertos/semphr.h>

#endif
