/* SPDX-License-Identifier: Apache-2.0 */
/* The two sides of one socket: what begins to wait on one leaves the wait on the other as it is. */
#include "tests/conformance/ops.h"

enum { PIECE = 64 * 1024, QUIET_MS = 50, MOST = 64 * 1024 * 1024, MORE = 100 * 1000 };

/* ---- ops --------------------------------------------------------------------------------------------------------- */

/* Sends until a send has been pending for a while; *sent: what those before it came to. */
static int leave_a_send_waiting(kit_io *io, uint8_t *bytes, kit_op **op, int64_t *sent)
{
    for (*sent = 0; *sent < MOST; *sent += (*op)->op.result) {
        *op = fth_kit_transfer(io, FIRTH_OP_SEND, bytes, PIECE);
        if (fth_kit_submit(*op))
            TRY(firth_sleep(fth_kit_paced_ms(QUIET_MS)));
        if ((*op)->pending)
            return FIRTH_OK;
        TRY((*op)->op.result);
    }
    return fth_kit_broken(__FILE__, __LINE__, "a socket that nobody reads takes any number of bytes");
}

/* The peer takes all that was sent, so that the send can end, and what that one sent too. */
static int drain(kit_io *peer, uint8_t *bytes, int64_t sent, kit_op *send)
{
    int64_t last;

    while (sent > 0) {
        int64_t n = fth_kit_receive(peer, bytes, sent < PIECE ? (size_t)sent : PIECE);

        TRY(n);
        EXPECT(n > 0);
        sent -= n;
    }
    last = fth_kit_result(send);
    TRY(last);
    EXPECT(last > 0);
    EXPECT_RESULT(fth_kit_receive_all(peer, bytes, (size_t)last), last);
    return FIRTH_OK;
}

static int send_first(kit_io *io, kit_io *peer)
{
    uint8_t *bytes = fth_kit_keep(PIECE), byte = 0;
    kit_op *send, *receive = fth_kit_transfer(io, FIRTH_OP_RECEIVE, &byte, 1);
    int64_t sent;

    TRY(leave_a_send_waiting(io, bytes, &send, &sent));
    TRY(fth_kit_pend(receive));
    TRY(fth_kit_turn());
    TRY(drain(peer, bytes, sent, send));
    EXPECT_RESULT(fth_kit_send(peer, "x", 1), 1);
    EXPECT_RESULT(fth_kit_result(receive), 1);
    PROMISE(byte == 'x');
    return FIRTH_OK;
}

static int receive_first(kit_io *io, kit_io *peer)
{
    uint8_t *bytes = fth_kit_keep(PIECE), byte = 0;
    kit_op *send, *receive = fth_kit_transfer(io, FIRTH_OP_RECEIVE, &byte, 1);
    int64_t sent;

    TRY(fth_kit_pend(receive));
    TRY(fth_kit_turn());
    TRY(leave_a_send_waiting(io, bytes, &send, &sent));
    EXPECT_RESULT(fth_kit_send(peer, "x", 1), 1);
    EXPECT_RESULT(fth_kit_result(receive), 1);
    PROMISE(byte == 'x');
    return drain(peer, bytes, sent, send);
}

/* On the end that connected and on the one that was accepted: the former may have waited to write before. */
static int on_both_ends(firth_scope *scope, int (*check)(kit_io *io, kit_io *peer))
{
    kit_io *a, *b;

    TRY(fth_kit_io_pair(scope, &a, &b));
    TRY(check(a, b));
    TRY(fth_kit_io_pair(scope, &a, &b));
    return check(b, a);
}

static int a_receive_leaves_the_send_that_waits_before_it(firth_scope *scope)
{
    return on_both_ends(scope, send_first);
}

static int a_send_leaves_the_receive_that_waits_before_it(firth_scope *scope)
{
    return on_both_ends(scope, receive_first);
}

/* ---- sockets ----------------------------------------------------------------------------------------------------- */

static kit_attempt *attempt_at(int64_t (*call)(kit_attempt *attempt), firth_socket *socket, size_t size)
{
    kit_attempt *attempt = fth_kit_attempt(call);

    attempt->socket = socket;
    attempt->bytes = fth_kit_keep(size);
    attempt->size = size;
    return attempt;
}

/* A task that writes to a full socket, and then one that reads from it. */
static int a_reader_joins_a_writer_that_waits(firth_scope *scope)
{
    kit_attempt *writing, *reading;
    kit_pair pair;
    size_t taken;

    TRY(fth_kit_pair(scope, &pair));
    TRY(fth_kit_stuff(pair.a, &taken));
    writing = attempt_at(fth_kit_write, pair.a, MORE);
    reading = attempt_at(fth_kit_read, pair.a, 1);
    TRY(fth_kit_start(scope, writing));
    TRY(firth_sleep(fth_kit_paced_ms(QUIET_MS)));
    TRY(fth_kit_start(scope, reading));
    TRY(fth_kit_turn());
    EXPECT_RESULT(firth_discard(pair.b_in, taken + MORE), taken + MORE);
    TRY(firth_write(pair.b_out, "x", 1));
    TRY(firth_flush(pair.b_out));
    TRY(fth_kit_await(&writing->ended));
    TRY(writing->result);
    TRY(fth_kit_await(&reading->ended));
    EXPECT_RESULT(reading->result, 1);
    PROMISE(reading->bytes[0] == 'x');
    return FIRTH_OK;
}

static int a_writer_joins_a_reader_that_waits(firth_scope *scope)
{
    kit_attempt *writing, *reading;
    kit_pair pair;
    size_t taken;

    TRY(fth_kit_pair(scope, &pair));
    reading = attempt_at(fth_kit_read, pair.a, 1);
    TRY(fth_kit_start(scope, reading));
    TRY(fth_kit_turn());
    TRY(fth_kit_stuff(pair.a, &taken));
    writing = attempt_at(fth_kit_write, pair.a, MORE);
    TRY(fth_kit_start(scope, writing));
    TRY(firth_sleep(fth_kit_paced_ms(QUIET_MS)));
    TRY(firth_write(pair.b_out, "x", 1));
    TRY(firth_flush(pair.b_out));
    TRY(fth_kit_await(&reading->ended));
    EXPECT_RESULT(reading->result, 1);
    PROMISE(reading->bytes[0] == 'x');
    EXPECT_RESULT(firth_discard(pair.b_in, taken + MORE), taken + MORE);
    TRY(fth_kit_await(&writing->ended));
    TRY(writing->result);
    return FIRTH_OK;
}

const kit_case fth_kit_side_cases[] = {
    KIT_CASE_PLAIN(a_receive_leaves_the_send_that_waits_before_it, KIT_OPS),
    KIT_CASE_PLAIN(a_send_leaves_the_receive_that_waits_before_it, KIT_OPS),
    KIT_CASE(a_reader_joins_a_writer_that_waits),
    KIT_CASE(a_writer_joins_a_reader_that_waits),
    {.name = NULL},
};
