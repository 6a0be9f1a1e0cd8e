/* SPDX-License-Identifier: Apache-2.0 */
/* What a guard of ours has below the stack; see pages.c. The switch tells the system of it. */
#ifndef FTH_PORT_STACK_H
#define FTH_PORT_STACK_H

enum {
    FTH_STACK_PAGE_BYTES = 4096, /* of every processor that Windows 10 runs on */
    /* For the handler of an overflow: a context of AVX-512 is some 4 KiB, and a line of text is made. */
    FTH_STACK_HANDLER_BYTES = 20 * 1024,
    FTH_STACK_ROOM_BYTES = FTH_STACK_HANDLER_BYTES + FTH_STACK_PAGE_BYTES
};

#endif
