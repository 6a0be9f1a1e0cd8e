/* SPDX-License-Identifier: Apache-2.0 */
#include <firth/freertos.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

int firth_freertos_entropy(void *bytes, size_t size)
{
    return getentropy(bytes, size) == 0 ? FIRTH_OK : FIRTH_ERR_NOT_SUPPORTED;
}

void firth_freertos_panic(const char *text)
{
    (void)fprintf(stderr, "%s\n", text);
    abort();
}
