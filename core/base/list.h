/* SPDX-License-Identifier: Apache-2.0 */
/* From a member back to the struct it is in. */
#ifndef FTH_LIST_H
#define FTH_LIST_H

#include <stddef.h>

#define FTH_CONTAINER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
