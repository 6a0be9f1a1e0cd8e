/* SPDX-License-Identifier: Apache-2.0 */
/* What mbedTLS asks of a system (cmake/mbedtls_firmware_config.h). */
#include <firth/port.h>
#include <mbedtls/build_info.h>
#include <mbedtls/entropy.h>
#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>
#include <string.h>
#include <time.h>

void *fth_mbedtls_calloc(size_t count, size_t bytes)
{
    void *memory = bytes > 0 && count > SIZE_MAX / bytes ? NULL : firth_port_allocate(count * bytes);

    if (memory != NULL)
        memset(memory, 0, count * bytes);
    return memory;
}

void fth_mbedtls_free(void *memory)
{
    firth_port_release(memory);
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
