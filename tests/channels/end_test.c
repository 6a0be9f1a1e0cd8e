/* SPDX-License-Identifier: Apache-2.0 */
/* The end is one story: the buffered bytes first, then the same answer from every call for ever after. */
#include "stream.h"

#include <stdio.h>

static const int cause = FIRTH_ERR_USER - 3;

typedef int64_t read_call(firth_read_channel *in);

static int64_t call_read(firth_read_channel *in)
{
    char byte;

    return firth_read(in, &byte, 1);
}

static int64_t call_read_fully(firth_read_channel *in)
{
    char byte;

    return firth_read_fully(in, &byte, 1);
}

static int64_t call_read_line(firth_read_channel *in)
{
    char line[4];

    return firth_read_line(in, line, sizeof line);
}

static int64_t call_read_line_strict(firth_read_channel *in)
{
    char line[4];

    return firth_read_line_strict(in, line, sizeof line);
}

static int64_t call_read_until(firth_read_channel *in)
{
    char content[4];

    return firth_read_until(in, ",", 1, content, sizeof content);
}

static int64_t call_read_remaining(firth_read_channel *in)
{
    char bytes[4];

    return firth_read_remaining(in, bytes, sizeof bytes);
}

static int64_t call_peek(firth_read_channel *in)
{
    const void *seen;

    return firth_peek(in, &seen);
}

static int64_t call_await_content(firth_read_channel *in)
{
    return firth_await_content(in, 1);
}

static int64_t call_skip_if_found(firth_read_channel *in)
{
    return firth_skip_if_found(in, "x", 1);
}

static int64_t call_discard(firth_read_channel *in)
{
    return firth_discard(in, 1);
}

static int64_t call_read_integer(firth_read_channel *in)
{
    uint64_t value;

    return firth_read_integer_be(in, &value, 4);
}

static const struct {
    const char *name;
    read_call *call;
    int at_clean_end;
} reads[] = {
    {"read", call_read, FIRTH_EOF},
    {"read_fully", call_read_fully, FIRTH_EOF},
    {"read_line", call_read_line, FIRTH_EOF},
    {"read_line_strict", call_read_line_strict, FIRTH_EOF},
    {"read_until", call_read_until, FIRTH_EOF},
    {"read_remaining", call_read_remaining, 0},
    {"peek", call_peek, FIRTH_EOF},
    {"await_content", call_await_content, FIRTH_EOF},
    {"skip_if_found", call_skip_if_found, FIRTH_EOF},
    {"discard", call_discard, FIRTH_EOF},
    {"read_integer", call_read_integer, FIRTH_EOF},
};

/* Every reading call, three times over; expected 0 stands for the clean end. */
static int every_read_is(firth_read_channel *in, int expected)
{
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
            int64_t rc = reads[i].call(in);

            if (rc != (expected == 0 ? reads[i].at_clean_end : expected))
                fprintf(stderr, "%s:\n", reads[i].name);
            EXPECT_EQUAL(rc, expected == 0 ? reads[i].at_clean_end : expected);
            EXPECT_EQUAL(firth_read_available(in), 0);
        }
    return FIRTH_OK;
}

static int every_write_is(firth_write_channel *out, int expected)
{
    const firth_buffer piece = {"x", 1};
    void *room;

    for (int round = 0; round < 3; round++) {
        EXPECT_EQUAL(firth_write(out, "x", 1), expected);
        EXPECT_EQUAL(firth_write_progress(out), 0);
        EXPECT_EQUAL(firth_write_string(out, "x"), expected);
        EXPECT_EQUAL(firth_write_format(out, "%d", 1), expected);
        EXPECT_EQUAL(firth_write_vector(out, &piece, 1), expected);
        EXPECT_EQUAL(firth_write_integer_be(out, 1, 8), expected);
        EXPECT_EQUAL(firth_write_integer_le(out, 1, 1), expected);
        EXPECT_EQUAL(firth_reserve(out, 1, &room), expected);
    }
    return FIRTH_OK;
}

static int bytes_written_before_a_close_stay_readable_then_eof_for_ever(test_stream *stream)
{
    char bytes[8];

    EXPECT_EQUAL(firth_write_string(stream->out, "abc"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_OK);
    EXPECT_EQUAL(stream_settle(), FIRTH_OK);
    EXPECT_EQUAL(firth_read(stream->in, bytes, 2), 2);
    EXPECT_EQUAL(firth_read(stream->in, bytes + 2, 6), 1);
    EXPECT_BYTES(bytes, "abc", 3);
    return every_read_is(stream->in, 0);
}

static int reading_an_empty_closed_channel_is_eof_for_ever(test_stream *stream)
{
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_OK);
    return every_read_is(stream->in, 0);
}

static int writing_to_a_closed_channel_is_closed_for_ever(test_stream *stream)
{
    EXPECT_EQUAL(firth_write_string(stream->out, "abc"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_OK);
    EXPECT_EQUAL(every_write_is(stream->out, FIRTH_ERR_CLOSED), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_OK);
    EXPECT_EQUAL(firth_discard(stream->in, 10), 3);
    return every_write_is(stream->out, FIRTH_ERR_CLOSED);
}

static int cancelling_reads_discards_and_gives_the_cause_for_ever(test_stream *stream)
{
    EXPECT_EQUAL(stream_send(stream, "abc", 3), FIRTH_OK);
    EXPECT_EQUAL(firth_await_content(stream->in, 3), 3);
    firth_read_cancel(stream->in, cause);
    EXPECT_EQUAL(every_read_is(stream->in, cause), FIRTH_OK);
    firth_read_cancel(stream->in, FIRTH_ERR_RESET); /* too late to change the story */
    return every_read_is(stream->in, cause);
}

static int cancelling_writes_discards_and_gives_the_cause_for_ever(test_stream *stream)
{
    firth_write_auto_flush(stream->out, false);
    EXPECT_EQUAL(firth_write_string(stream->out, "abc"), FIRTH_OK);
    firth_write_cancel(stream->out, cause);
    EXPECT_EQUAL(firth_write_pending(stream->out), 0);
    EXPECT_EQUAL(every_write_is(stream->out, cause), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(stream->out), cause);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), cause);
    firth_write_cancel(stream->out, FIRTH_ERR_RESET);
    EXPECT_EQUAL(every_write_is(stream->out, cause), FIRTH_OK);
    return every_read_is(stream->in, stream->kind == STREAM_PIPE ? cause : FIRTH_ERR_RESET);
}

static int cancelling_writes_of_a_socket_ends_its_reading_with_the_same_cause(test_stream *stream)
{
    firth_write_cancel(stream->out, cause);
    return every_read_is(firth_socket_input(stream->near), cause);
}

static int cancelling_reads_of_a_socket_leaves_its_writing_alone(test_stream *stream)
{
    char bytes[4];

    firth_read_cancel(stream->in, cause);
    EXPECT_EQUAL(firth_write_string(firth_socket_output(stream->far), "abc"), FIRTH_OK);
    EXPECT_EQUAL(firth_flush(firth_socket_output(stream->far)), FIRTH_OK);
    EXPECT_EQUAL(firth_read_fully(firth_socket_input(stream->near), bytes, 3), 3);
    EXPECT_BYTES(bytes, "abc", 3);
    return FIRTH_OK;
}

static int a_reset_comes_after_the_bytes_that_arrived_before_it(test_stream *stream)
{
    char bytes[8];

    EXPECT_EQUAL(stream_send(stream, "abc", 3), FIRTH_OK);
    firth_socket_abort(stream->near);
    stream->near = NULL;
    EXPECT_EQUAL(stream_settle(), FIRTH_OK);
    EXPECT_EQUAL(firth_read(stream->in, bytes, sizeof bytes), 3);
    EXPECT_BYTES(bytes, "abc", 3);
    return every_read_is(stream->in, FIRTH_ERR_RESET);
}

static int64_t read_job(stream_job *job)
{
    int64_t count = firth_read(job->stream->in, job->bytes, job->size);

    job->progress = firth_read_progress(job->stream->in);
    return count;
}

static int start_reader(test_stream *stream, stream_job *job, void *bytes)
{
    *job = (stream_job){.name = "reader", .operation = read_job, .bytes = bytes, .size = 4};
    EXPECT_EQUAL(stream_start(stream, stream->scope, job), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, job));
    return FIRTH_OK;
}

static int cancelling_reads_wakes_a_suspended_reader(test_stream *stream)
{
    static stream_job job;
    static char bytes[4];

    EXPECT_EQUAL(start_reader(stream, &job, bytes), FIRTH_OK);
    firth_read_cancel(stream->in, cause);
    EXPECT(!job.done);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, cause);
    return FIRTH_OK;
}

static int a_close_wakes_a_suspended_reader_with_eof(test_stream *stream)
{
    static stream_job job;
    static char bytes[4];

    EXPECT_EQUAL(start_reader(stream, &job, bytes), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, FIRTH_EOF);
    return FIRTH_OK;
}

static int a_second_reader_is_busy_and_the_first_undisturbed(test_stream *stream)
{
    static stream_job job;
    static char bytes[4];

    EXPECT_EQUAL(start_reader(stream, &job, bytes), FIRTH_OK);
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
        EXPECT_EQUAL(reads[i].call(stream->in), FIRTH_ERR_BUSY);
    EXPECT(!job.done);
    EXPECT_EQUAL(stream_send(stream, "abc", 3), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, 3);
    EXPECT_EQUAL(job.progress, 3);
    EXPECT_BYTES(bytes, "abc", 3);
    return FIRTH_OK;
}

static int a_second_writer_is_busy_and_the_first_undisturbed(test_stream *stream)
{
    static stream_flood flood;
    static stream_drain drain;
    void *room;

    EXPECT_EQUAL(stream_flood_start(stream, &flood, UINT64_MAX, 300), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &flood.job));
    EXPECT_EQUAL(firth_write(stream->out, "x", 1), FIRTH_ERR_BUSY);
    EXPECT_EQUAL(firth_write_format(stream->out, "x"), FIRTH_ERR_BUSY);
    EXPECT_EQUAL(firth_reserve(stream->out, 1, &room), FIRTH_ERR_BUSY);
    EXPECT_EQUAL(firth_flush(stream->out), FIRTH_ERR_BUSY);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_ERR_BUSY);
    flood.stop = true;
    EXPECT_EQUAL(stream_drain_start(stream, &drain), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&flood.job.done), FIRTH_OK);
    EXPECT_EQUAL(flood.job.result, FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&drain.job.done), FIRTH_OK);
    EXPECT_EQUAL(drain.used, flood.written);
    EXPECT(!drain.wrong);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const stream_case cases[] = {
        STREAM_CASE(bytes_written_before_a_close_stay_readable_then_eof_for_ever),
        STREAM_CASE(reading_an_empty_closed_channel_is_eof_for_ever),
        STREAM_CASE(writing_to_a_closed_channel_is_closed_for_ever),
        STREAM_CASE(cancelling_reads_discards_and_gives_the_cause_for_ever),
        STREAM_CASE(cancelling_writes_discards_and_gives_the_cause_for_ever),
        STREAM_CASE(cancelling_reads_wakes_a_suspended_reader),
        STREAM_CASE(a_close_wakes_a_suspended_reader_with_eof),
        STREAM_CASE(a_second_reader_is_busy_and_the_first_undisturbed),
        STREAM_CASE(a_second_writer_is_busy_and_the_first_undisturbed),
        STREAM_TCP_CASE(cancelling_writes_of_a_socket_ends_its_reading_with_the_same_cause),
        STREAM_TCP_CASE(cancelling_reads_of_a_socket_leaves_its_writing_alone),
        STREAM_TCP_CASE(a_reset_comes_after_the_bytes_that_arrived_before_it),
    };

    return stream_main(argc, argv, "ends", cases, sizeof cases / sizeof *cases);
}
