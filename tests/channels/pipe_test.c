/* SPDX-License-Identifier: Apache-2.0 */
/* What is special about a pipe in memory. */
#include "stream.h"

static const int cause = FIRTH_ERR_USER - 9;

static int a_pipe_uses_no_descriptor(test_stream *stream)
{
    size_t before = support_descriptors_open();
    firth_pipe *pipes[8];

    for (size_t i = 0; i < 8; i++)
        EXPECT_EQUAL(firth_pipe_open(stream->selector, &pipes[i]), FIRTH_OK);
    EXPECT_EQUAL(support_descriptors_open(), before);
    for (size_t i = 0; i < 8; i++)
        firth_pipe_close(pipes[i]);
    firth_pipe_close(NULL);
    return FIRTH_OK;
}

static int the_ends_are_always_the_same(test_stream *stream)
{
    EXPECT(firth_pipe_input(stream->pipe) == stream->in);
    EXPECT(firth_pipe_output(stream->pipe) == stream->out);
    return FIRTH_OK;
}

static int64_t read_one(stream_job *job)
{
    char byte;

    return firth_read(job->stream->in, &byte, 1);
}

static int auto_flush_is_on(test_stream *stream)
{
    static stream_job job;

    job = (stream_job){.name = "reader", .operation = read_one};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &job));
    EXPECT_EQUAL(firth_write_string(stream->out, "a"), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, 1);
    return FIRTH_OK;
}

static int at_most_two_blocks_are_on_the_way_and_reading_one_byte_resumes_the_writer(test_stream *stream)
{
    static stream_flood flood;
    char byte;
    uint64_t full;

    EXPECT_EQUAL(stream_flood_start(stream, &flood, UINT64_MAX, 1), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &flood.job));
    full = flood.written;
    EXPECT(full >= stream->block_bytes && full <= 2 * stream->block_bytes);
    for (int i = 0; i < 5; i++) {
        EXPECT_EQUAL(firth_read(stream->in, &byte, 1), 1);
        EXPECT(stream_until_waiting(stream, &flood.job));
        EXPECT(flood.written > full);
        EXPECT(flood.written <= 2 * stream->block_bytes + (uint64_t)i + 1);
        full = flood.written;
    }
    firth_write_cancel(stream->out, cause);
    return stream_until(&flood.job.done);
}

static int closing_wakes_a_suspended_reader_with_closed(test_stream *stream)
{
    static stream_job job;

    job = (stream_job){.name = "reader", .operation = read_one};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &job));
    stream_close(stream);
    EXPECT(!job.done);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, FIRTH_ERR_CLOSED);
    return FIRTH_OK;
}

static int closing_wakes_a_suspended_writer_with_closed(test_stream *stream)
{
    static stream_flood flood;

    EXPECT_EQUAL(stream_flood_start(stream, &flood, UINT64_MAX, 700), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &flood.job));
    stream_close(stream);
    EXPECT_EQUAL(stream_until(&flood.job.done), FIRTH_OK);
    EXPECT_EQUAL(flood.job.result, FIRTH_ERR_CLOSED);
    return FIRTH_OK;
}

static int cancelling_reads_wakes_the_suspended_writer_with_the_cause(test_stream *stream)
{
    static stream_flood flood;

    EXPECT_EQUAL(stream_flood_start(stream, &flood, UINT64_MAX, 700), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &flood.job));
    firth_read_cancel(stream->in, cause);
    EXPECT_EQUAL(stream_until(&flood.job.done), FIRTH_OK);
    EXPECT_EQUAL(flood.job.result, cause);
    EXPECT_EQUAL(firth_write(stream->out, "x", 1), cause);
    return FIRTH_OK;
}

static int cancelling_writes_wakes_the_suspended_reader_with_the_cause(test_stream *stream)
{
    static stream_job job;

    job = (stream_job){.name = "reader", .operation = read_one};
    EXPECT_EQUAL(stream_start(stream, stream->scope, &job), FIRTH_OK);
    EXPECT(stream_until_waiting(stream, &job));
    firth_write_cancel(stream->out, cause);
    EXPECT_EQUAL(stream_until(&job.done), FIRTH_OK);
    EXPECT_EQUAL(job.result, cause);
    return FIRTH_OK;
}

static int a_pipe_dropped_with_bytes_in_it_leaks_nothing(test_stream *stream)
{
    static stream_flood flood;

    EXPECT_EQUAL(stream_flood_start(stream, &flood, stream->block_bytes - 7, 100), FIRTH_OK);
    EXPECT_EQUAL(stream_until(&flood.job.done), FIRTH_OK);
    EXPECT(firth_read_available(stream->in) > 0 || firth_write_pending(stream->out) > 0);
    stream_close(stream);
    return FIRTH_OK;
}

/* The writer had closed cleanly, and thinks better of it. */
static int cancelling_a_closed_writer_gives_the_reader_the_cause(test_stream *stream)
{
    char byte;

    EXPECT_EQUAL(stream_send(stream, "abc", 3), FIRTH_OK);
    EXPECT_EQUAL(firth_flush_and_close(stream->out), FIRTH_OK);
    firth_write_cancel(stream->out, cause);
    EXPECT_EQUAL(firth_read(stream->in, &byte, 1), cause);
    EXPECT_EQUAL(firth_write(stream->out, "x", 1), FIRTH_ERR_CLOSED);
    return FIRTH_OK;
}

int main(int argc, char **argv)
{
    static const stream_case cases[] = {
        STREAM_PIPE_CASE(a_pipe_uses_no_descriptor),
        STREAM_PIPE_CASE(the_ends_are_always_the_same),
        STREAM_PIPE_CASE(auto_flush_is_on),
        STREAM_PIPE_CASE(at_most_two_blocks_are_on_the_way_and_reading_one_byte_resumes_the_writer),
        STREAM_PIPE_CASE(closing_wakes_a_suspended_reader_with_closed),
        STREAM_PIPE_CASE(closing_wakes_a_suspended_writer_with_closed),
        STREAM_PIPE_CASE(cancelling_reads_wakes_the_suspended_writer_with_the_cause),
        STREAM_PIPE_CASE(cancelling_writes_wakes_the_suspended_reader_with_the_cause),
        STREAM_PIPE_CASE(a_pipe_dropped_with_bytes_in_it_leaks_nothing),
        STREAM_PIPE_CASE(cancelling_a_closed_writer_gives_the_reader_the_cause),
    };

    return stream_main(argc, argv, "pipes", cases, sizeof cases / sizeof *cases);
}
