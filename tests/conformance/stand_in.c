/* SPDX-License-Identifier: Apache-2.0 */
/* Stand-ins for ops: made, compared, poisoned. */
#include "tests/conformance/observer.h"

#include <stdlib.h>

enum {
    KIT_TRANSFER_MOST = 256 * 1024, /* of one op; more is cut off, which looks like a short transfer to core */
    KIT_FENCE = 64,
    KIT_POISON = 0xe5,
    KIT_POISONED_MOST = 4096, /* of a buffer: a late touch is of its beginning, or of all of it */
    KIT_OVER_KEPT = 128,      /* stand-ins that are over and watched, before the oldest is used again */
};

static const char *const kinds[] = {
    [FIRTH_OP_WAIT_READABLE] = "wait for readable",
    [FIRTH_OP_WAIT_WRITABLE] = "wait for writable",
    [FIRTH_OP_ACCEPT] = "accept",
    [FIRTH_OP_CONNECT] = "connect",
    [FIRTH_OP_RECEIVE] = "receive",
    [FIRTH_OP_SEND] = "send",
    [FIRTH_OP_RECEIVE_DATAGRAMS] = "receive of datagrams",
    [FIRTH_OP_SEND_DATAGRAMS] = "send of datagrams",
};

/* Those that are over and watched, oldest first. */
static struct {
    kit_stand_in *first, *last;
    size_t count;
} over;

static size_t waiting; /* completed, and not handed out */

/* Where a late firth_op_complete finds a selector, whatever became of the socket. */
static firth_io graveyard;

/* ---- touches after the end --------------------------------------------------------------------------------------- */

static bool is_poison(const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (((const uint8_t *)bytes)[i] != KIT_POISON)
            return false;
    return true;
}

static size_t poisoned_bytes(const kit_stand_in *one)
{
    return one->size < KIT_POISONED_MOST ? one->size : KIT_POISONED_MOST;
}

/* Of one op. Those that are watched all together have at most a quarter of a small machine's memory. */
static size_t transfer_most(void)
{
    const size_t share = fth_kit.subject.memory_bytes / 4 / KIT_OVER_KEPT;

    return share == 0 || share > KIT_TRANSFER_MOST ? KIT_TRANSFER_MOST : share;
}

/* state, io, done and next stay as a late firth_op_complete needs them to come to fth_kit_handed_out. */
static void poison(kit_stand_in *one)
{
    firth_op *op = &one->op;

    memset(op, KIT_POISON, sizeof *op);
    op->state = FIRTH_SUBMIT_PENDING;
    op->io = &graveyard;
    op->done = fth_kit_handed_out;
    op->next = NULL;
    memset(&one->address, KIT_POISON, sizeof one->address);
    memset(one->pieces, KIT_POISON, sizeof one->pieces);
    memset(one->datagrams, KIT_POISON, sizeof one->datagrams[0]);
    memset(one->controls, KIT_POISON, sizeof one->controls[0]);
    if (one->bytes != NULL)
        memset(one->bytes, KIT_POISON, poisoned_bytes(one));
}

static bool is_untouched(const kit_stand_in *one)
{
    const firth_op *op = &one->op;

    return is_poison(&op->kind, sizeof op->kind) && is_poison(&op->result, sizeof op->result) &&
           is_poison(&op->os_code, sizeof op->os_code) && is_poison(&op->with, sizeof op->with) &&
           is_poison(&op->step, sizeof op->step) && is_poison(&op->owner, sizeof op->owner) &&
           is_poison(op->backend, sizeof op->backend) && op->io == &graveyard && op->state == FIRTH_SUBMIT_PENDING &&
           is_poison(&one->address, sizeof one->address) && is_poison(one->pieces, sizeof one->pieces) &&
           is_poison(one->datagrams, sizeof one->datagrams[0]) && is_poison(one->controls, sizeof one->controls[0]) &&
           (one->bytes == NULL || is_poison(one->bytes, poisoned_bytes(one)));
}

static void check(const kit_stand_in *one)
{
    if (!is_untouched(one))
        fth_kit_law("an op or its memory was touched after its end");
}

void fth_kit_stand_in_end(kit_stand_in *one)
{
    waiting -= one->stage == KIT_COMPLETED;
    graveyard.selector = fth_kit.selector != NULL ? fth_kit.selector : one->op.io->selector;
    one->stage = KIT_OVER;
    poison(one);
    one->next = NULL;
    if (over.last != NULL)
        over.last->next = one;
    else
        over.first = one;
    over.last = one;
    over.count++;
}

static kit_stand_in *oldest(void)
{
    kit_stand_in *one = over.first;

    over.first = one->next;
    if (over.first == NULL)
        over.last = NULL;
    over.count--;
    check(one);
    return one;
}

void fth_kit_stand_ins_check(void)
{
    for (const kit_stand_in *one = over.first; one != NULL; one = one->next)
        check(one);
}

size_t fth_kit_stand_ins_waiting(void)
{
    return waiting;
}

void fth_kit_stand_ins_forget(void)
{
    waiting = 0;
    while (over.first != NULL) {
        kit_stand_in *one = oldest();

        free(one->bytes);
        free(one);
    }
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

/* The one that has been watched longest, or a new one. */
static kit_stand_in *take(void)
{
    kit_stand_in *one = over.count >= KIT_OVER_KEPT ? oldest() : calloc(1, sizeof *one);

    if (one == NULL) {
        (void)fputs("FAIL the_kit_itself: no memory\n", stdout);
        exit(2);
    }
    one->next = one->previous = NULL;
    one->size = 0;
    one->cancelled = false;
    one->stage = KIT_SUBMITTING;
    return one;
}

static void grow(kit_stand_in *one, size_t size)
{
    free(one->bytes);
    one->bytes = malloc(size + KIT_FENCE);
    one->capacity = size + KIT_FENCE;
    if (one->bytes == NULL) {
        (void)fputs("FAIL the_kit_itself: no memory\n", stdout);
        exit(2);
    }
}

void fth_kit_stand_in_make_room(kit_stand_in *one, size_t size)
{
    if (one->capacity < size + KIT_FENCE)
        grow(one, size);
    one->size = size;
    memset(one->bytes + size, KIT_POISON, KIT_FENCE);
}

bool fth_kit_is_fence_whole(const kit_stand_in *one)
{
    return is_poison(one->bytes + one->size, KIT_FENCE);
}

static void copy_pieces(kit_stand_in *one)
{
    const firth_op *from = one->original;
    size_t i, at = 0;

    for (i = 0; i < from->piece_count; i++)
        one->size += from->with.pieces[i].size;
    if (one->size > transfer_most())
        one->size = transfer_most();
    fth_kit_stand_in_make_room(one, one->size);
    for (i = 0; i < from->piece_count && at < one->size; i++) {
        const firth_buffer *piece = &from->with.pieces[i];
        size_t size = piece->size < one->size - at ? piece->size : one->size - at;

        if (from->kind == FIRTH_OP_SEND)
            memcpy(one->bytes + at, piece->bytes, size);
        one->pieces[i] = (firth_buffer){one->bytes + at, size};
        at += size;
    }
    one->op.piece_count = (uint8_t)i;
    one->op.with.pieces = one->pieces;
}

kit_stand_in *fth_kit_stand_in_make(firth_op *original)
{
    kit_stand_in *one = take();
    firth_op *op = &one->op;

    one->original = original;
    *op = *original;
    op->result = INT64_MIN; /* of no kind of op */
    op->next = NULL;
    op->done = fth_kit_handed_out;
    op->owner = NULL;
    if (op->kind == FIRTH_OP_RECEIVE || op->kind == FIRTH_OP_SEND) {
        copy_pieces(one);
    } else if (fth_kit_has_datagrams(op)) {
        fth_kit_datagrams_copy(one);
    } else if (op->kind == FIRTH_OP_CONNECT) {
        one->address = *original->with.address;
        op->with.address = &one->address;
    }
    return one;
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

static bool is_code(int64_t result)
{
    return result <= FIRTH_ERR_CANCELED && result >= FIRTH_ERR_SYSTEM;
}

static void check_failure(const kit_stand_in *one)
{
    const firth_op *op = &one->op;
    const char *kind = kinds[op->kind];

    if (!is_code(op->result))
        fth_kit_law("%s ended with %lld, which is no code", kind, (long long)op->result);
    else if (op->result == FIRTH_ERR_WOULD_BLOCK && !op->attempt_only)
        fth_kit_law("%s ended with FIRTH_ERR_WOULD_BLOCK though it may wait", kind);
    else if (op->result == FIRTH_ERR_CANCELED && !one->cancelled)
        fth_kit_law("%s ended with FIRTH_ERR_CANCELED though nobody cancelled it", kind);
}

static void check_success(const kit_stand_in *one)
{
    const firth_op *op = &one->op;
    const char *kind = kinds[op->kind];
    int64_t result = op->result;
    bool transfers = op->kind == FIRTH_OP_RECEIVE || op->kind == FIRTH_OP_SEND;

    if (op->os_code != 0 || op->step != NULL)
        fth_kit_law("%s succeeded and has a failure's os_code or step", kind);
    if (transfers && (result > (int64_t)one->size || (op->kind == FIRTH_OP_SEND && result == 0)))
        fth_kit_law("%s of %u bytes came to %lld", kind, (unsigned)one->size, (long long)result);
    if (fth_kit_has_datagrams(op))
        fth_kit_datagrams_check(one);
    else if (!transfers && result != FIRTH_OK)
        fth_kit_law("%s ended with %lld, not with FIRTH_OK", kind, (long long)result);
    if (op->kind == FIRTH_OP_ACCEPT &&
        (op->with.accepted->native == -1 || op->with.accepted->selector != op->io->selector))
        fth_kit_law("an accept succeeded and its io is not open");
    if ((transfers || fth_kit_has_datagrams(op)) && !fth_kit_is_fence_whole(one))
        fth_kit_law("a receive wrote behind its memory");
}

static void scatter(const kit_stand_in *one)
{
    const firth_op *to = one->original;
    size_t left = (size_t)one->op.result, at = 0;

    for (size_t i = 0; i < to->piece_count && left > 0; i++) {
        size_t size = to->with.pieces[i].size < left ? to->with.pieces[i].size : left;

        memcpy((void *)(uintptr_t)to->with.pieces[i].bytes, one->bytes + at, size);
        at += size;
        left -= size;
    }
}

void fth_kit_stand_in_hand_back(kit_stand_in *one)
{
    waiting += one->stage == KIT_COMPLETED;
    if (one->op.result < 0)
        check_failure(one);
    else
        check_success(one);
    if (one->op.kind == FIRTH_OP_RECEIVE && one->op.result > 0 && one->op.result <= (int64_t)one->size)
        scatter(one);
    if (one->op.kind == FIRTH_OP_RECEIVE_DATAGRAMS && one->op.result > 0 && one->op.result <= one->op.piece_count)
        fth_kit_datagrams_hand_back(one);
}
