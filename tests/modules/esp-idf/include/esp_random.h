/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ESP_IDF_DOUBLE_RANDOM_H
#define ESP_IDF_DOUBLE_RANDOM_H

#include <stddef.h>

void esp_fill_random(void *buf, size_t len);

#endif
