/* SPDX-License-Identifier: Apache-2.0 */
/* Cancelling ops one by one, and sockets that take the place of closed ones. */
#include "tests/conformance/ops.h"

static int a_cancelled_receive_leaves_the_bytes(firth_scope *scope)
{
    uint8_t bytes[8];
    kit_io *a, *b;
    kit_op *op;

    TRY(fth_kit_io_pair(scope, &a, &b));
    op = fth_kit_transfer(b, FIRTH_OP_RECEIVE, bytes, sizeof bytes);
    TRY(fth_kit_pend(op));
    fth_kit_op_cancel(op);
    EXPECT_RESULT(fth_kit_result(op), FIRTH_ERR_CANCELED);
    EXPECT_RESULT(fth_kit_send(a, "abc", 3), 3);
    EXPECT_RESULT(fth_kit_receive_all(b, bytes, 3), 3);
    PROMISE(memcmp(bytes, "abc", 3) == 0);
    return FIRTH_OK;
}

/* The bytes are there, and the report may have been fetched: the op ends with them, or they are for the next. Where the
 * system completes ops by itself no cancel wins against bytes that have arrived, so some come before them. */
static int a_receive_cancelled_as_its_bytes_arrive_loses_none(firth_scope *scope)
{
    kit_tally tally = {0};
    kit_io *a, *b;

    TRY(fth_kit_io_pair(scope, &a, &b));
    for (int i = 0; i < 100; i++) {
        uint8_t first = 0, second = 0, sent[2] = {(uint8_t)i, (uint8_t)(i + 100)};
        kit_op *op = fth_kit_transfer(b, FIRTH_OP_RECEIVE, &first, 1);
        int64_t rc;

        (void)fth_kit_submit(op);
        if (i % 4 == 3)
            fth_kit_op_cancel(op);
        EXPECT_RESULT(fth_kit_send(a, sent, 2), 2);
        TRY(fth_kit_meet(i));
        if (i % 4 != 3)
            fth_kit_op_cancel(op);
        rc = fth_kit_result(op);
        EXPECT_EITHER(rc, 1, FIRTH_ERR_CANCELED);
        fth_kit_count(&tally, rc);
        if (rc != 1)
            EXPECT_RESULT(fth_kit_receive(b, &first, 1), 1);
        EXPECT_RESULT(fth_kit_receive(b, &second, 1), 1);
        PROMISE(first == sent[0] && second == sent[1]);
    }
    return fth_kit_both(&tally);
}

static int a_cancelled_accept_leaves_the_client(firth_scope *scope)
{
    firth_address address, local, peer;
    kit_io *server, *client = fth_kit_io(scope), *accepted = fth_kit_io(scope);
    kit_op *op;

    TRY(fth_kit_io_listen(scope, &server, &address));
    op = fth_kit_op_accept(server, accepted);
    TRY(fth_kit_pend(op));
    fth_kit_op_cancel(op);
    EXPECT_RESULT(fth_kit_result(op), FIRTH_ERR_CANCELED);
    TRY(fth_kit_table()->socket_open(&client->io, FIRTH_FAMILY_IPV4));
    TRY(fth_kit_do(fth_kit_op_connect(client, &address)));
    TRY(fth_kit_do(fth_kit_op_accept(server, accepted)));
    TRY(fth_kit_table()->local_address(&client->io, &local));
    TRY(fth_kit_table()->peer_address(&accepted->io, &peer));
    EXPECT(firth_address_equal(&local, &peer));
    return FIRTH_OK;
}

static int a_cancelled_wait_ends_once(firth_scope *scope)
{
    kit_io *a, *b;

    TRY(fth_kit_io_pair(scope, &a, &b));
    for (int i = 0; i < 50; i++) {
        kit_op *op = fth_kit_op(b, FIRTH_OP_WAIT_READABLE);

        if (fth_kit_submit(op))
            fth_kit_op_cancel(op);
        TRY(fth_kit_turn());
        EXPECT(!op->pending || fth_kit_result(op) <= 0);
    }
    EXPECT_RESULT(fth_kit_send(a, "x", 1), 1);
    return FIRTH_OK;
}

/* Full: the op waits. What it sent before the cancel it tells; what it did not, the peer never sees. */
static int a_cancelled_send_tells_what_it_sent(firth_scope *scope)
{
    enum { SIZE = 64 * 1024, ROUNDS = 4096 };
    uint8_t *bytes = fth_kit_keep(SIZE);
    int64_t rc, sent = 0, received = 0;
    kit_io *a, *b;

    TRY(fth_kit_io_pair(scope, &a, &b));
    for (int i = 0; i < ROUNDS; i++) {
        kit_op *op;

        fth_kit_fill(bytes, SIZE, (uint64_t)sent);
        op = fth_kit_transfer(a, FIRTH_OP_SEND, bytes, SIZE);
        if (fth_kit_submit(op)) {
            fth_kit_op_cancel(op);
            rc = fth_kit_result(op);
            if (rc <= 0)
                EXPECT_RESULT(rc, FIRTH_ERR_CANCELED);
            sent += rc > 0 ? rc : 0;
            break;
        }
        TRY(op->op.result);
        sent += op->op.result;
    }
    TRY(fth_kit_table()->shutdown_write(&a->io));
    while ((rc = fth_kit_receive(b, bytes, SIZE)) > 0) {
        PROMISE(fth_kit_is_filled(bytes, (size_t)rc, (uint64_t)received));
        received += rc;
    }
    EXPECT_RESULT(rc, 0);
    PROMISE(received == sent);
    return FIRTH_OK;
}

static int a_cancel_on_one_side_leaves_the_other_alone(firth_scope *scope)
{
    enum { SIZE = 64 * 1024, ROUNDS = 4096 };
    uint8_t *bytes = fth_kit_keep(SIZE), byte = 0;
    kit_op *reading, *writing;
    kit_io *a, *b;

    TRY(fth_kit_io_pair(scope, &a, &b));
    for (int i = 0; i < ROUNDS && fth_kit_try(a, FIRTH_OP_SEND, bytes, SIZE) > 0; i++)
        continue;
    reading = fth_kit_transfer(a, FIRTH_OP_RECEIVE, &byte, 1);
    writing = fth_kit_transfer(a, FIRTH_OP_SEND, bytes, SIZE);
    TRY(fth_kit_pend(reading));
    if (fth_kit_submit(writing))
        fth_kit_op_cancel(writing);
    (void)fth_kit_result(writing);
    EXPECT(reading->pending);
    EXPECT_RESULT(fth_kit_send(b, "x", 1), 1);
    EXPECT_RESULT(fth_kit_result(reading), 1);
    PROMISE(byte == 'x');
    return FIRTH_OK;
}

static int a_cancelled_connect_can_be_closed_at_once(firth_scope *scope)
{
    firth_address address;
    kit_io *server;

    TRY(fth_kit_io_listen(scope, &server, &address));
    for (int i = 0; i < 20; i++) {
        kit_io *client = fth_kit_io(scope);
        kit_op *op = fth_kit_op_connect(client, &address);

        TRY(fth_kit_table()->socket_open(&client->io, FIRTH_FAMILY_IPV4));
        if (fth_kit_submit(op))
            fth_kit_op_cancel(op);
        EXPECT_EITHER(fth_kit_result(op), FIRTH_OK, FIRTH_ERR_CANCELED);
        fth_kit_io_close(client, FIRTH_CLOSE_RESET);
    }
    return FIRTH_OK;
}

/* The next socket has the descriptor, the memory, or both of the last, for which a report may be on its way: it must not
 * take that for its own. */
static int a_new_socket_gets_no_report_of_the_one_it_replaces(firth_scope *scope)
{
    uint8_t byte;

    for (int i = 0; i < 30; i++) {
        kit_io *a, *b, *c, *d;
        kit_op *old, *reading;

        TRY(fth_kit_io_pair(scope, &a, &b));
        old = fth_kit_transfer(b, FIRTH_OP_RECEIVE, &byte, 1);
        TRY(fth_kit_pend(old));
        EXPECT_RESULT(fth_kit_send(a, "x", 1), 1);
        fth_kit_op_cancel(old);
        TRY(fth_kit_await(&old->ended));
        fth_kit_io_close(b, FIRTH_CLOSE_NORMAL);
        fth_kit_io_close(a, FIRTH_CLOSE_NORMAL);
        TRY(fth_kit_io_pair(scope, &c, &d));
        reading = fth_kit_transfer(d, FIRTH_OP_RECEIVE, &byte, 1);
        TRY(fth_kit_pend(reading));
        for (int turns = 0; turns < 3; turns++)
            TRY(fth_kit_turn());
        PROMISE(reading->pending);
        EXPECT_RESULT(fth_kit_send(c, "y", 1), 1);
        EXPECT_RESULT(fth_kit_result(reading), 1);
        PROMISE(byte == 'y');
        fth_kit_io_close(c, FIRTH_CLOSE_NORMAL);
        fth_kit_io_close(d, FIRTH_CLOSE_NORMAL);
    }
    return FIRTH_OK;
}

const kit_case fth_kit_op_cancel_cases[] = {
    KIT_CASE_PLAIN(a_cancelled_receive_leaves_the_bytes, KIT_OPS),
    KIT_CASE_PLAIN(a_receive_cancelled_as_its_bytes_arrive_loses_none, KIT_OPS),
    KIT_CASE_PLAIN(a_cancelled_accept_leaves_the_client, KIT_OPS),
    KIT_CASE_PLAIN(a_cancelled_wait_ends_once, KIT_OPS),
    KIT_CASE_PLAIN(a_cancelled_send_tells_what_it_sent, KIT_OPS),
    KIT_CASE_PLAIN(a_cancel_on_one_side_leaves_the_other_alone, KIT_OPS),
    KIT_CASE_PLAIN(a_cancelled_connect_can_be_closed_at_once, KIT_OPS),
    KIT_CASE_PLAIN(a_new_socket_gets_no_report_of_the_one_it_replaces, KIT_OPS),
    {.name = NULL},
};
