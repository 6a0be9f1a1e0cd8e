/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ESP_IDF_DOUBLE_SEMPHR_H
#define ESP_IDF_DOUBLE_SEMPHR_H

#include "../../../../freertos/shim/semphr.h"

#endif
