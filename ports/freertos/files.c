/* SPDX-License-Identifier: Apache-2.0 */
/* FreeRTOS itself has no files. Certificates and keys come from memory. */
#include <firth/port.h>

int firth_port_read_file(const char *path, size_t most_bytes, void **bytes, size_t *size, int *os_code,
                         const char **why)
{
    (void)path;
    (void)most_bytes;
    (void)bytes;
    (void)size;
    *os_code = 0;
    *why = "there are no files here";
    return FIRTH_ERR_NOT_SUPPORTED;
}
