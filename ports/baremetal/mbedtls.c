/* SPDX-License-Identifier: Apache-2.0 */
/* What mbedTLS asks of a system (cmake/mbedtls_firmware_config.h). */
#include <firth/port.h>
#include <mbedtls/build_info.h>
#include <mbedtls/entropy.h>
#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>
#include <string.h>
#include <time.h>

#include "ports/baremetal/memory.h"

void *fth_mbedtls_calloc(size_t count, size_t bytes)
{
    void *memory = bytes > 0 && count > SIZE_MAX / bytes ? NULL : fth_memory_take_for_tls(count * bytes);

    if (memory != NULL)
        memset(memory, 0, count * bytes);
    return memory;
}

void fth_mbedtls_free(void *memory)
{
    fth_memory_give_of_tls(memory);
}

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen);

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen)
{
    (void)data;
    *olen = 0;
    if (firth_port_entropy(output, len) < 0)
        return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
    *olen = len;
    return 0;
}

mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return firth_port_now_ns() / 1000000;
}

struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *tt, struct tm *tm_buf)
{
    return gmtime_r(tt, tm_buf);
}
