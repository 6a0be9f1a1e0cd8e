/* SPDX-License-Identifier: Apache-2.0 */
/* What a program defines for Firth on FreeRTOS, by ESP-IDF. */
#include <esp_random.h>
#include <esp_system.h>
#include <firth/freertos.h>

int firth_freertos_entropy(void *bytes, size_t size)
{
    esp_fill_random(bytes, size);
    return FIRTH_OK;
}

void firth_freertos_panic(const char *text)
{
    esp_system_abort(text);
}
