/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP inside the task of FreeRTOS that runs the selector: it waits for a notification. */
#include <FreeRTOS.h>
#include <firth/freertos.h>
#include <firth/port.h>
#include <firth/task.h>
#include <task.h>

#include "backends/lwip/platform.h"

static TaskHandle_t waiter;

int fth_lwip_platform_open(void)
{
    waiter = xTaskGetCurrentTaskHandle();
    return waiter != NULL ? FIRTH_OK : firth_fail(FIRTH_ERR_MISUSE, 0, "a selector outside of FreeRTOS's tasks");
}

void fth_lwip_platform_close(void)
{
    waiter = NULL;
}

/* Rounded up: a wait that ends a fraction of a tick early would be followed by a spin of empty ones. */
static TickType_t ticks_until(int64_t until_ns)
{
    const int64_t tick_ns = 1000000000 / configTICK_RATE_HZ;
    int64_t left_ns;

    if (until_ns == INT64_MAX)
        return portMAX_DELAY;
    left_ns = until_ns - firth_now_ns();
    if (left_ns <= 0)
        return 0;
    left_ns = left_ns / tick_ns + (left_ns % tick_ns != 0);
    return left_ns < (int64_t)portMAX_DELAY ? (TickType_t)left_ns : portMAX_DELAY - 1;
}

int fth_lwip_platform_wait(int64_t until_ns)
{
    (void)ulTaskNotifyTake(pdTRUE, ticks_until(until_ns));
    return FIRTH_OK;
}

void fth_lwip_platform_wake(void)
{
    BaseType_t higher_priority_woken = pdFALSE;

    if (waiter == NULL)
        return;
    if (FIRTH_FREERTOS_IN_INTERRUPT()) {
        vTaskNotifyGiveFromISR(waiter, &higher_priority_woken);
        portYIELD_FROM_ISR(higher_priority_woken);
    } else {
        (void)xTaskNotifyGive(waiter);
    }
}
