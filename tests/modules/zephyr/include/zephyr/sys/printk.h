/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ZEPHYR_DOUBLE_PRINTK_H
#define ZEPHYR_DOUBLE_PRINTK_H

void printk(const char *fmt, ...);

#endif
