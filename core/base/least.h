/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FTH_LEAST_H
#define FTH_LEAST_H

#include <stddef.h>

static inline size_t fth_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

#endif
