/* SPDX-License-Identifier: Apache-2.0 */
/* Nobody has told a microcontroller whom to trust: firmware brings its authorities along. */
#include <firth/port.h>

int firth_port_authorities(firth_port_take_authorities *take, void *argument)
{
    (void)take;
    (void)argument;
    return FIRTH_OK;
}
