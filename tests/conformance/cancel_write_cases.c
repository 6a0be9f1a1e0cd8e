/* SPDX-License-Identifier: Apache-2.0 */
/* A cancel at every moment of a write, a flush and a close, on a socket that is full, so that they have to wait. */
#include "tests/conformance/peers.h"

/* The moments: before the call, once it waits, a turn later, after the peer has read a little and after it has read all.
 * At the last nothing is left to cancel. */
typedef enum kit_when { KIT_BEFORE, KIT_AT_ONCE, KIT_LATER, KIT_AFTER_SOME, KIT_AFTER_ALL, KIT_WHENS } kit_when;

typedef struct kit_full {
    kit_pair pair;
    kit_attempt *attempt; /* on pair.a */
    size_t stuffed;       /* zeros on their way before anything of the attempt's */
    size_t buffered;      /* bytes behind them that the channel holds */
} kit_full;

enum { SOME = 1000, SIZE = 60 * 1000, BUFFERED_MOST = 10 * 1000, STUFFED_MS = 20 };

static int expect_zeros(firth_read_channel *in, size_t size)
{
    uint8_t *bytes = fth_kit_keep(size);

    EXPECT_RESULT(firth_read_fully(in, bytes, size), size);
    for (size_t i = 0; i < size; i++)
        PROMISE(bytes[i] == 0);
    return FIRTH_OK;
}

/* Small buffers where they can be set, so that it does not take long. */
static int set_sizes(firth_tcp_builder *tcp)
{
    firth_server *server;
    int rc;

    tcp->send_buffer_bytes = tcp->receive_buffer_bytes = 16 * 1024;
    rc = fth_kit_tcp_bind(tcp, "127.0.0.1", 0, &server);
    if (rc == FIRTH_ERR_NOT_SUPPORTED)
        tcp->send_buffer_bytes = tcp->receive_buffer_bytes = 0;
    else
        TRY(rc);
    fth_kit_server_close(server);
    return FIRTH_OK;
}

static int open_full(firth_scope *scope, kit_full *full, kit_attempt *attempt)
{
    firth_tcp_builder tcp = fth_kit_tcp(scope);

    TRY(set_sizes(&tcp));
    tcp.auto_flush = false; /* it would begin what the attempt is to begin */
    tcp.linger_ms = fth_kit_patience_ms();
    TRY(fth_kit_pair_with(scope, &tcp, &full->pair));
    TRY(fth_kit_stuff(full->pair.a, &full->stuffed));
    full->attempt = attempt;
    attempt->socket = full->pair.a;
    return FIRTH_OK;
}

/* Runs the attempt and has the cancel come at its moment; the stuffing is read by then, or not. */
static int cancel_at(firth_scope *scope, kit_full *full, kit_when when)
{
    kit_attempt *attempt = full->attempt;

    if (when == KIT_BEFORE)
        fth_kit_cancel(attempt);
    TRY(fth_kit_start(scope, attempt));
    TRY(firth_yield());
    if (when >= KIT_LATER)
        TRY(fth_kit_turn());
    if (when > KIT_BEFORE)
        EXPECT(!attempt->ended.happened);
    if (when == KIT_AFTER_SOME) {
        TRY(expect_zeros(full->pair.b_in, SOME));
        full->stuffed -= SOME;
        TRY(fth_kit_turn());
    }
    if (when != KIT_AFTER_ALL)
        fth_kit_cancel(attempt);
    return FIRTH_OK;
}

/* What the peer took may have been more than it read - over TLS it is whole records - and enough for all that waited. */
static int expect_result(kit_when when, int64_t result)
{
    if (when == KIT_AFTER_SOME)
        EXPECT_EITHER(result, FIRTH_ERR_CANCELED, FIRTH_OK);
    else
        EXPECT_RESULT(result, when == KIT_AFTER_ALL ? FIRTH_OK : FIRTH_ERR_CANCELED);
    return FIRTH_OK;
}

/* ---- write ------------------------------------------------------------------------------------------------------- */

static int cancel_write(firth_scope *scope, kit_when when, kit_tally *tally)
{
    kit_attempt *writing = fth_kit_attempt(fth_kit_write), *ending = fth_kit_attempt(fth_kit_write);
    uint8_t *received = fth_kit_keep(SIZE);
    char tail[4];
    kit_full full;

    TRY(open_full(scope, &full, writing));
    writing->size = SIZE;
    writing->bytes = fth_kit_keep(SIZE);
    fth_kit_fill(writing->bytes, SIZE, 0);
    TRY(cancel_at(scope, &full, when));
    if (when == KIT_AFTER_ALL) {
        TRY(expect_zeros(full.pair.b_in, full.stuffed));
        EXPECT_RESULT(firth_read_fully(full.pair.b_in, received, SIZE), SIZE);
    }
    TRY(fth_kit_await(&writing->ended));
    TRY(expect_result(when, writing->result));
    fth_kit_count(tally, writing->result);
    PROMISE(writing->progress <= SIZE);
    ending->socket = full.pair.a;
    ending->size = sizeof tail;
    ending->bytes = fth_kit_keep(sizeof tail);
    memcpy(ending->bytes, "tail", sizeof tail);
    TRY(fth_kit_start(scope, ending));
    if (when != KIT_AFTER_ALL) {
        TRY(expect_zeros(full.pair.b_in, full.stuffed));
        EXPECT_RESULT(firth_read_fully(full.pair.b_in, received, writing->progress), writing->progress);
    }
    PROMISE(fth_kit_is_filled(received, writing->progress, 0));
    EXPECT_RESULT(firth_read_fully(full.pair.b_in, tail, sizeof tail), sizeof tail);
    PROMISE(memcmp(tail, "tail", sizeof tail) == 0);
    TRY(fth_kit_await(&ending->ended));
    TRY(ending->result);
    firth_socket_abort(full.pair.a);
    firth_socket_abort(full.pair.b);
    return FIRTH_OK;
}

static int write_cancelled_at_any_moment_tells_how_far_it_came(firth_scope *scope)
{
    kit_tally tally = {0};

    for (int when = 0; when < KIT_WHENS; when++)
        TRY(cancel_write(scope, (kit_when)when, &tally));
    return fth_kit_both(&tally);
}

/* ---- flush and close --------------------------------------------------------------------------------------------- */

static int write_buffered(firth_scope *scope, void *argument)
{
    kit_full *full = argument;
    uint8_t *bytes = fth_kit_keep(BUFFERED_MOST);
    int rc;

    (void)scope;
    fth_kit_fill(bytes, full->buffered, 0);
    rc = firth_write(full->pair.a_out, bytes, full->buffered);
    full->buffered = firth_write_progress(full->pair.a_out);
    return rc;
}

/* As much as there is room for: the end of the stuffing may have stayed in the buffer. What is being sent of that is in
 * the way of what could be written behind it, so this may have to wait, and does not for long. */
static int buffer_some(kit_full *full)
{
    size_t room = firth_write_capacity(full->pair.a_out) - firth_write_pending(full->pair.a_out);
    int rc = FIRTH_OK;

    if (room > 0)
        room--; /* a write of a whole block goes past the buffer, and a block may be small */
    full->buffered = room < BUFFERED_MOST ? room : BUFFERED_MOST;
    TRY(fth_kit_fit_unread(full->pair.b, &full->buffered));
    if (full->buffered > 0)
        rc = firth_with_timeout(fth_kit_paced_ms(STUFFED_MS), write_buffered, full);
    if (rc != FIRTH_ERR_TIMED_OUT)
        TRY(rc);
    EXPECT(firth_write_pending(full->pair.a_out) > 0);
    return FIRTH_OK;
}

static int expect_buffered(const kit_full *full)
{
    uint8_t *received = fth_kit_keep(BUFFERED_MOST);

    EXPECT_RESULT(firth_read_fully(full->pair.b_in, received, full->buffered), full->buffered);
    PROMISE(fth_kit_is_filled(received, full->buffered, 0));
    return FIRTH_OK;
}

static int64_t flush(kit_attempt *attempt)
{
    return firth_flush(firth_socket_output(attempt->socket));
}

/* What was buffered stays so, for the next flush. */
static int cancel_flush(firth_scope *scope, kit_when when, kit_tally *tally)
{
    kit_attempt *flushing = fth_kit_attempt(flush), *again = fth_kit_attempt(flush);
    kit_full full;

    TRY(open_full(scope, &full, flushing));
    TRY(buffer_some(&full));
    TRY(cancel_at(scope, &full, when));
    if (when == KIT_AFTER_ALL)
        TRY(expect_zeros(full.pair.b_in, full.stuffed));
    TRY(fth_kit_await(&flushing->ended));
    TRY(expect_result(when, flushing->result));
    fth_kit_count(tally, flushing->result);
    again->socket = full.pair.a;
    TRY(fth_kit_start(scope, again));
    if (when != KIT_AFTER_ALL)
        TRY(expect_zeros(full.pair.b_in, full.stuffed));
    TRY(expect_buffered(&full));
    TRY(fth_kit_await(&again->ended));
    TRY(again->result);
    firth_socket_abort(full.pair.a);
    firth_socket_abort(full.pair.b);
    return FIRTH_OK;
}

static int flush_cancelled_at_any_moment_loses_no_byte(firth_scope *scope)
{
    kit_tally tally = {0};

    for (int when = 0; when < KIT_WHENS; when++)
        TRY(cancel_flush(scope, (kit_when)when, &tally));
    return fth_kit_both(&tally);
}

/* Close is worth waiting for: the linger is its deadline, not the scope. */
static int cancel_close(firth_scope *scope, kit_when when)
{
    kit_attempt *closing = fth_kit_attempt(fth_kit_close);
    uint8_t byte;
    kit_full full;

    TRY(open_full(scope, &full, closing));
    TRY(buffer_some(&full));
    TRY(cancel_at(scope, &full, when));
    TRY(fth_kit_turn());
    /* As expect_result. */
    EXPECT(when == KIT_AFTER_SOME || !closing->ended.happened);
    TRY(expect_zeros(full.pair.b_in, full.stuffed));
    TRY(expect_buffered(&full));
    EXPECT_RESULT(firth_read(full.pair.b_in, &byte, 1), FIRTH_EOF);
    TRY(firth_socket_close(full.pair.b));
    TRY(fth_kit_await(&closing->ended));
    EXPECT_RESULT(closing->result, FIRTH_OK);
    return FIRTH_OK;
}

static int close_cancelled_at_any_moment_still_sends_everything(firth_scope *scope)
{
    for (int when = 0; when < KIT_WHENS; when++)
        TRY(cancel_close(scope, (kit_when)when));
    return FIRTH_OK;
}

const kit_case fth_kit_cancel_write_cases[] = {
    KIT_CASE(write_cancelled_at_any_moment_tells_how_far_it_came),
    KIT_CASE(flush_cancelled_at_any_moment_loses_no_byte),
    KIT_CASE(close_cancelled_at_any_moment_still_sends_everything),
    {.name = NULL},
};
