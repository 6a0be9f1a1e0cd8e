/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/format.h"
#include <stdio.h>

void fth_format(char *text, size_t size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, size, format, arguments);
    va_end(arguments);
}
