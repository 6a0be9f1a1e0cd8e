/* SPDX-License-Identifier: Apache-2.0 */
/* The peer's end of stream, and resets: after all the bytes, and for ever. */
#include "tests/conformance/peers.h"

static int expect_for_ever(firth_read_channel *in, int code)
{
    uint8_t byte;

    for (int i = 0; i < 3; i++)
        EXPECT_RESULT(firth_read(in, &byte, 1), code);
    return FIRTH_OK;
}

static kit_attempt *reading_of(firth_socket *socket)
{
    kit_attempt *reading = fth_kit_attempt(fth_kit_read);

    reading->socket = socket;
    reading->bytes = fth_kit_keep(16);
    reading->size = 16;
    return reading;
}

static int a_reader_that_waits_gets_the_end(firth_scope *scope)
{
    kit_attempt *reading;
    kit_pair pair;

    TRY(fth_kit_pair(scope, &pair));
    reading = reading_of(pair.b);
    TRY(fth_kit_start(scope, reading));
    TRY(fth_kit_settle());
    TRY(firth_socket_close(pair.a));
    TRY(fth_kit_await(&reading->ended));
    EXPECT_RESULT(reading->result, FIRTH_EOF);
    return expect_for_ever(pair.b_in, FIRTH_EOF);
}

static int a_reader_that_waits_gets_the_end_of_a_half_close(firth_scope *scope)
{
    kit_attempt *reading;
    kit_pair pair;

    TRY(fth_kit_pair(scope, &pair));
    reading = reading_of(pair.b);
    TRY(fth_kit_start(scope, reading));
    TRY(fth_kit_settle());
    TRY(firth_flush_and_close(pair.a_out));
    TRY(fth_kit_await(&reading->ended));
    EXPECT_RESULT(reading->result, FIRTH_EOF);
    return FIRTH_OK;
}

static int bytes_come_before_the_end(firth_scope *scope)
{
    size_t size = 50 * 1000;
    uint8_t *bytes = fth_kit_keep(size), *received = fth_kit_keep(size);
    kit_pair pair;

    fth_kit_fill(bytes, size, 0);
    TRY(fth_kit_pair(scope, &pair));
    TRY(fth_kit_fit_unread(pair.b, &size));
    TRY(firth_write(pair.a_out, bytes, size));
    TRY(firth_socket_close(pair.a));
    TRY(fth_kit_settle());
    EXPECT_RESULT(firth_read_fully(pair.b_in, received, size), size);
    PROMISE(fth_kit_is_filled(received, size, 0));
    return expect_for_ever(pair.b_in, FIRTH_EOF);
}

/* Byte by byte, so that some receive finds bytes and end in one report. */
static int an_end_right_behind_a_byte_is_not_missed(firth_scope *scope)
{
    for (int i = 0; i < 20; i++) {
        kit_attempt *reading;
        kit_pair pair;

        TRY(fth_kit_pair(scope, &pair));
        reading = reading_of(pair.b);
        TRY(fth_kit_start(scope, reading));
        TRY(firth_yield());
        TRY(firth_write(pair.a_out, "x", 1));
        TRY(firth_socket_close(pair.a));
        TRY(fth_kit_await(&reading->ended));
        EXPECT_RESULT(reading->result, 1);
        TRY(expect_for_ever(pair.b_in, FIRTH_EOF));
        firth_socket_abort(pair.b);
    }
    return FIRTH_OK;
}

static int writing_goes_on_after_the_peers_end(firth_scope *scope)
{
    char line[16];
    kit_pair pair;

    TRY(fth_kit_pair(scope, &pair));
    TRY(firth_flush_and_close(pair.a_out));
    TRY(expect_for_ever(pair.b_in, FIRTH_EOF));
    for (int i = 0; i < 10; i++) {
        TRY(firth_write_format(pair.b_out, "line %d\n", i));
        EXPECT_RESULT(firth_read_line(pair.a_in, line, sizeof line), 6);
        PROMISE(line[5] == '0' + i);
    }
    TRY(firth_flush_and_close(pair.b_out));
    return expect_for_ever(pair.a_in, FIRTH_EOF);
}

static int writing_after_ones_own_end_is_closed(firth_scope *scope)
{
    kit_pair pair;

    TRY(fth_kit_pair(scope, &pair));
    TRY(firth_flush_and_close(pair.a_out));
    EXPECT_RESULT(firth_write(pair.a_out, "x", 1), FIRTH_ERR_CLOSED);
    EXPECT_RESULT(firth_flush_and_close(pair.a_out), FIRTH_OK);
    return FIRTH_OK;
}

const kit_case fth_kit_end_cases[] = {
    KIT_CASE(a_reader_that_waits_gets_the_end),
    KIT_CASE(a_reader_that_waits_gets_the_end_of_a_half_close),
    KIT_CASE(bytes_come_before_the_end),
    KIT_CASE(an_end_right_behind_a_byte_is_not_missed),
    KIT_CASE(writing_goes_on_after_the_peers_end),
    KIT_CASE(writing_after_ones_own_end_is_closed),
    {.name = NULL},
};

/* ---- resets ------------------------------------------------------------------------------------------------------ */

static int a_reader_that_waits_gets_the_reset(firth_scope *scope)
{
    kit_attempt *reading;
    kit_pair pair;

    TRY(fth_kit_pair(scope, &pair));
    reading = reading_of(pair.b);
    TRY(fth_kit_start(scope, reading));
    TRY(fth_kit_settle());
    firth_socket_abort(pair.a);
    TRY(fth_kit_await(&reading->ended));
    EXPECT_RESULT(reading->result, FIRTH_ERR_RESET);
    return expect_for_ever(pair.b_in, FIRTH_ERR_RESET);
}

static int a_writer_that_waits_gets_the_reset(firth_scope *scope)
{
    kit_attempt *writing = fth_kit_attempt(fth_kit_write);
    kit_pair pair;

    TRY(fth_kit_pair(scope, &pair));
    TRY(fth_kit_stuff(pair.b, NULL));
    writing->socket = pair.b;
    writing->size = 100 * 1000;
    writing->bytes = fth_kit_keep(writing->size);
    TRY(fth_kit_start(scope, writing));
    TRY(fth_kit_settle());
    EXPECT(!writing->ended.happened);
    firth_socket_abort(pair.a);
    TRY(fth_kit_await(&writing->ended));
    EXPECT_RESULT(writing->result, FIRTH_ERR_RESET);
    return FIRTH_OK;
}

static int bytes_come_before_the_reset(firth_scope *scope)
{
    size_t size = 50 * 1000;
    uint8_t *bytes = fth_kit_keep(size), *received = fth_kit_keep(size);
    kit_pair pair;

    fth_kit_fill(bytes, size, 0);
    TRY(fth_kit_pair(scope, &pair));
    TRY(fth_kit_fit_unread(pair.b, &size));
    TRY(firth_write(pair.a_out, bytes, size));
    TRY(firth_flush(pair.a_out));
    TRY(firth_await_content(pair.b_in, 1));
    TRY(fth_kit_settle()); /* what is flushed is on its way: a reset overtakes it nowhere but on the way */
    firth_socket_abort(pair.a);
    TRY(fth_kit_settle());
    EXPECT_RESULT(firth_read_fully(pair.b_in, received, size), size);
    PROMISE(fth_kit_is_filled(received, size, 0));
    return expect_for_ever(pair.b_in, FIRTH_ERR_RESET);
}

/* The system may tell the error to the write, and the end of the stream to the read that follows. */
static int a_reset_that_a_write_found_is_no_end_for_the_reader(firth_scope *scope)
{
    kit_pair pair;
    int rc = FIRTH_OK;

    TRY(fth_kit_pair(scope, &pair));
    firth_socket_abort(pair.a);
    for (int i = 0; i < 1000 && rc >= 0; i++) {
        rc = firth_write(pair.b_out, "x", 1);
        if (rc >= 0)
            rc = firth_flush(pair.b_out);
        if (rc >= 0)
            TRY(firth_sleep(fth_kit_paced_ms(1)));
    }
    EXPECT_RESULT(rc, FIRTH_ERR_RESET);
    return expect_for_ever(pair.b_in, FIRTH_ERR_RESET);
}

/* A sender that goes on after the end of the connection is what raises SIGPIPE where that exists: the kit's main hears
 * it. The reader has taken the reset, so that the first write finds what a second would. */
static int writing_after_the_reset_is_an_error_and_no_signal(firth_scope *scope)
{
    kit_pair pair;

    TRY(fth_kit_pair(scope, &pair));
    firth_socket_abort(pair.a);
    TRY(expect_for_ever(pair.b_in, FIRTH_ERR_RESET));
    for (int i = 0; i < 3; i++) {
        int rc = firth_write(pair.b_out, "x", 1);

        EXPECT_RESULT(rc < 0 ? rc : firth_flush(pair.b_out), FIRTH_ERR_RESET);
    }
    return FIRTH_OK;
}

static int a_reset_does_not_disturb_the_neighbours(firth_scope *scope)
{
    kit_pair first, second;
    char line[16];

    TRY(fth_kit_pair(scope, &first));
    TRY(fth_kit_pair(scope, &second));
    TRY(firth_write_string(second.a_out, "before\n"));
    firth_socket_abort(first.a);
    TRY(expect_for_ever(first.b_in, FIRTH_ERR_RESET));
    TRY(firth_write_string(second.a_out, "after\n"));
    EXPECT_RESULT(firth_read_line(second.b_in, line, sizeof line), 6);
    EXPECT_RESULT(firth_read_line(second.b_in, line, sizeof line), 5);
    PROMISE(memcmp(line, "after", 5) == 0);
    return FIRTH_OK;
}

static int a_cancelled_stream_is_a_reset_for_the_peer(firth_scope *scope)
{
    uint8_t byte;
    kit_pair pair;

    TRY(fth_kit_pair(scope, &pair));
    firth_write_cancel(pair.a_out, FIRTH_ERR_USER - 1);
    EXPECT_RESULT(firth_read(pair.b_in, &byte, 1), FIRTH_ERR_RESET);
    return FIRTH_OK;
}

const kit_case fth_kit_reset_cases[] = {
    KIT_CASE(a_reader_that_waits_gets_the_reset),
    KIT_CASE(a_writer_that_waits_gets_the_reset),
    KIT_CASE(bytes_come_before_the_reset),
    KIT_CASE(a_reset_that_a_write_found_is_no_end_for_the_reader),
    KIT_CASE(writing_after_the_reset_is_an_error_and_no_signal),
    KIT_CASE(a_reset_does_not_disturb_the_neighbours),
    KIT_CASE(a_cancelled_stream_is_a_reset_for_the_peer),
    {.name = NULL},
};
