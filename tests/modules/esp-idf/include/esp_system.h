/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ESP_IDF_DOUBLE_SYSTEM_H
#define ESP_IDF_DOUBLE_SYSTEM_H

void __attribute__((noreturn)) esp_system_abort(const char *details);

#endif
