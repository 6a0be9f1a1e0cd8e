/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ZEPHYR_DOUBLE_RANDOM_H
#define ZEPHYR_DOUBLE_RANDOM_H

#include <stddef.h>

int sys_csrand_get(void *dst, size_t len);

#endif
