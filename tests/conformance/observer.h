/* SPDX-License-Identifier: Apache-2.0 */
/* The observer: a table between core and the subject's. For each op that core submits the backend gets a stand-in with
 * memory of its own, so that a touch after the end hits the stand-in, which is kept and looked at, and not a stack. */
#ifndef FTH_KIT_OBSERVER_H
#define FTH_KIT_OBSERVER_H

#include "tests/conformance/kit.h"

typedef enum kit_stage {
    KIT_FREE,
    KIT_SUBMITTING,
    KIT_PENDING,   /* the backend has it */
    KIT_COMPLETED, /* firth_op_complete was called, `done` was not yet */
    KIT_OVER,      /* nobody may touch it: filled with a pattern */
} kit_stage;

/* A stand-in. */
typedef struct kit_stand_in {
    firth_op op; /* what the backend sees */
    firth_op *original;
    struct kit_stand_in *next, *previous; /* of those that are pending */
    kit_stage stage;
    bool cancelled;
    firth_buffer pieces[FIRTH_OP_PIECES_MAX];
    firth_address address;
    firth_datagram datagrams[FIRTH_OP_DATAGRAMS_MAX];
    firth_datagram_control controls[FIRTH_OP_DATAGRAMS_MAX];
    uint8_t *bytes; /* of the pieces or datagrams, one behind the other, and a fence behind them */
    size_t capacity;
    size_t size;
} kit_stand_in;

extern const firth_backend *fth_kit_real;

static inline bool fth_kit_is_reading(const firth_op *op)
{
    return op->kind == FIRTH_OP_WAIT_READABLE || op->kind == FIRTH_OP_ACCEPT || op->kind == FIRTH_OP_RECEIVE ||
           op->kind == FIRTH_OP_RECEIVE_DATAGRAMS;
}

static inline bool fth_kit_has_datagrams(const firth_op *op)
{
    return op->kind == FIRTH_OP_RECEIVE_DATAGRAMS || op->kind == FIRTH_OP_SEND_DATAGRAMS;
}

/* ---- stand_in.c -------------------------------------------------------------------------------------------------- */

kit_stand_in *fth_kit_stand_in_make(firth_op *original);

/* What the backend answered in the stand-in goes to the original, after it was held against what its kind allows. */
void fth_kit_stand_in_hand_back(kit_stand_in *one);

/* Its end: from now on it is watched for touches. */
void fth_kit_stand_in_end(kit_stand_in *one);

/* Looks at all that are over, and forgets everything. */
void fth_kit_stand_ins_check(void);

/* How many have been completed and not been handed out. */
size_t fth_kit_stand_ins_waiting(void);
void fth_kit_stand_ins_forget(void);

/* Room for that many bytes and the fence behind them, which is filled with the pattern. */
void fth_kit_stand_in_make_room(kit_stand_in *one, size_t size);
bool fth_kit_is_fence_whole(const kit_stand_in *one);

/* ---- stand_in_datagrams.c: the same for ops of datagrams ------------------------------------------------------------- */

void fth_kit_datagrams_copy(kit_stand_in *one);
void fth_kit_datagrams_check(const kit_stand_in *one);
void fth_kit_datagrams_hand_back(const kit_stand_in *one);

/* ---- observer.c -------------------------------------------------------------------------------------------------- */

/* The `done` of every stand-in. */
void fth_kit_handed_out(firth_op *op);

#endif
