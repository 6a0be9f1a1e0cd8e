/* SPDX-License-Identifier: Apache-2.0 */
/* What a board's linker script defines. */
#ifndef FTH_PORTS_BAREMETAL_LAYOUT_H
#define FTH_PORTS_BAREMETAL_LAYOUT_H

/* The initial values of variables in flash, and where they go; variables that begin as zeros. Whole words. */
extern const char firth_baremetal_data_source[];
extern char firth_baremetal_data[], firth_baremetal_data_end[];
extern char firth_baremetal_zeros[], firth_baremetal_zeros_end[];

/* The stack of main and of the loop, above its guard, which is aligned to its size. Handlers have one of their own. */
extern char firth_baremetal_main_guard[], firth_baremetal_main_stack_end[];
extern char firth_baremetal_handler_stack_end[];

/* What is left, aligned to 8 bytes at both ends. */
extern char firth_baremetal_arena[], firth_baremetal_arena_end[];

#endif
