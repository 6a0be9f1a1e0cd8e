/* SPDX-License-Identifier: Apache-2.0 */
/* Closing: who is woken, what is still sent, how long it takes. */
#include "tests/conformance/peers.h"

static int64_t elapsed_ms(int64_t since_ns)
{
    return (firth_now_ns() - since_ns) / 1000000;
}

/* A pair whose b is full, with a reader and a writer suspended on it. */
static int suspend_both(firth_scope *scope, kit_pair *pair, kit_attempt *reading, kit_attempt *writing)
{
    TRY(fth_kit_pair(scope, pair));
    TRY(fth_kit_stuff(pair->b, NULL));
    reading->socket = writing->socket = pair->b;
    reading->bytes = fth_kit_keep(1);
    reading->size = 1;
    writing->size = 100 * 1000;
    writing->bytes = fth_kit_keep(writing->size);
    TRY(fth_kit_start(scope, reading));
    TRY(fth_kit_start(scope, writing));
    TRY(fth_kit_settle());
    EXPECT(!reading->ended.happened && !writing->ended.happened);
    return FIRTH_OK;
}

static int expect_both_closed(kit_attempt *reading, kit_attempt *writing)
{
    TRY(fth_kit_await(&reading->ended));
    TRY(fth_kit_await(&writing->ended));
    EXPECT_RESULT(reading->result, FIRTH_ERR_CLOSED);
    EXPECT_RESULT(writing->result, FIRTH_ERR_CLOSED);
    return FIRTH_OK;
}

static int close_wakes_a_reader_and_a_writer(firth_scope *scope)
{
    kit_attempt *reading = fth_kit_attempt(fth_kit_read), *writing = fth_kit_attempt(fth_kit_write_alone);
    kit_pair pair;

    TRY(suspend_both(scope, &pair, reading, writing));
    (void)firth_socket_close(pair.b); /* it may take its linger, since nobody reads: another case's affair */
    return expect_both_closed(reading, writing);
}

static int abort_wakes_a_reader_and_a_writer(firth_scope *scope)
{
    kit_attempt *reading = fth_kit_attempt(fth_kit_read), *writing = fth_kit_attempt(fth_kit_write_alone);
    kit_pair pair;

    TRY(suspend_both(scope, &pair, reading, writing));
    firth_socket_abort(pair.b);
    return expect_both_closed(reading, writing);
}

static int close_sends_what_was_written(firth_scope *scope)
{
    size_t size = 12345;
    uint8_t *bytes = fth_kit_keep(size), *received = fth_kit_keep(size + 1);
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    kit_pair pair;

    tcp.auto_flush = false;
    fth_kit_fill(bytes, size, 0);
    TRY(fth_kit_pair_with(scope, &tcp, &pair));
    TRY(fth_kit_fit_unread(pair.b, &size));
    TRY(firth_write(pair.a_out, bytes, size));
    TRY(firth_socket_close(pair.a));
    EXPECT_RESULT(firth_read_remaining(pair.b_in, received, size + 1), size);
    PROMISE(fth_kit_is_filled(received, size, 0));
    return FIRTH_OK;
}

static int64_t write_and_close(kit_attempt *attempt)
{
    int64_t rc = firth_write(firth_socket_output(attempt->socket), attempt->bytes, attempt->size);

    return rc < 0 ? rc : firth_socket_close(attempt->socket);
}

/* The end of it is still here when close begins. */
static int close_waits_for_a_peer_that_reads_slowly(firth_scope *scope)
{
    enum { SIZE = 4000 * 1000, PART = 400 * 1000 };
    kit_attempt *closing = fth_kit_attempt(write_and_close);
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    uint8_t *part = fth_kit_keep(PART), byte;
    kit_pair pair;

    tcp.linger_ms = fth_kit_patience_ms();
    TRY(fth_kit_pair_with(scope, &tcp, &pair));
    closing->socket = pair.a;
    closing->bytes = fth_kit_keep(SIZE);
    closing->size = SIZE;
    fth_kit_fill(closing->bytes, SIZE, 0);
    TRY(fth_kit_start(scope, closing));
    for (size_t at = 0; at < SIZE; at += PART) {
        TRY(firth_sleep(fth_kit_paced_ms(2)));
        EXPECT_RESULT(firth_read_fully(pair.b_in, part, PART), PART);
        PROMISE(fth_kit_is_filled(part, PART, at));
    }
    EXPECT_RESULT(firth_read(pair.b_in, &byte, 1), FIRTH_EOF);
    TRY(firth_socket_close(pair.b));
    TRY(fth_kit_await(&closing->ended));
    EXPECT_RESULT(closing->result, FIRTH_OK);
    return FIRTH_OK;
}

/* A kernel would turn the FIN into a reset, and the peer would lose the answer. */
static int close_with_bytes_unread_lets_the_last_answer_through(firth_scope *scope)
{
    size_t answer_size = 30 * 1000, unread_size = 20 * 1000;
    uint8_t *unread = fth_kit_keep(unread_size), *answer = fth_kit_keep(answer_size);
    uint8_t *received = fth_kit_keep(answer_size + 1);
    kit_attempt *closing = fth_kit_attempt(fth_kit_close);
    kit_pair pair;

    fth_kit_fill(answer, answer_size, 0);
    TRY(fth_kit_pair(scope, &pair));
    TRY(fth_kit_fit_unread(pair.a, &answer_size));
    TRY(fth_kit_fit_unread(pair.b, &unread_size));
    TRY(firth_write(pair.a_out, unread, unread_size));
    TRY(firth_flush(pair.a_out));
    TRY(firth_await_content(pair.b_in, 1));
    TRY(firth_write(pair.b_out, answer, answer_size));
    closing->socket = pair.b;
    TRY(fth_kit_start(scope, closing));
    EXPECT_RESULT(firth_read_remaining(pair.a_in, received, answer_size + 1), answer_size);
    PROMISE(fth_kit_is_filled(received, answer_size, 0));
    TRY(firth_socket_close(pair.a));
    TRY(fth_kit_await(&closing->ended));
    EXPECT_RESULT(closing->result, FIRTH_OK);
    return FIRTH_OK;
}

static int close_against_a_peer_that_never_reads_ends_at_the_linger(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    int64_t began_ns;
    kit_pair pair;

    tcp.linger_ms = 60;
    TRY(fth_kit_pair_with(scope, &tcp, &pair));
    TRY(fth_kit_stuff(pair.b, NULL));
    if (firth_write_pending(pair.b_out) == 0) /* the end of the stuffing may be left */
        TRY(firth_write_string(pair.b_out, "left over"));
    began_ns = firth_now_ns();
    EXPECT_RESULT(firth_socket_close(pair.b), FIRTH_ERR_TIMED_OUT);
    EXPECT(elapsed_ms(began_ns) >= 59);
    return FIRTH_OK;
}

static int close_does_not_wait_for_a_silent_peer(firth_scope *scope)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);
    int64_t began_ns = firth_now_ns();
    kit_pair pair;

    tcp.linger_ms = fth_kit_paced_ms(20000);
    TRY(fth_kit_pair_with(scope, &tcp, &pair));
    TRY(firth_socket_close(pair.a));
    EXPECT(elapsed_ms(began_ns) < fth_kit_paced_ms(10000));
    return FIRTH_OK;
}

static int both_ends_may_close_at_once(firth_scope *scope)
{
    for (int i = 0; i < 10; i++) {
        kit_attempt *first = fth_kit_attempt(fth_kit_close), *second = fth_kit_attempt(fth_kit_close);
        kit_pair pair;

        TRY(fth_kit_pair(scope, &pair));
        TRY(firth_write_string(pair.a_out, "last words"));
        first->socket = pair.a;
        second->socket = pair.b;
        TRY(fth_kit_start(scope, first));
        TRY(fth_kit_start(scope, second));
        TRY(fth_kit_await(&first->ended));
        TRY(fth_kit_await(&second->ended));
        EXPECT_EITHER(first->result, FIRTH_OK, FIRTH_ERR_RESET);
        EXPECT_RESULT(second->result, FIRTH_OK);
    }
    return FIRTH_OK;
}

static int an_abort_in_the_middle_of_a_transfer_leaves_nothing(firth_scope *scope)
{
    for (int i = 0; i < 10; i++) {
        kit_attempt *writing = fth_kit_attempt(fth_kit_write_alone);
        uint8_t *some = fth_kit_keep(1000);
        kit_pair pair;

        TRY(fth_kit_pair(scope, &pair));
        writing->socket = pair.a;
        writing->size = 400 * 1000;
        writing->bytes = fth_kit_keep(writing->size);
        TRY(fth_kit_start(scope, writing));
        EXPECT_RESULT(firth_read_fully(pair.b_in, some, 1000), 1000);
        firth_socket_abort(i % 2 == 0 ? pair.a : pair.b);
        TRY(fth_kit_await(&writing->ended));
        if (writing->result != FIRTH_OK)
            EXPECT_EITHER(writing->result, FIRTH_ERR_CLOSED, FIRTH_ERR_RESET);
        firth_socket_abort(i % 2 == 0 ? pair.b : pair.a);
    }
    return FIRTH_OK;
}

const kit_case fth_kit_close_cases[] = {
    KIT_CASE(close_wakes_a_reader_and_a_writer),
    KIT_CASE(abort_wakes_a_reader_and_a_writer),
    KIT_CASE(close_sends_what_was_written),
    KIT_CASE_WITH(close_waits_for_a_peer_that_reads_slowly, .body = close_waits_for_a_peer_that_reads_slowly,
                  .keeps_bytes = 4400 * 1000),
    KIT_CASE(close_with_bytes_unread_lets_the_last_answer_through),
    KIT_CASE(close_against_a_peer_that_never_reads_ends_at_the_linger),
    KIT_CASE_PLAIN(close_does_not_wait_for_a_silent_peer, KIT_CLOSE_NOTIFY),
    KIT_CASE(both_ends_may_close_at_once),
    KIT_CASE_WITH(an_abort_in_the_middle_of_a_transfer_leaves_nothing,
                  .body = an_abort_in_the_middle_of_a_transfer_leaves_nothing, .keeps_bytes = 4010 * 1000),
    {.name = NULL},
};
