/* SPDX-License-Identifier: Apache-2.0 */
/* Ops of datagrams one by one. */
#include "tests/conformance/datagrams.h"
#include "tests/conformance/ops.h"

enum { SIZE = 16, MANY = 4, ROUNDS = 60, TRIES = 50 };

static int open_io(firth_scope *scope, kit_io **io, firth_address *address)
{
    const firth_backend *table = fth_kit_table();
    int rc;

    *io = fth_kit_io(scope);
    rc = table->datagram_open(&(*io)->io, FIRTH_FAMILY_IPV4);
    if (rc < 0)
        (*io)->io.native = -1;
    TRY(rc);
    TRY(firth_address_make(address, "127.0.0.1", 0));
    TRY(table->bind(&(*io)->io, address));
    TRY(table->local_address(&(*io)->io, address));
    return FIRTH_OK;
}

/* An op of that many datagrams with room for SIZE bytes each. */
static kit_op *make(kit_io *io, firth_op_kind kind, size_t count)
{
    kit_op *op = fth_kit_op(io, kind);

    op->op.with.datagrams = fth_kit_keep(count * sizeof(firth_datagram));
    op->op.piece_count = (uint8_t)count;
    for (size_t i = 0; i < count; i++)
        op->op.with.datagrams[i] =
            (firth_datagram){.bytes = fth_kit_keep(SIZE), .capacity = SIZE, .size = SIZE, .whole_size = 99};
    return op;
}

static int64_t send_number(kit_io *io, const firth_address *to, uint8_t number)
{
    kit_op *op = make(io, FIRTH_OP_SEND_DATAGRAMS, 1);

    op->op.with.datagrams->address = *to;
    memset(op->op.with.datagrams->bytes, number, SIZE);
    return fth_kit_do(op);
}

static bool has_number(const kit_op *op, uint8_t number)
{
    return op->op.with.datagrams->size == SIZE && ((const uint8_t *)op->op.with.datagrams->bytes)[0] == number;
}

static int64_t try_receive(kit_io *io)
{
    kit_op *op = make(io, FIRTH_OP_RECEIVE_DATAGRAMS, 1);

    op->op.attempt_only = op->op.look_again = true;
    (void)fth_kit_submit(op);
    return op->op.result;
}

static int an_attempt_on_an_empty_socket_would_block(firth_scope *scope)
{
    firth_address at;
    kit_io *io;

    TRY(open_io(scope, &io, &at));
    for (int i = 0; i < 3; i++)
        EXPECT_RESULT(try_receive(io), FIRTH_ERR_WOULD_BLOCK);
    return FIRTH_OK;
}

/* Sends until a wait for readable has ended by it, rather than for nothing or by a time. */
static int a_wait_takes_no_datagram(firth_scope *scope)
{
    firth_address a_at, b_at;
    kit_io *a, *b;
    kit_op *wait, *receive;

    TRY(open_io(scope, &a, &a_at));
    TRY(open_io(scope, &b, &b_at));
    wait = fth_kit_op(b, FIRTH_OP_WAIT_READABLE);
    (void)fth_kit_submit(wait);
    EXPECT_RESULT(send_number(a, &b_at, 7), 1);
    TRY(fth_kit_settle());
    fth_kit_op_cancel(wait);
    EXPECT_EITHER(fth_kit_result(wait), FIRTH_OK, FIRTH_ERR_CANCELED);
    if (!fth_kit_is_sure())
        return FIRTH_OK;
    receive = make(b, FIRTH_OP_RECEIVE_DATAGRAMS, 1);
    EXPECT_RESULT(fth_kit_do(receive), 1);
    PROMISE(has_number(receive, 7));
    return FIRTH_OK;
}

/* It ends with the datagram or as cancelled, and in that case the datagram is for the next. Where the system completes ops
 * by itself no cancel wins against one that has arrived, so some come before it. */
static int a_receive_cancelled_as_its_datagram_arrives_loses_none(firth_scope *scope)
{
    firth_address a_at, b_at;
    kit_tally tally = {0};
    kit_io *a, *b;

    TRY(open_io(scope, &a, &a_at));
    TRY(open_io(scope, &b, &b_at));
    for (int i = 0; i < ROUNDS; i++) {
        kit_op *op = make(b, FIRTH_OP_RECEIVE_DATAGRAMS, i % 2 == 0 ? 1 : MANY);
        int64_t rc;

        (void)fth_kit_submit(op);
        if (i % 4 == 3)
            fth_kit_op_cancel(op);
        EXPECT_RESULT(send_number(a, &b_at, (uint8_t)i), 1);
        TRY(fth_kit_meet(i));
        if (i % 4 != 3)
            fth_kit_op_cancel(op);
        rc = fth_kit_result(op);
        if (rc != FIRTH_ERR_CANCELED)
            TRY(rc);
        EXPECT(rc <= 1 || !fth_kit_is_sure());
        fth_kit_count(&tally, rc);
        if (rc >= 1) {
            PROMISE(has_number(op, (uint8_t)i) || !fth_kit_is_sure());
            continue;
        }
        if (fth_kit_is_sure()) {
            op = make(b, FIRTH_OP_RECEIVE_DATAGRAMS, 1);
            EXPECT_RESULT(fth_kit_do(op), 1);
            PROMISE(has_number(op, (uint8_t)i));
        }
    }
    return fth_kit_both(&tally);
}

static int a_cancelled_receive_of_datagrams_ends(firth_scope *scope)
{
    firth_address at;
    kit_io *io;

    TRY(open_io(scope, &io, &at));
    for (size_t count = 1; count <= MANY; count++) {
        kit_op *op = make(io, FIRTH_OP_RECEIVE_DATAGRAMS, count);

        TRY(fth_kit_pend(op));
        fth_kit_op_cancel(op);
        EXPECT_RESULT(fth_kit_result(op), FIRTH_ERR_CANCELED);
    }
    return FIRTH_OK;
}

/* Both sides of a socket wait and move at once: the receive is for what it sends itself. */
static int a_socket_sends_to_itself_while_it_receives(firth_scope *scope)
{
    firth_address at;
    kit_io *io;
    kit_op *op;

    TRY(open_io(scope, &io, &at));
    op = make(io, FIRTH_OP_RECEIVE_DATAGRAMS, MANY);
    TRY(fth_kit_pend(op));
    for (int i = 0; i < TRIES && op->pending; i++) {
        EXPECT_RESULT(send_number(io, &at, 3), 1);
        TRY(fth_kit_settle());
    }
    EXPECT(!op->pending);
    TRY(op->op.result);
    EXPECT(op->op.result >= 1);
    PROMISE(has_number(op, 3));
    EXPECT(firth_address_equal(&op->op.with.datagrams->address, &at));
    return FIRTH_OK;
}

static int a_datagram_sockets_connect_ends_at_once(firth_scope *scope)
{
    firth_address a_at, b_at, peer;
    kit_io *a, *b;

    TRY(open_io(scope, &a, &a_at));
    TRY(open_io(scope, &b, &b_at));
    EXPECT_RESULT(fth_kit_table()->peer_address(&a->io, &peer), FIRTH_ERR_NOT_CONNECTED);
    EXPECT(!fth_kit_submit(fth_kit_op_connect(a, &b_at)));
    TRY(fth_kit_table()->peer_address(&a->io, &peer));
    EXPECT(firth_address_equal(&peer, &b_at));
    peer.family = FIRTH_FAMILY_NONE;
    EXPECT_RESULT(send_number(a, &peer, 1), 1);
    return FIRTH_OK;
}

/* From strangers, while it was bound and had no peer. */
static int a_connected_socket_hands_out_nothing_that_came_before(firth_scope *scope)
{
    firth_address a_at, b_at, c_at;
    kit_io *a, *b, *c;

    TRY(open_io(scope, &a, &a_at));
    TRY(open_io(scope, &b, &b_at));
    TRY(open_io(scope, &c, &c_at));
    EXPECT_RESULT(send_number(c, &a_at, 1), 1);
    TRY(fth_kit_settle());
    EXPECT_RESULT(fth_kit_do(fth_kit_op_connect(a, &b_at)), FIRTH_OK);
    EXPECT_RESULT(try_receive(a), FIRTH_ERR_WOULD_BLOCK);
    return FIRTH_OK;
}

/* An op that got all it had room for proves nothing of what is left. */
static int full_batches_follow_each_other(firth_scope *scope)
{
    firth_address a_at, b_at;
    kit_io *a, *b;
    int64_t received = 0;

    TRY(open_io(scope, &a, &a_at));
    TRY(open_io(scope, &b, &b_at));
    for (int i = 0; i < 3 * MANY; i++)
        EXPECT_RESULT(send_number(a, &b_at, (uint8_t)i), 1);
    TRY(fth_kit_settle());
    while (received < (fth_kit_is_sure() ? 3 * MANY : 1)) {
        int64_t n = fth_kit_do(make(b, FIRTH_OP_RECEIVE_DATAGRAMS, MANY));

        TRY(n);
        received += n;
    }
    return FIRTH_OK;
}

/* What came to a socket that is closed is not for the next one, though it may have the same number and memory. */
static int a_closed_sockets_datagrams_are_not_the_next_ones(firth_scope *scope)
{
    firth_address a_at, b_at, c_at;
    kit_io *a, *b;

    TRY(open_io(scope, &a, &a_at));
    for (int i = 0; i < 10; i++) {
        kit_op *op;

        TRY(open_io(scope, &b, &b_at));
        op = make(b, FIRTH_OP_RECEIVE_DATAGRAMS, 1);
        TRY(fth_kit_pend(op));
        fth_kit_op_cancel(op);
        EXPECT_RESULT(fth_kit_result(op), FIRTH_ERR_CANCELED);
        EXPECT_RESULT(send_number(a, &b_at, 1), 1);
        fth_kit_io_close(b, FIRTH_CLOSE_NORMAL);
        TRY(open_io(scope, &b, &c_at));
        EXPECT_RESULT(try_receive(b), FIRTH_ERR_WOULD_BLOCK);
        fth_kit_io_close(b, FIRTH_CLOSE_NORMAL);
    }
    return FIRTH_OK;
}

const kit_case fth_kit_datagram_op_cases[] = {
    KIT_DATAGRAM_CASE(an_attempt_on_an_empty_socket_would_block),
    KIT_DATAGRAM_CASE(a_wait_takes_no_datagram),
    KIT_DATAGRAM_CASE(a_cancelled_receive_of_datagrams_ends),
    KIT_DATAGRAM_CASE(a_receive_cancelled_as_its_datagram_arrives_loses_none),
    KIT_DATAGRAM_CASE(a_socket_sends_to_itself_while_it_receives),
    KIT_DATAGRAM_CASE(a_datagram_sockets_connect_ends_at_once),
    KIT_DATAGRAM_CASE(a_connected_socket_hands_out_nothing_that_came_before),
    KIT_DATAGRAM_CASE(full_batches_follow_each_other),
    KIT_DATAGRAM_CASE(a_closed_sockets_datagrams_are_not_the_next_ones),
    {.name = NULL},
};
