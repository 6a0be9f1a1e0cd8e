/* SPDX-License-Identifier: Apache-2.0 */
#include "core/selector/opened.h"

void fth_opened_init(fth_opened *ring)
{
    ring->previous = ring->next = ring;
}

void fth_opened_add(fth_opened *ring, fth_opened *opened, const fth_opened_kind *kind, const char *place)
{
    opened->kind = kind;
    opened->place = place;
    opened->previous = ring->previous;
    opened->next = ring;
    ring->previous->next = opened;
    ring->previous = opened;
}

void fth_opened_remove(fth_opened *opened)
{
    opened->previous->next = opened->next;
    opened->next->previous = opened->previous;
}

void fth_opened_move(fth_opened *ring, fth_opened *opened)
{
    fth_opened_remove(opened);
    fth_opened_add(ring, opened, opened->kind, opened->place);
}
