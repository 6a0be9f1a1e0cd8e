/* SPDX-License-Identifier: Apache-2.0 */
/* The observer's slots that have nothing to do with ops. */
#ifndef FTH_KIT_SLOTS_H
#define FTH_KIT_SLOTS_H

#include <firth/backend.h>

/* Fills in all but submit, cancel, poll and wake; a slot that the subject lacks stays NULL. */
void fth_kit_slots_fill(firth_backend *table);

/* Holds the result of a slot to the rule: FIRTH_OK, or a code that firth_fail made. Returns it. */
int fth_kit_slot_result(const char *slot, int rc);

/* The same for one that opens an io. */
int fth_kit_slot_opened(const char *slot, const firth_io *io, const firth_selector *selector, int rc);

/* ---- slots_unix.c ------------------------------------------------------------------------------------------------ */

/* The table before the subject's of Unix sockets; NULL if that has none. */
const firth_unix_backend *fth_kit_slots_unix(void);

#endif
