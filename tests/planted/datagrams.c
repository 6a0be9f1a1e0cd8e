/* SPDX-License-Identifier: Apache-2.0 */
/* Bugs in what an op of datagrams comes to. */
#include "tests/planted/planted.h"

static const firth_io *refused; /* it has told an error, and is to tell it again */
static bool is_repeated;

bool planted_preempts_datagrams(firth_op *op)
{
    if (planted != PLANTED_ERROR_TWICE || refused != op->io)
        return false;
    refused = NULL;
    is_repeated = true;
    op->result = FIRTH_ERR_REFUSED;
    op->os_code = 0;
    op->step = "recvmsg";
    return true;
}

void planted_forget_datagrams(const firth_io *io)
{
    if (refused == io)
        refused = NULL;
}

/* As a backend does that reads ahead, into memory that has room for more. */
static void merge_next(const firth_op *op)
{
    firth_datagram *datagram = op->with.datagrams, next;
    firth_op ahead = {.kind = FIRTH_OP_RECEIVE_DATAGRAMS, .attempt_only = true, .look_again = true, .io = op->io};

    if (op->result != 1 || datagram->size == datagram->capacity)
        return;
    next = (firth_datagram){.bytes = (uint8_t *)datagram->bytes + datagram->size,
                            .capacity = datagram->capacity - datagram->size};
    ahead.piece_count = 1;
    ahead.with.datagrams = &next;
    ahead.state = FIRTH_SUBMIT_PENDING;
    (void)planted_real->submit(&ahead);
    if (ahead.result > 0)
        datagram->whole_size = datagram->size += next.size;
}

static void call_whole(const firth_op *op)
{
    for (int64_t i = 0; i < op->result; i++) {
        op->with.datagrams[i].truncated = false;
        op->with.datagrams[i].whole_size = op->with.datagrams[i].size;
    }
}

void planted_spoil_datagrams(firth_op *op)
{
    if (op->result == FIRTH_ERR_REFUSED && planted == PLANTED_ERROR_TWICE) {
        refused = is_repeated ? NULL : op->io;
        is_repeated = false;
    }
    if (op->kind != FIRTH_OP_RECEIVE_DATAGRAMS || op->result < 1)
        return;
    if (planted == PLANTED_TRUNCATION_UNTOLD)
        call_whole(op);
    if (planted == PLANTED_DATAGRAMS_MERGED)
        merge_next(op);
    if (planted == PLANTED_BATCH_OVERCOUNTED && op->result < op->piece_count)
        op->result++;
}
