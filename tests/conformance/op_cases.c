/* SPDX-License-Identifier: Apache-2.0 */
/* Each kind of op by itself, as backend.h describes it. */
#include "tests/conformance/ops.h"

static int an_attempt_that_would_wait_says_so(firth_scope *scope)
{
    uint8_t byte;
    kit_io *a, *b;

    TRY(fth_kit_io_pair(scope, &a, &b));
    for (int i = 0; i < 3; i++)
        EXPECT_RESULT(fth_kit_try(b, FIRTH_OP_RECEIVE, &byte, 1), FIRTH_ERR_WOULD_BLOCK);
    return FIRTH_OK;
}

static int an_attempt_at_accept_without_a_client_would_wait(firth_scope *scope)
{
    firth_address address;
    kit_io *server;
    kit_op *op;

    TRY(fth_kit_io_listen(scope, &server, &address));
    op = fth_kit_op_accept(server, fth_kit_io(scope));
    op->op.attempt_only = true;
    EXPECT_RESULT(fth_kit_do(op), FIRTH_ERR_WOULD_BLOCK);
    return FIRTH_OK;
}

static int an_attempt_to_send_to_a_full_socket_would_wait(firth_scope *scope)
{
    enum { SIZE = 64 * 1024, ROUNDS = 4096 };
    uint8_t *bytes = fth_kit_keep(SIZE);
    int64_t rc = 1;
    kit_io *a, *b;

    TRY(fth_kit_io_pair(scope, &a, &b));
    for (int i = 0; i < ROUNDS && rc > 0; i++)
        rc = fth_kit_try(a, FIRTH_OP_SEND, bytes, SIZE);
    EXPECT_RESULT(rc, FIRTH_ERR_WOULD_BLOCK);
    return FIRTH_OK;
}

/* The pieces are filled one behind the other, and nothing behind the count is written. */
static int a_receive_fills_its_pieces_in_order(firth_scope *scope)
{
    enum { PIECES = FIRTH_OP_PIECES_MAX, PIECE = 50, SIZE = PIECES * PIECE };
    uint8_t *sent = fth_kit_keep(SIZE), *received = fth_kit_keep(SIZE);
    size_t got = 0;
    kit_io *a, *b;

    fth_kit_fill(sent, SIZE, 0);
    TRY(fth_kit_io_pair(scope, &a, &b));
    EXPECT_RESULT(fth_kit_send(a, sent, SIZE), SIZE);
    while (got < SIZE) {
        kit_op *op = fth_kit_op(b, FIRTH_OP_RECEIVE);
        size_t at = got;
        int64_t n;

        for (op->op.piece_count = 0; op->op.piece_count < PIECES && at < SIZE; op->op.piece_count++) {
            size_t size = SIZE - at < PIECE ? SIZE - at : PIECE;

            op->pieces[op->op.piece_count] = (firth_buffer){received + at, size};
            at += size;
        }
        op->op.with.pieces = op->pieces;
        n = fth_kit_do(op);
        TRY(n);
        EXPECT(n > 0);
        got += (size_t)n;
        PROMISE(fth_kit_is_filled(received, got, 0));
    }
    return FIRTH_OK;
}

static int a_send_takes_its_pieces_in_order(firth_scope *scope)
{
    enum { PIECES = FIRTH_OP_PIECES_MAX, PIECE = 40, SIZE = PIECES * PIECE };
    uint8_t *sent = fth_kit_keep(SIZE), *received = fth_kit_keep(SIZE);
    kit_io *a, *b;
    kit_op *op;
    int64_t n;

    fth_kit_fill(sent, SIZE, 0);
    TRY(fth_kit_io_pair(scope, &a, &b));
    op = fth_kit_op(a, FIRTH_OP_SEND);
    for (size_t i = 0; i < PIECES; i++)
        op->pieces[i] = (firth_buffer){sent + i * PIECE, PIECE};
    op->op.with.pieces = op->pieces;
    op->op.piece_count = PIECES;
    n = fth_kit_do(op);
    TRY(n);
    for (int64_t got = 0; got < n;) {
        int64_t more = fth_kit_receive(b, received + got, (size_t)(n - got));

        TRY(more);
        EXPECT(more > 0);
        got += more;
    }
    PROMISE(fth_kit_is_filled(received, (size_t)n, 0));
    return FIRTH_OK;
}

static int a_receive_at_the_end_of_stream_is_0_each_time(firth_scope *scope)
{
    uint8_t byte;
    kit_io *a, *b;

    TRY(fth_kit_io_pair(scope, &a, &b));
    TRY(fth_kit_table()->shutdown_write(&a->io));
    for (int i = 0; i < 3; i++)
        EXPECT_RESULT(fth_kit_receive(b, &byte, 1), 0);
    EXPECT_RESULT(fth_kit_send(b, "x", 1), 1);
    EXPECT_RESULT(fth_kit_receive(a, &byte, 1), 1);
    PROMISE(byte == 'x');
    return FIRTH_OK;
}

static int a_normal_close_is_the_peers_end_and_a_reset_is_not(firth_scope *scope)
{
    uint8_t byte;
    kit_io *a, *b;

    TRY(fth_kit_io_pair(scope, &a, &b));
    fth_kit_io_close(a, FIRTH_CLOSE_NORMAL);
    EXPECT_RESULT(fth_kit_receive(b, &byte, 1), 0);
    TRY(fth_kit_io_pair(scope, &a, &b));
    fth_kit_io_close(a, FIRTH_CLOSE_RESET);
    EXPECT_RESULT(fth_kit_receive(b, &byte, 1), FIRTH_ERR_RESET);
    return FIRTH_OK;
}

/* The first send may take the connection's error; one that comes later finds a socket that cannot send, which is when
 * SIGPIPE is raised where that exists: the kit's main hears it. One piece and several are different calls. */
static int sends_after_the_reset_are_errors_and_no_signal(firth_scope *scope)
{
    uint8_t byte = 'x';
    kit_io *a, *b;

    TRY(fth_kit_io_pair(scope, &a, &b));
    fth_kit_io_close(a, FIRTH_CLOSE_RESET);
    EXPECT_RESULT(fth_kit_receive(b, &byte, 1), FIRTH_ERR_RESET);
    for (int i = 0; i < 4; i++) {
        kit_op *op = fth_kit_transfer(b, FIRTH_OP_SEND, &byte, 1);

        if (i % 2 == 1)
            op->pieces[op->op.piece_count++] = (firth_buffer){&byte, 1};
        EXPECT(fth_kit_do(op) < 0);
    }
    return FIRTH_OK;
}

static int a_pending_receive_ends_with_the_bytes(firth_scope *scope)
{
    uint8_t bytes[8];
    kit_io *a, *b;
    kit_op *op;
    int64_t got;

    TRY(fth_kit_io_pair(scope, &a, &b));
    op = fth_kit_transfer(b, FIRTH_OP_RECEIVE, bytes, sizeof bytes);
    TRY(fth_kit_pend(op));
    EXPECT_RESULT(fth_kit_send(a, "abc", 3), 3);
    got = fth_kit_result(op);
    TRY(got);
    EXPECT(got >= 1 && got <= 3);
    EXPECT_RESULT(fth_kit_receive_all(b, bytes + got, (size_t)(3 - got)), 3 - got);
    PROMISE(memcmp(bytes, "abc", 3) == 0);
    return FIRTH_OK;
}

static int a_pending_receive_ends_with_the_end_and_with_a_reset(firth_scope *scope)
{
    for (int i = 0; i < 2; i++) {
        uint8_t byte;
        kit_io *a, *b;
        kit_op *op;

        TRY(fth_kit_io_pair(scope, &a, &b));
        op = fth_kit_transfer(b, FIRTH_OP_RECEIVE, &byte, 1);
        TRY(fth_kit_pend(op));
        fth_kit_io_close(a, i == 0 ? FIRTH_CLOSE_NORMAL : FIRTH_CLOSE_RESET);
        EXPECT_RESULT(fth_kit_result(op), i == 0 ? 0 : FIRTH_ERR_RESET);
    }
    return FIRTH_OK;
}

/* A wait may end early, so it is asked again until there is something; it takes nothing. */
static int await_readable(kit_io *io, uint8_t *byte)
{
    int64_t rc;

    do {
        TRY(fth_kit_do(fth_kit_op(io, FIRTH_OP_WAIT_READABLE)));
        rc = fth_kit_try(io, FIRTH_OP_RECEIVE, byte, 1);
        if (rc == FIRTH_ERR_WOULD_BLOCK)
            TRY(firth_yield());
    } while (rc == FIRTH_ERR_WOULD_BLOCK);
    return (int)rc;
}

static int a_wait_for_readable_ends_with_bytes_an_end_or_a_reset(firth_scope *scope)
{
    uint8_t byte = 0;
    kit_io *a, *b;

    TRY(fth_kit_io_pair(scope, &a, &b));
    EXPECT_RESULT(fth_kit_send(a, "x", 1), 1);
    EXPECT_RESULT(await_readable(b, &byte), 1);
    PROMISE(byte == 'x');
    fth_kit_io_close(a, FIRTH_CLOSE_NORMAL);
    EXPECT_RESULT(await_readable(b, &byte), 0);
    TRY(fth_kit_io_pair(scope, &a, &b));
    fth_kit_io_close(a, FIRTH_CLOSE_RESET);
    EXPECT_RESULT(await_readable(b, &byte), FIRTH_ERR_RESET);
    return FIRTH_OK;
}

static int a_wait_is_no_short_cut_for_what_is_there_already(firth_scope *scope)
{
    uint8_t bytes[8];
    kit_io *a, *b;
    kit_op *op;

    TRY(fth_kit_io_pair(scope, &a, &b));
    EXPECT_RESULT(fth_kit_send(a, "abcdef", 6), 6);
    EXPECT_RESULT(fth_kit_receive_all(b, bytes, 2), 2);
    op = fth_kit_op(b, FIRTH_OP_WAIT_READABLE); /* four are left: no report of theirs will come any more */
    TRY(fth_kit_do(op));
    EXPECT_RESULT(fth_kit_receive_all(b, bytes, 4), 4);
    PROMISE(memcmp(bytes, "cdef", 4) == 0);
    return FIRTH_OK;
}

static int a_wait_for_writable_ends_when_there_is_room(firth_scope *scope)
{
    enum { SIZE = 64 * 1024, ROUNDS = 4096 };
    uint8_t *bytes = fth_kit_keep(SIZE);
    int64_t rc, sent = 0;
    kit_io *a, *b;
    kit_op *op;

    TRY(fth_kit_io_pair(scope, &a, &b));
    TRY(fth_kit_do(fth_kit_op(a, FIRTH_OP_WAIT_WRITABLE)));
    for (int i = 0; i < ROUNDS && (rc = fth_kit_try(a, FIRTH_OP_SEND, bytes, SIZE)) > 0; i++)
        sent += rc;
    op = fth_kit_op(a, FIRTH_OP_WAIT_WRITABLE);
    (void)fth_kit_submit(op);
    while (sent > 0) {
        rc = fth_kit_receive(b, bytes, SIZE);
        TRY(rc);
        EXPECT(rc > 0);
        sent -= rc;
    }
    EXPECT_RESULT(fth_kit_result(op), FIRTH_OK);
    EXPECT_RESULT(fth_kit_send(a, "x", 1), 1);
    return FIRTH_OK;
}

static int a_connect_that_is_refused_says_so(firth_scope *scope)
{
    firth_address address;
    kit_io *a, *b, *client = fth_kit_io(scope);

    /* The port of a connection, so that no other program gets it and listens. */
    TRY(fth_kit_io_pair(scope, &a, &b));
    TRY(fth_kit_table()->local_address(&a->io, &address));
    TRY(fth_kit_table()->socket_open(&client->io, FIRTH_FAMILY_IPV4));
    EXPECT_RESULT(fth_kit_do(fth_kit_op_connect(client, &address)), FIRTH_ERR_REFUSED);
    return FIRTH_OK;
}

static int a_socket_without_a_connection_has_no_peer(firth_scope *scope)
{
    firth_address address;
    kit_io *io = fth_kit_io(scope);

    TRY(fth_kit_table()->socket_open(&io->io, FIRTH_FAMILY_IPV4));
    EXPECT_RESULT(fth_kit_table()->peer_address(&io->io, &address), FIRTH_ERR_NOT_CONNECTED);
    return FIRTH_OK;
}

static int sockets_that_are_opened_and_closed_unused_leave_nothing(firth_scope *scope)
{
    for (int i = 0; i < 200; i++) {
        kit_io *io = fth_kit_io(scope);

        TRY(fth_kit_table()->socket_open(&io->io, FIRTH_FAMILY_IPV4));
        fth_kit_io_close(io, i % 2 == 0 ? FIRTH_CLOSE_NORMAL : FIRTH_CLOSE_RESET);
    }
    return FIRTH_OK;
}

const kit_case fth_kit_op_cases[] = {
    KIT_CASE_PLAIN(an_attempt_that_would_wait_says_so, KIT_OPS),
    KIT_CASE_PLAIN(an_attempt_at_accept_without_a_client_would_wait, KIT_OPS),
    KIT_CASE_PLAIN(an_attempt_to_send_to_a_full_socket_would_wait, KIT_OPS),
    KIT_CASE_PLAIN(a_receive_fills_its_pieces_in_order, KIT_OPS),
    KIT_CASE_PLAIN(a_send_takes_its_pieces_in_order, KIT_OPS),
    KIT_CASE_PLAIN(a_receive_at_the_end_of_stream_is_0_each_time, KIT_OPS),
    KIT_CASE_PLAIN(a_normal_close_is_the_peers_end_and_a_reset_is_not, KIT_OPS),
    KIT_CASE_PLAIN(sends_after_the_reset_are_errors_and_no_signal, KIT_OPS),
    KIT_CASE_PLAIN(a_pending_receive_ends_with_the_bytes, KIT_OPS),
    KIT_CASE_PLAIN(a_pending_receive_ends_with_the_end_and_with_a_reset, KIT_OPS),
    KIT_CASE_PLAIN(a_wait_for_readable_ends_with_bytes_an_end_or_a_reset, KIT_OPS),
    KIT_CASE_PLAIN(a_wait_is_no_short_cut_for_what_is_there_already, KIT_OPS),
    KIT_CASE_PLAIN(a_wait_for_writable_ends_when_there_is_room, KIT_OPS),
    KIT_CASE_PLAIN(a_connect_that_is_refused_says_so, KIT_OPS),
    KIT_CASE_PLAIN(a_socket_without_a_connection_has_no_peer, KIT_OPS),
    KIT_CASE_PLAIN(sockets_that_are_opened_and_closed_unused_leave_nothing, KIT_OPS),
    {.name = NULL},
};
