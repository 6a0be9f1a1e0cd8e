/* SPDX-License-Identifier: Apache-2.0 */
/* Where the system has no TAP devices, or none that are known here. */
#include <firth/backend.h>

#include "backends/lwip/host/tap.h"

int fth_lwip_tap_open(const char *text)
{
    (void)text;
    return firth_fail(FIRTH_ERR_NOT_SUPPORTED, 0, "TAP");
}

void fth_lwip_tap_close(void)
{
}
