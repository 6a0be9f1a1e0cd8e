/* SPDX-License-Identifier: Apache-2.0 */
/* Which modes of tests/kqueue a test runs in: some make a call cost more, or tell of one thing at a time. */
#ifndef FIRTH_TESTS_KQUEUE_MODE_H
#define FIRTH_TESTS_KQUEUE_MODE_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* FIRTH_KQUEUE_MODE is a list with commas. */
static inline bool support_kqueue_mode(const char *mode)
{
    const char *list = getenv("FIRTH_KQUEUE_MODE");
    const size_t size = strlen(mode);

    while (list != NULL && *list != '\0') {
        const size_t length = strcspn(list, ",");

        if (length == size && strncmp(list, mode, size) == 0)
            return true;
        list += length + (list[length] == ',');
    }
    return false;
}

#endif
