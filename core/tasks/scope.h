/* SPDX-License-Identifier: Apache-2.0 */
/* What scopes and tasks know of each other. */
#ifndef FTH_SCOPE_H
#define FTH_SCOPE_H

#include <firth/scope.h>

enum { FTH_SCOPE_MAGIC = 0x5c0e };

/* firth_scope.flags */
enum {
    FTH_SCOPE_CANCELLED = 1u << 0, /* suspending calls inside fail: it or an outer one up to a shield was cancelled */
    FTH_SCOPE_EXPIRED = 1u << 1,   /* its own deadline fired */
    FTH_SCOPE_SHIELD = 1u << 2,
    FTH_SCOPE_REPORT = 1u << 3,  /* child errors are only reported */
    FTH_SCOPE_CAUGHT = 1u << 4,  /* a child was ended by a cancel */
    FTH_SCOPE_JOINING = 1u << 5, /* its task waits for the children */
    FTH_SCOPE_SEALED = 1u << 6,  /* the children have ended: no new ones */
    FTH_SCOPE_OF_TASK = 1u << 7, /* the scope a task was born with */
    FTH_SCOPE_MISUSED = 1u << 8, /* opened against the rules */
    FTH_SCOPE_HURRIED = 1u << 9, /* what it owns is closed, and one of that has used up its linger */
};

/* Makes the scope a task is born with, as a child of parent (NULL: the root scope of a selector). */
void fth_scope_start(firth_scope *scope, firth_task *task, firth_scope *parent, const char *name, const char *place);

/* The end of a task: unlinks its scope, hands its result to the scope it was spawned in. */
void fth_scope_child_ended(firth_scope *child, int rc);

/* Takes the scope out of the list of those that other threads cancelled. */
void fth_scope_forget_remote(firth_scope *scope);

/* Cancels the scopes that other threads asked for. From the loop. */
void fth_scopes_cancel_remote(firth_selector *selector);

#endif
