/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of everything a selector has open, so that dropping it can say what and where from. */
#ifndef FTH_OPENED_H
#define FTH_OPENED_H

#include <firth/selector.h>

typedef struct fth_opened {
    struct fth_opened *previous;
    struct fth_opened *next;
    const struct fth_opened_kind *kind;
    const char *place;
} fth_opened;

typedef struct fth_opened_kind {
    const char *name;                    /* "socket", "server", "pipe" */
    void (*abandon)(fth_opened *opened); /* closes it without suspending */
} fth_opened_kind;

void fth_opened_init(fth_opened *ring);
void fth_opened_add(fth_opened *ring, fth_opened *opened, const fth_opened_kind *kind, const char *place);
void fth_opened_remove(fth_opened *opened);

/* Out of the ring it is in, into another. */
void fth_opened_move(fth_opened *ring, fth_opened *opened);

#endif
