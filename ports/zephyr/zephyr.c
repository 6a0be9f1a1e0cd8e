/* SPDX-License-Identifier: Apache-2.0 */
/* What a program defines for Firth on FreeRTOS, by Zephyr; the notification of the one thread that has a selector. */
#include <FreeRTOS.h>
#include <firth/freertos.h>
#include <task.h>
#include <zephyr/kernel.h>
#include <zephyr/random/random.h>
#include <zephyr/sys/printk.h>

K_SEM_DEFINE(fth_zephyr_notified, 0, 1);

/* Without CONFIG_CSPRNG_ENABLED there is none to be had. */
int firth_freertos_entropy(void *bytes, size_t size)
{
#ifdef CONFIG_CSPRNG_ENABLED
    return sys_csrand_get(bytes, size) == 0 ? FIRTH_OK : FIRTH_ERR_NOT_SUPPORTED;
#else
    (void)bytes;
    (void)size;
    return FIRTH_ERR_NOT_SUPPORTED;
#endif
}

void firth_freertos_panic(const char *text)
{
    printk("%s\n", text);
    k_panic();
    CODE_UNREACHABLE;
}
